import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identifyProcess, isRunning, type ProcessIdentity } from '../process/process-identity';

/** Another `npm start` uses this folder: two Temporal servers would destroy its database. */
class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
  readonly kind = 'already-running';
}

const STOP_WITHIN_MS = 10_000;
const POLL_EVERY_MS = 50;

/** The processes of the `npm start` that uses a data folder, in `npm-start.json`; also the lock of the folder. */
export class RunRecord {
  private constructor(private readonly file: string) {}

  /** Locks the folder. Stops the processes that a killed start left running and reports each. @throws {AlreadyRunning} */
  static async acquire(folder: string, onMessage: (text: string) => void): Promise<RunRecord> {
    mkdirSync(folder, { recursive: true });
    // The database in it contains personal data.
    chmodSync(folder, 0o700);
    const record = new RunRecord(path.join(folder, 'npm-start.json'));
    const [owner, ...children] = record.read();
    if (owner && isRunning(owner)) {
      throw new AlreadyRunning(
        `npm start already runs in this folder as process ${owner.pid}: stop it first, or use another folder.`,
      );
    }
    // As in a drain: the last started first.
    for (const child of children.toReversed()) {
      if (!isRunning(child)) continue; // perhaps it has ended with the one before
      onMessage(`stopping ${child.name} (process ${child.pid}), which a killed npm start left running`);
      await stop(child);
    }
    record.removeStale();
    record.create();
    return record;
  }

  /** Records the running processes, so that the next start can stop them if this one is killed. */
  recordPids(pids: Readonly<Record<string, number>>): void {
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
      return []; // truncated when the machine crashed, which ended all processes
    }
  }

  /** Removes the record of a killed start. The guard keeps a second start from removing the new record of the first one. */
  private removeStale(): void {
    if (!existsSync(this.file)) return;
    const guard = `${this.file}.dead`;
    linkNew(this.file, guard, `another npm start is starting in this folder. If not, delete ${guard} and start again.`);
    const [owner] = this.read(guard);
    if (!owner || !isRunning(owner)) rmSync(this.file);
    rmSync(guard);
  }

  private create(): void {
    const draft = `${this.file}.${process.pid}`;
    this.write(draft, [identifyProcess('npm start', process.pid)]);
    try {
      linkNew(draft, this.file, 'another npm start has just started in this folder.');
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

/** A hard link appears with its whole content, and only one of several concurrent starts can create it. @throws {AlreadyRunning} */
function linkNew(from: string, to: string, message: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? new AlreadyRunning(message) : error;
  }
}

/** Sends SIGTERM, then SIGKILL; resolves after the exit. */
async function stop(child: ProcessIdentity): Promise<void> {
  signal(child, 'SIGTERM');
  const untilMs = Date.now() + STOP_WITHIN_MS;
  while (isRunning(child) && Date.now() < untilMs) await sleep(POLL_EVERY_MS);
  if (isRunning(child)) signal(child, 'SIGKILL');
  while (isRunning(child)) await sleep(POLL_EVERY_MS);
}

function signal({ pid }: ProcessIdentity, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has just ended
  }
}
