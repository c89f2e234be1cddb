/** What a drain needs of the process; tests pass their own. */
interface SignalledProcess {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  exit(code: number): void;
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
 * exits at once with 1.
 */
export function onShutdown(
  close: () => Promise<void>,
  options: { readonly graceMs: number; readonly process?: SignalledProcess; readonly nowMs?: () => number },
): void {
  const host = options.process ?? process;
  const drain = (): void => {
    const grace = setTimeout(() => host.exit(1), options.graceMs);
    close()
      .then(
        () => host.exit(0),
        () => host.exit(1),
      )
      .finally(() => clearTimeout(grace));
  };
  onSignals(['SIGTERM', 'SIGINT'], { first: drain, second: () => host.exit(1) }, host, options.nowMs);
}

/** For a `catch`: null once the signal is aborted, because the call failed by it; otherwise throws the error. */
export function nullIfAborted(signal: AbortSignal): (error: unknown) => null {
  return (error) => {
    if (signal.aborted) return null;
    throw error;
  };
}
