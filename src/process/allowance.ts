/** How often each of many callers may do something in a window of time. */
export interface Allowance {
  /** Counts one; null, or in how many seconds the caller may come again. */
  take(caller: string): number | null;
}

/** Callers that are remembered; beyond it the one that came first is forgotten, so that no number of addresses fills the memory. */
const MOST_CALLERS = 10_000;

/** Fixed windows: at most twice `most` can fall into any `windowMs`, which is near enough for a bound against floods. */
export function createAllowance(most: number, windowMs: number, nowMs: () => number = Date.now): Allowance {
  const windows = new Map<string, { endsMs: number; taken: number }>();
  return {
    take(caller) {
      const now = nowMs();
      let window = windows.get(caller);
      if (window === undefined || window.endsMs <= now) {
        windows.delete(caller);
        const [oldest] = windows.size >= MOST_CALLERS ? windows.keys() : [];
        if (oldest !== undefined) windows.delete(oldest);
        window = { endsMs: now + windowMs, taken: 0 };
        windows.set(caller, window);
      }
      window.taken += 1;
      return window.taken <= most ? null : Math.ceil((window.endsMs - now) / 1_000);
    },
  };
}

/** An address as one caller: of IPv6 the network of 64 bits, for a single host has all addresses of its own. */
export function callerAt(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address.replace(/^::ffff:/i, '');
  const [head = '', tail] = address.split('::');
  const [before, after] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':')));
  const zeros = tail === undefined ? 0 : 8 - (before?.length ?? 0) - (after?.length ?? 0);
  return [...(before ?? []), ...Array<string>(Math.max(0, zeros)).fill('0'), ...(after ?? [])].slice(0, 4).join(':');
}
