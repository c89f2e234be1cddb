import { setTimeout as pause } from 'node:timers/promises';

const CHECK_EVERY_MS = 50;

/** Waits until `look` finds something, and gives it; for what other processes do, which tell nobody. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  look: () => T | Promise<T>,
): Promise<Exclude<T, null | undefined | false>> {
  let untilMs = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) {
      return found as Exclude<T, null | undefined | false>;
    }
    const lookedAtMs = performance.now();
    if (lookedAtMs > untilMs) throw new Error(`expected ${what} within ${timeoutMs} ms`);
    await pause(CHECK_EVERY_MS);
    // A stall of this process does not count: the condition had no chance to become true.
    untilMs += Math.max(0, performance.now() - lookedAtMs - CHECK_EVERY_MS);
  }
}
