/** The longest wait: a wrong clock in an HTTP date must not block calls for days. */
const MAX_WAIT_MS = 3_600_000;

/** `Retry-After` (seconds or an HTTP date) in ms, at most an hour; null if it is absent, unreadable or in the past. */
export function parseRetryAfterMs(header: string | null, nowMs: number): number | null {
  const text = header?.trim() ?? '';
  const waitMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return waitMs > 0 ? Math.min(Math.ceil(waitMs), MAX_WAIT_MS) : null;
}
