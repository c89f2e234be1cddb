import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program to run. `stdin`, where given, is written to it; otherwise it reads nothing. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The folder it runs in; ours, where none is given. */
  readonly cwd?: string;
  readonly stdin?: string;
}

/** How a process ended: by an exit status, by a signal, or never began (`failure`: the system's code, such as ENOENT). */
export interface Ending {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly failure?: string;
}

/** What a process wrote last is read for so long after its end; a grandchild that keeps the pipe open must not hold us up. */
const LAST_WORDS_MS = 500;

/**
 * One real process, whose lines are heard and which ends when it is told to. It has a session of its own: the Ctrl-C of a terminal goes to
 * everything in the foreground group, and only the supervisor may decide who drains first.
 */
export class Child {
  readonly pid: number | undefined;
  /** Resolves once, after its last line was heard; never rejects. */
  readonly ended: Promise<Ending>;
  private readonly process: ChildProcess;
  private running = true;

  constructor({ program, args, env, cwd, stdin }: Command, hear: (line: string, from: 'stdout' | 'stderr') => void) {
    const child = spawn(program, args, {
      env,
      cwd,
      detached: true,
      stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    this.process = child;
    this.pid = child.pid;
    for (const from of ['stdout', 'stderr'] as const) {
      const stream = child[from];
      if (stream) createInterface({ input: stream }).on('line', (line) => hear(line, from));
    }
    // A process that ends before it has read everything says so by its exit status.
    child.stdin?.on('error', () => {}).end(stdin);
    this.ended = this.end();
  }

  /** Asks it to end; kills it when it has not ended after `graceMs`. Resolves when it is gone: true if it ended by itself. */
  async stop(graceMs: number): Promise<boolean> {
    if (this.running) this.process.kill('SIGTERM');
    let killed = false;
    const grace = setTimeout(() => {
      killed = true;
      this.kill();
    }, graceMs);
    await this.ended;
    clearTimeout(grace);
    return !killed;
  }

  /** Ends it now, by its pid. */
  kill(): void {
    if (this.running) this.process.kill('SIGKILL');
  }

  private async end(): Promise<Ending> {
    const closed = once(this.process, 'close').catch(() => {});
    const ending = await new Promise<Ending>((resolve) => {
      this.process.once('exit', (status, signal) => resolve({ status, signal }));
      this.process.once('error', (error: NodeJS.ErrnoException) => {
        if (this.pid === undefined) resolve({ status: null, signal: null, failure: error.code ?? error.name });
      });
    });
    this.running = false;
    if (ending.failure === undefined) await Promise.race([closed, sleep(LAST_WORDS_MS)]);
    return ending;
  }
}

/** `exit status 1`, `signal SIGKILL` or `could not be started (ENOENT)`. */
export function inWords({ status, signal, failure }: Ending): string {
  if (failure !== undefined) return `could not be started (${failure})`;
  return signal === null ? `exit status ${status}` : `signal ${signal}`;
}

function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs).unref());
}
