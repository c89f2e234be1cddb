import { createHash } from 'node:crypto';

/** Reproducible values for ids and fault rates. Never use it for secrets. */
export class SeededRandom {
  constructor(readonly seed: string) {}

  /** Up to 64 hex digits, always the same for the same name. */
  hex(name: string, digits: number): string {
    return this.digest(name).toString('hex').slice(0, digits);
  }

  /** True for this share of all names, from 0 (none) to 1 (all). */
  isSelected(name: string, rate: number): boolean {
    return this.digest(name).readUInt32BE(0) / 2 ** 32 < rate;
  }

  private digest(name: string): Buffer {
    return createHash('sha256').update(`${this.seed}\n${name}`).digest();
  }
}
