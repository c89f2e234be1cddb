import { LRUCache } from 'lru-cache';

/** A limit on how often each caller may do something in a window of time. */
export interface CallerLimit {
  /** Counts one call; returns null, or the seconds after which the caller may try again. */
  take(caller: string): number | null;
}

/** Callers beyond it are forgotten, so that no number of addresses fills the memory. */
const MAX_CALLERS = 10_000;

/** Fixed windows: any period of `windowMs` holds at most twice `max` calls, which is enough to stop floods. */
export function createCallerLimit(max: number, windowMs: number, nowMs: () => number = Date.now): CallerLimit {
  const windows = new LRUCache<string, { readonly endsMs: number; calls: number }>({ max: MAX_CALLERS });
  return {
    take(caller) {
      const now = nowMs();
      let window = windows.get(caller);
      if (window === undefined || window.endsMs <= now) {
        window = { endsMs: now + windowMs, calls: 0 };
        windows.set(caller, window);
      }
      window.calls += 1;
      return window.calls <= max ? null : Math.ceil((window.endsMs - now) / 1_000);
    },
  };
}
