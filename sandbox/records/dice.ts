import { createHash } from 'node:crypto';

/** Chance that always falls the same way for the same seed: what makes a report's bytes stable. */
export interface Dice {
  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** `count` different elements, in the order of the pool. */
  pick<T>(pool: readonly T[], count: number): T[];
}

/** Dice for a seed: every throw is cut from the SHA-256 of the seed and the number of the throw. */
export function diceFor(seed: string): Dice {
  let thrown = 0;
  const between = (low: number, high: number): number => {
    thrown += 1;
    const digest = createHash('sha256').update(`${seed}/${thrown}`).digest();
    return low + (digest.readUInt32BE(0) % (high - low + 1));
  };
  return {
    between,
    pick(pool, count) {
      const left = pool.map((_, index) => index);
      while (left.length > count) left.splice(between(0, left.length - 1), 1);
      return pool.filter((_, index) => left.includes(index));
    },
  };
}
