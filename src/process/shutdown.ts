/** What a drain needs of the process; tests pass their own. */
interface SignalledProcess {
  on(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  exit(code: number): void;
}

/** npm and the terminal both pass one Ctrl-C to the process; a second one by the user comes later than this. */
export const SAME_SIGNAL_MS = 500;

/**
 * Runs `close` on the first SIGTERM or SIGINT, then exits with 0, or with 1 if it fails or takes longer than `graceMs`. A second signal exits
 * at once with 1.
 */
export function onShutdown(
  close: () => Promise<void>,
  options: { readonly graceMs: number; readonly process?: SignalledProcess; readonly nowMs?: () => number },
): void {
  const nowMs = options.nowMs ?? (() => performance.now());
  const host = options.process ?? process;
  let drainingSinceMs: number | null = null;
  const drain = (): void => {
    if (drainingSinceMs !== null) {
      if (nowMs() - drainingSinceMs > SAME_SIGNAL_MS) host.exit(1);
      return;
    }
    drainingSinceMs = nowMs();
    const grace = setTimeout(() => host.exit(1), options.graceMs);
    close()
      .then(
        () => host.exit(0),
        () => host.exit(1),
      )
      .finally(() => clearTimeout(grace));
  };
  host.on('SIGTERM', drain);
  host.on('SIGINT', drain);
}
