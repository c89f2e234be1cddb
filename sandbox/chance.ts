import { createHash } from 'node:crypto';

/** Chance that falls the same way for the same seed: ids, and which calls a fault hits. What is secret is drawn elsewhere. */
export class Chance {
  constructor(readonly seed: string) {}

  /** That many hex digits, 64 at most, always the same ones for the same name. */
  hex(name: string, digits: number): string {
    return this.digest(name).toString('hex').slice(0, digits);
  }

  /** True for so many of all names, from 0 (none) to 1 (all). */
  hits(name: string, rate: number): boolean {
    return this.digest(name).readUInt32BE(0) / 2 ** 32 < rate;
  }

  private digest(name: string): Buffer {
    return createHash('sha256').update(`${this.seed}\n${name}`).digest();
  }
}
