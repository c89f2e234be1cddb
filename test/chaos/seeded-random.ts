/** Pseudo-random numbers: the same seed gives the same numbers. */
export class SeededRandom {
  constructor(private state: number) {}

  /** Returns an integer from 0 to `limit` - 1 (mulberry32). */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  /** Returns true with this probability, from 0 to 1. */
  happens(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  shuffle<T>(items: readonly T[]): T[] {
    const keyed = items.map((item) => ({ item, key: this.below(1_000_000) }));
    return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
  }
}

const FIXED_SEED = 20_261_122;

/**
 * Seed and size of a run. Without `CHAOS_SEED` each `npm test` uses the same seed, so that CI repeats the same run; `npm run test:chaos` sets
 * a new one. `CHAOS_ROUNDS` multiplies what is killed; 1 in CI.
 */
export function chaosFromEnvironment(): { readonly seed: number; readonly rounds: number } {
  const seed = Number(process.env['CHAOS_SEED'] ?? FIXED_SEED);
  const rounds = Number(process.env['CHAOS_ROUNDS'] ?? 1);
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(rounds) || rounds < 1) {
    throw new RangeError('expected CHAOS_SEED and CHAOS_ROUNDS to be whole numbers, CHAOS_ROUNDS above 0');
  }
  return { seed, rounds };
}
