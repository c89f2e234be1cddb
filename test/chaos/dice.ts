/**
 * The luck of one run: the same seed draws the same numbers. `CHAOS_SEED` repeats a run; without one every `npm test` draws alike, because a landing
 * must not hang on luck, and `npm run test:chaos` draws anew.
 */
export class Dice {
  constructor(private state: number) {}

  /** 0 to below `limit`, whole. mulberry32: small, and good enough to choose moments. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  /** A share of 0 to 1, as often true. */
  chance(share: number): boolean {
    return this.below(1_000_000) < share * 1_000_000;
  }
}

const FIXED_SEED = 20_261_122;

/** Seed and size of this run. `rounds` multiplies what is killed; 1 in CI. */
export function chaosFromEnvironment(): { readonly seed: number; readonly rounds: number } {
  const seed = Number(process.env['CHAOS_SEED'] ?? FIXED_SEED);
  const rounds = Number(process.env['CHAOS_ROUNDS'] ?? 1);
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(rounds) || rounds < 1) {
    throw new RangeError('expected CHAOS_SEED and CHAOS_ROUNDS to be whole numbers, CHAOS_ROUNDS above 0');
  }
  return { seed, rounds };
}
