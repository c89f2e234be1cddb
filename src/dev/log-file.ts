import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';

/** Enough for an error message and its context. */
const TAIL_LINES = 5;

/** The output of a process in `<folder>/<name>.log` (0600). The file of the previous start becomes `<name>.previous.log`. */
export class LogFile {
  readonly path: string;
  /** The last lines. */
  readonly tail: string[] = [];
  private file: number | null;

  constructor(folder: string, name: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.path = path.join(folder, `${name}.log`);
    if (existsSync(this.path)) renameSync(this.path, path.join(folder, `${name}.previous.log`));
    this.file = openSync(this.path, 'w', 0o600);
    chmodSync(this.path, 0o600);
  }

  /** Writes synchronously, so that a crash of this process loses no line. */
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
