import { setTimeout as pause } from 'node:timers/promises';

const CHECK_EVERY_MS = 50;
/** Far above what any step takes: an exceeded limit means a failure, not a busy machine. */
const TIMEOUT_MS = 60_000;
/** Read before a test starts: simulations, spies and fake timers replace the clocks of their process later. */
const { hrtime } = process;

/** Waits until `check` returns a value other than null, undefined or false, and returns it. */
export async function until<T>(
  what: string,
  check: () => T | Promise<T>,
  timeoutMs = TIMEOUT_MS,
): Promise<Exclude<T, null | undefined | false>> {
  let untilMs = realNowMs() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value !== null && value !== undefined && value !== false) {
      return value as Exclude<T, null | undefined | false>;
    }
    const checkedAtMs = realNowMs();
    if (checkedAtMs > untilMs) throw new Error(`expected ${what} within ${timeoutMs} ms`);
    await pause(CHECK_EVERY_MS);
    // A stall of this process does not count.
    untilMs += Math.max(0, realNowMs() - checkedAtMs - CHECK_EVERY_MS);
  }
}

function realNowMs(): number {
  return Number(hrtime.bigint()) / 1e6;
}
