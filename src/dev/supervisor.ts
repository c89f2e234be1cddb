import { setTimeout as sleep } from 'node:timers/promises';
import { ChildProcessHandle, describeExit, type ProcessExit, type ProgramCall } from './child';
import { LogFile } from './log-file';
import { isReadyLine } from './log-line';

/** A process that runs until `npm start` ends. */
export interface Service extends ProgramCall {
  readonly name: string;
  /** Called until it resolves; null: the process prints a ready line. */
  readonly checkReady: (() => Promise<void>) | null;
  readonly readyWithinMs: number;
  /** The limit of its drain; then it is killed. */
  readonly graceMs: number;
  /** Its lines go only to its log. The terminal shows the last ones if it fails. */
  readonly quiet: boolean;
  /** After an unexpected exit: restart it, or end `npm start`. */
  readonly onExit: 'restart' | 'end';
}

export interface SupervisorListener {
  /** A line of a process. */
  line(name: string, line: string): void;
  message(text: string): void;
  /** The pids of all services, after each start. */
  runningPids(pids: Readonly<Record<string, number>>): void;
}

/** A start that failed, or a service whose exit ends `npm start`. The message is for the user. */
export class StartFailed extends Error {
  override readonly name = 'StartFailed';
  readonly kind = 'start-failed';
}

/** The delay doubles with each quick exit, because a permanent fault must not flood the terminal. */
const FIRST_RESTART_MS = 1_000;
const MAX_RESTART_MS = 30_000;
/** After this time an exit does not count as quick. */
const STABLE_AFTER_MS = 60_000;
const POLL_EVERY_MS = 100;
const RUN_TO_END_GRACE_MS = 3_000;

interface RunningService {
  readonly service: Service;
  readonly log: LogFile;
  child: ChildProcessHandle;
  /** Consecutive quick exits. */
  failures: number;
  restart: NodeJS.Timeout | null;
}

/** Starts services, restarts them, and stops them in reverse order. */
export class Supervisor {
  /** Rejects with {@link StartFailed} when a service exits whose exit ends `npm start`; never resolves. */
  readonly failure: Promise<never>;
  private rejectFailure: (error: StartFailed) => void = () => {};
  private readonly services: RunningService[] = [];
  private readonly oneTimeRuns = new Set<ChildProcessHandle>();
  private isStopping = false;

  constructor(
    private readonly logFolder: string,
    private readonly listener: SupervisorListener,
  ) {
    this.failure = new Promise((_, reject) => {
      this.rejectFailure = reject;
    });
    this.failure.catch(() => {});
  }

  /** Resolves when the service is ready. @throws {StartFailed} */
  async start(service: Service): Promise<void> {
    this.throwIfStopping(service.name);
    const { name, readyWithinMs } = service;
    const log = new LogFile(this.logFolder, name);
    const { child, ready } = this.spawn(service, log);
    const running: RunningService = { service, log, child, failures: 0, restart: null };
    this.services.push(running);
    this.reportPids();
    const fault = await Promise.race([
      service.checkReady === null ? ready : pollUntilReady(service.checkReady, child.exited),
      child.exited.then((exit) => `it ended: ${describeExit(exit)}`),
      sleep(readyWithinMs, `it was not ready after ${readyWithinMs / 1000} s`, { ref: false }),
    ]);
    if (typeof fault === 'string') {
      if (service.quiet && !this.isStopping) this.printLogTail(name, log);
      throw new StartFailed(`${name} did not start: ${fault}. Its log: ${log.path}`);
    }
    this.watch(running);
  }

  /** Runs a program to its end; {@link stop} ends it early. `output`: its lines on stdout. `quiet`: see {@link Service}. */
  async runToEnd(
    name: string,
    command: ProgramCall,
    { quiet = false }: { readonly quiet?: boolean } = {},
  ): Promise<{ readonly exit: ProcessExit; readonly output: readonly string[]; readonly log: string }> {
    this.throwIfStopping(name);
    const log = new LogFile(this.logFolder, name);
    const output: string[] = [];
    const child = new ChildProcessHandle(command, (line, from) => {
      log.add(line);
      if (from === 'stdout') output.push(line);
      else if (!quiet) this.listener.line(name, line);
    });
    this.oneTimeRuns.add(child);
    const exit = await child.exited;
    this.oneTimeRuns.delete(child);
    log.close();
    if (quiet && exit.status !== 0 && !this.isStopping) this.printLogTail(name, log);
    return { exit, output, log: log.path };
  }

  /** Drains the services one after the other, the last started first, so that each still reaches what it depends on. */
  async stop(): Promise<void> {
    this.isStopping = true;
    for (const { restart } of this.services) if (restart) clearTimeout(restart);
    for (const child of this.oneTimeRuns) await child.stop(RUN_TO_END_GRACE_MS);
    for (const { service, child, log } of [...this.services].reverse()) {
      const { name, graceMs } = service;
      if (!(await child.stop(graceMs)))
        this.listener.message(`${name} did not end within ${graceMs / 1000} s of SIGTERM and was killed`);
      log.close();
    }
  }

  /** Kills all processes without a drain, for the exit of this process. */
  kill(): void {
    this.isStopping = true;
    for (const { child, restart } of this.services) {
      if (restart) clearTimeout(restart);
      child.kill();
    }
    for (const child of this.oneTimeRuns) child.kill();
  }

  private throwIfStopping(name: string): void {
    if (this.isStopping) throw new StartFailed(`${name} was not started: all services are stopping`);
  }

  private spawn(service: Service, log: LogFile): { child: ChildProcessHandle; ready: Promise<void> } {
    let onReady = () => {};
    const ready = new Promise<void>((resolve) => {
      onReady = resolve;
    });
    const child = new ChildProcessHandle(service, (line) => {
      log.add(line);
      if (isReadyLine(line)) onReady();
      if (!service.quiet) this.listener.line(service.name, line);
    });
    return { child, ready };
  }

  private watch(running: RunningService): void {
    const { service, log } = running;
    const startedAtMs = Date.now();
    running.child.exited.then((exit) => {
      if (this.isStopping) return;
      const message = `${service.name} ended unexpectedly: ${describeExit(exit)}. Its log: ${log.path}`;
      if (service.onExit === 'end') {
        if (service.quiet) this.printLogTail(service.name, log);
        this.rejectFailure(new StartFailed(message));
        return;
      }
      running.failures = Date.now() - startedAtMs > STABLE_AFTER_MS ? 0 : running.failures + 1;
      const delayMs = Math.min(FIRST_RESTART_MS * 2 ** Math.max(0, running.failures - 1), MAX_RESTART_MS);
      this.listener.message(`${message}. It restarts in ${delayMs / 1000} s.`);
      running.restart = setTimeout(() => {
        running.child = this.spawn(service, log).child;
        this.reportPids();
        this.watch(running);
      }, delayMs);
    });
  }

  private printLogTail(name: string, log: LogFile): void {
    for (const line of log.tail) this.listener.line(name, line);
  }

  private reportPids(): void {
    const pids = this.services.flatMap(({ service, child: { pid } }) =>
      pid === undefined ? [] : [[service.name, pid]],
    );
    this.listener.runningPids(Object.fromEntries(pids));
  }
}

/** Polls until the service is ready or has exited. */
async function pollUntilReady(checkReady: () => Promise<void>, exited: Promise<unknown>): Promise<void> {
  let hasExited = false;
  exited.then(() => {
    hasExited = true;
  });
  while (!hasExited) {
    try {
      return await checkReady();
    } catch {
      await sleep(POLL_EVERY_MS);
    }
  }
}
