/** What a drain needs of the process; tests pass their own. */
interface SignalledProcess {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  exit(code: number): void;
  readonly pid: number;
  kill(pid: number, signal: NodeJS.Signals): void;
  getActiveResourcesInfo(): readonly string[];
}

/** npm and the terminal both pass one Ctrl-C to the process; a second one by the user comes later than this. */
const SAME_SIGNAL_MS = 500;

/** Calls `first` on the first of these signals and `second` on each later one. */
export function onSignals(
  signals: readonly NodeJS.Signals[],
  { first, second }: { readonly first: () => void; readonly second: () => void },
  host: Pick<SignalledProcess, 'on'> = process,
  nowMs: () => number = () => performance.now(),
): void {
  let firstAtMs: number | null = null;
  const onSignal = (): void => {
    if (firstAtMs === null) {
      firstAtMs = nowMs();
      first();
    } else if (nowMs() - firstAtMs > SAME_SIGNAL_MS) second();
  };
  for (const signal of signals) host.on(signal, onSignal);
}

/**
 * Drains once on the first SIGTERM or SIGINT: `close` runs, then exit status 0; 1 if it fails or has not ended after `graceMs`. A second signal
 * exits at once with 1. The process kills itself if a call of the file system does not end.
 */
export function onShutdown(
  close: () => Promise<void>,
  options: { readonly graceMs: number; readonly process?: SignalledProcess; readonly nowMs?: () => number },
): void {
  const { process: host = process, nowMs } = options;
  const drain = (): void => {
    const grace = setTimeout(() => exitProcess(1, host, nowMs), options.graceMs);
    close()
      .then(
        () => exitProcess(0, host, nowMs),
        () => exitProcess(1, host, nowMs),
      )
      .finally(() => clearTimeout(grace));
  };
  onSignals(['SIGTERM', 'SIGINT'], { first: drain, second: () => exitProcess(1, host, nowMs) }, host, nowMs);
}

/** The time that calls of the file system have to end. */
const FILES_MS = 1_000;
const CHECK_FILES_EVERY_MS = 50;

/** `exit` would wait for running calls of the file system, and those of a network file system that is away never end. */
function exitProcess(code: number, host: SignalledProcess, nowMs = () => performance.now()): void {
  const untilMs = nowMs() + FILES_MS;
  const end = (): void => {
    if (!host.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'))) host.exit(code);
    else if (nowMs() < untilMs) setTimeout(end, CHECK_FILES_EVERY_MS);
    else host.kill(host.pid, 'SIGKILL');
  };
  end();
}

/** For a `catch`: null once the signal is aborted, because the call failed by it; otherwise throws the error. */
export function nullIfAborted(signal: AbortSignal): (error: unknown) => null {
  return (error) => {
    if (signal.aborted) return null;
    throw error;
  };
}
