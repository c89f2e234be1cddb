import { createHash } from 'node:crypto';

/** Reproducible random values, which keep the bytes of a report stable. */
export interface ContentRandom {
  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** `count` different elements, in the order of the pool. */
  pick<T>(pool: readonly T[], count: number): T[];
}

/** Derives each value from the SHA-256 of the seed and the number of the draw. */
export function createContentRandom(seed: string): ContentRandom {
  let draws = 0;
  const between = (low: number, high: number): number => {
    draws += 1;
    const digest = createHash('sha256').update(`${seed}/${draws}`).digest();
    return low + (digest.readUInt32BE(0) % (high - low + 1));
  };
  return {
    between,
    pick(pool, count) {
      const indexes = pool.map((_, index) => index);
      while (indexes.length > count) indexes.splice(between(0, indexes.length - 1), 1);
      return pool.filter((_, index) => indexes.includes(index));
    },
  };
}
