import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';

/** Enough for the message of a fault and what led to it. */
const TAIL_LINES = 5;

/** What a process printed, unchanged, in `<folder>/<name>.log`, readable by its owner only; the file of the start before is kept as `<name>.previous.log`. */
export class LogFile {
  readonly path: string;
  /** The last lines, for whoever has to say why a process ended. */
  readonly tail: string[] = [];
  private file: number | null;

  constructor(folder: string, name: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.path = path.join(folder, `${name}.log`);
    if (existsSync(this.path)) renameSync(this.path, path.join(folder, `${name}.previous.log`));
    this.file = openSync(this.path, 'w', 0o600);
    chmodSync(this.path, 0o600);
  }

  /** Written at once: after a crash of ours the last lines are the ones that matter. */
  add(line: string): void {
    if (this.file === null) return;
    writeSync(this.file, `${line}\n`);
    this.tail.push(line);
    if (this.tail.length > TAIL_LINES) this.tail.shift();
  }

  close(): void {
    if (this.file !== null) closeSync(this.file);
    this.file = null;
  }
}
