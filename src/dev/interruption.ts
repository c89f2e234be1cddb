import { SAME_SIGNAL_MS } from '../process/shutdown';

/** What of a process is needed to be interrupted; a test hands in its own. */
export interface Interruptible {
  on(event: NodeJS.Signals, listener: () => void): unknown;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Resolves at the first signal that asks us to end; `insist` runs at a second one, for whoever signals twice does not want to wait. */
export function interruption(host: Interruptible, insist: () => void, nowMs = () => performance.now()): Promise<void> {
  return new Promise((resolve) => {
    let firstMs: number | null = null;
    for (const signal of SIGNALS) {
      host.on(signal, () => {
        if (firstMs === null) {
          firstMs = nowMs();
          resolve();
        } else if (nowMs() - firstMs > SAME_SIGNAL_MS) {
          insist();
        }
      });
    }
  });
}
