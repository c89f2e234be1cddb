/** The part of the process that a drain needs; a test hands in its own. */
interface SignalledProcess {
  on(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  exit(code: number): void;
}

/**
 * Drains once on the first SIGTERM or SIGINT: `close` runs, then exit status 0; 1 if it fails or has not ended after `graceMs`, for then
 * work was cut off. A second signal exits at once with 1: whoever signals twice does not want to wait.
 */
export function onShutdown(
  close: () => Promise<void>,
  options: { readonly graceMs: number; readonly process?: SignalledProcess },
): void {
  const host = options.process ?? process;
  let draining = false;
  const drain = (): void => {
    if (draining) {
      host.exit(1);
      return;
    }
    draining = true;
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
