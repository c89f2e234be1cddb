/** Time that passes only when nothing is left to do: what is due happens in its order, one thing after the other. */
export class Clock {
  private readonly due: {
    readonly atMs: number;
    readonly order: number;
    readonly happen: () => void | Promise<void>;
  }[] = [];
  private order = 0;

  constructor(public nowMs: number) {}

  /** Something that happens then; of two at the same time, the one that was said first. */
  at(atMs: number, happen: () => void | Promise<void>): void {
    this.order += 1;
    const next = { atMs: Math.max(this.nowMs, Math.round(atMs)), order: this.order, happen };
    let index = this.due.length;
    // Latest first, so that the next one is popped: most of what is said is due soon, and goes to the end.
    while (index > 0 && isBefore(this.due[index - 1], next)) index -= 1;
    this.due.splice(index, 0, next);
  }

  after(ms: number, happen: () => void | Promise<void>): void {
    this.at(this.nowMs + ms, happen);
  }

  /** Lets time pass until `holds`, or until it would be later than `mostMs`: false then, or when nothing is left to happen. */
  async runUntil(holds: () => boolean, mostMs: number): Promise<boolean> {
    while (!holds()) {
      const next = this.due.at(-1);
      if (!next || next.atMs > mostMs) return false;
      this.due.pop();
      this.nowMs = next.atMs;
      await next.happen();
    }
    return true;
  }
}

interface Due {
  readonly atMs: number;
  readonly order: number;
}

function isBefore(one: Due | undefined, other: Due): boolean {
  return one !== undefined && (one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order));
}

/** Chance that comes out the same each time (mulberry32), so that a case that failed fails again. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
