import { LRUCache } from 'lru-cache';

/** A map that forgets an entry `ttlMs` after it was set; beyond `max` entries the least recently used one. */
export function createExpiringMap<Value extends NonNullable<unknown>>(options: {
  readonly max: number;
  readonly ttlMs: number;
  readonly nowMs: () => number;
}): LRUCache<string, Value> {
  const { max, ttlMs, nowMs } = options;
  // The library keeps an entry whose age is exactly its ttl, and 0 would mean forever.
  return new LRUCache({ max, ttl: Math.max(1, ttlMs - 1), ttlResolution: 0, perf: { now: nowMs } });
}
