import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program to run. */
export interface ProgramCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Missing: the folder of this process. */
  readonly cwd?: string;
  /** The whole input. Missing: none. */
  readonly stdin?: string;
}

/** How a process ended: by status or signal. `failure`: it did not start; the system's code, such as ENOENT. */
export interface ProcessExit {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly failure?: string;
}

/** How long the output is read after the exit. A grandchild may keep the pipe open. */
const OUTPUT_GRACE_MS = 500;

/**
 * A running process. It is in its own session, because Ctrl-C signals the whole foreground group and the supervisor must decide the order in
 * which processes drain.
 */
export class ChildProcessHandle {
  readonly pid: number | undefined;
  /** Resolves after the last line of output; never rejects. */
  readonly exited: Promise<ProcessExit>;
  private readonly process: ChildProcess;
  private isRunning = true;

  constructor(
    { program, args, env, cwd, stdin }: ProgramCall,
    onLine: (line: string, from: 'stdout' | 'stderr') => void,
  ) {
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
      if (stream) createInterface({ input: stream }).on('line', (line) => onLine(line, from));
    }
    // A process that ends before it has read all its input reports that by its exit status.
    child.stdin?.on('error', () => {}).end(stdin);
    this.exited = this.waitForExit();
  }

  /** Sends SIGTERM, and SIGKILL after `graceMs`. Resolves after the exit: true without SIGKILL. */
  async stop(graceMs: number): Promise<boolean> {
    if (this.isRunning) this.process.kill('SIGTERM');
    let isKilled = false;
    const grace = setTimeout(() => {
      isKilled = true;
      this.kill();
    }, graceMs);
    await this.exited;
    clearTimeout(grace);
    return !isKilled;
  }

  kill(): void {
    if (this.isRunning) this.process.kill('SIGKILL');
  }

  private async waitForExit(): Promise<ProcessExit> {
    const closed = once(this.process, 'close').catch(() => {});
    const exit = await new Promise<ProcessExit>((resolve) => {
      this.process.once('exit', (status, signal) => resolve({ status, signal }));
      this.process.once('error', (error: NodeJS.ErrnoException) => {
        if (this.pid === undefined) resolve({ status: null, signal: null, failure: error.code ?? error.name });
      });
    });
    this.isRunning = false;
    if (exit.failure === undefined) await Promise.race([closed, sleep(OUTPUT_GRACE_MS, undefined, { ref: false })]);
    return exit;
  }
}

/** `exit status 1`, `signal SIGKILL` or `could not be started (ENOENT)`. */
export function describeExit({ status, signal, failure }: ProcessExit): string {
  if (failure !== undefined) return `could not be started (${failure})`;
  return signal === null ? `exit status ${status}` : `signal ${signal}`;
}
