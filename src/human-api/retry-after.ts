import { Recent } from '../process/recent';

/** No upstream is obeyed for longer: a wrong clock in an HTTP date must not silence a process for days. */
const MAX_WAIT_MS = 3_600_000;
/** Paths remembered at once; more than a process asks within an hour at the allowed rate is not worth its memory. */
const MAX_HOLDS = 10_000;

/** `Retry-After` (seconds or an HTTP date) in milliseconds, at most an hour; null where it is absent, unreadable or says "now". */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  const text = header?.trim() ?? '';
  const waitMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return waitMs > 0 ? Math.min(Math.ceil(waitMs), MAX_WAIT_MS) : null;
}

/** The paths that upstream told us to leave alone for a while. */
export class RetryAfterHolds {
  readonly #untilMs = new Recent<number>(MAX_HOLDS);

  /** How long the path must still be left alone; null when it may be asked. */
  remainingMs(key: string, nowMs: number): number | null {
    const untilMs = this.#untilMs.get(key) ?? 0;
    return untilMs > nowMs ? untilMs - nowMs : null;
  }

  hold(key: string, untilMs: number): void {
    this.#untilMs.set(key, untilMs);
  }
}
