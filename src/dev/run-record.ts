import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identifyProcess, isRunning, type ProcessIdentity } from '../process/process-identity';

/** Another start uses this folder: two Temporal servers on one database file would destroy it. */
class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
  readonly kind = 'already-running';
}

const LOOK_EVERY_MS = 50;

/**
 * Who runs in a data folder. One start holds it at a time; what a killed one left running is ended by the next, for nobody else would.
 */
export class RunRecord {
  private constructor(private readonly file: string) {}

  /** Takes the folder, ending what a killed start left behind; `tell` hears of each. @throws {AlreadyRunning} */
  static async take(folder: string, tell: (text: string) => void): Promise<RunRecord> {
    mkdirSync(folder, { recursive: true });
    // Whoever made it: the database in it holds personal data.
    chmodSync(folder, 0o700);
    const record = new RunRecord(path.join(folder, 'npm-start.json'));
    const found = existsSync(record.file);
    const [holder, ...children] = record.read();
    if (holder && isRunning(holder)) {
      throw new AlreadyRunning(
        `npm start already runs here, as process ${holder.pid}: end that one first, or start in another folder.`,
      );
    }
    for (const child of children.filter(isRunning)) {
      tell(`${child.name} (process ${child.pid}) was left over by a start that was killed; ending it`);
      await end(child, 10_000);
    }
    if (found) record.buryDead();
    record.create();
    return record;
  }

  /** Notes who runs now, so that the next start can end them should this one be killed. */
  note(pids: Readonly<Record<string, number>>): void {
    const identities = Object.entries(pids).map(([name, pid]) => identifyProcess(name, pid));
    this.write(this.file, [identifyProcess('npm start', process.pid), ...identities]);
  }

  release(): void {
    rmSync(this.file, { force: true });
  }

  private read(file = this.file): ProcessIdentity[] {
    if (!existsSync(file)) return [];
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity[];
    } catch {
      return []; // cut off by a crash of the machine, which ended everybody
    }
  }

  /** Removes a dead start's record. Of two that found the same one, the second must not remove the first one's new record. */
  private buryDead(): void {
    const grave = `${this.file}.dead`;
    try {
      linkSync(this.file, grave);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new AlreadyRunning(`another npm start has just begun here; if none has, delete ${grave} and start again.`);
    }
    const [holder] = this.read(grave);
    const dead = !holder || !isRunning(holder);
    if (dead) rmSync(this.file);
    rmSync(grave);
  }

  /** Of two that begin at once one gets it: a hard link appears with its content or not at all. */
  private create(): void {
    const draft = `${this.file}.${process.pid}`;
    this.write(draft, [identifyProcess('npm start', process.pid)]);
    try {
      linkSync(draft, this.file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new AlreadyRunning('another npm start has just begun here.');
    } finally {
      rmSync(draft, { force: true });
    }
  }

  private write(file: string, identities: readonly ProcessIdentity[]): void {
    const draft = `${file}.draft`;
    writeFileSync(draft, `${JSON.stringify(identities)}\n`, { mode: 0o600 });
    renameSync(draft, file);
  }
}

async function end(left: ProcessIdentity, graceMs: number): Promise<void> {
  process.kill(left.pid, 'SIGTERM');
  const untilMs = Date.now() + graceMs;
  while (isRunning(left) && Date.now() < untilMs) await sleep(LOOK_EVERY_MS);
  if (isRunning(left)) process.kill(left.pid, 'SIGKILL');
  while (isRunning(left)) await sleep(LOOK_EVERY_MS);
}
