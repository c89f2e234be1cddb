/** The part of the process that a drain needs; a test hands in its own. */
interface SignalledProcess {
  on(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  exit(code: number): void;
}

/** npm and the terminal both pass one Ctrl-C on; a second one by hand comes later than this. */
export const SAME_KEYSTROKE_MS = 500;

/**
 * Drains once on the first SIGTERM or SIGINT: `close` runs, then exit status 0; 1 if it fails or has not ended after `graceMs`, for then
 * work was cut off. A second signal exits at once with 1: whoever signals twice does not want to wait.
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
      if (nowMs() - drainingSinceMs > SAME_KEYSTROKE_MS) host.exit(1);
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
