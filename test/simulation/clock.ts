/** Time that passes only when nothing is left to do: what is due happens in its order, one thing after the other. */
export class Clock {
  private readonly due: {
    readonly atMs: number;
    readonly order: number;
    readonly happen: () => void | Promise<void>;
  }[] = [];
  private order = 0;
  /** The event that is being handled; there is one at a time. */
  private handling: Promise<void> | null = null;
  private readonly unanswered = new Set<Promise<void>>();

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
      if (this.handling) await this.handling;
      else if (!this.isNextDue() && this.unanswered.size > 0) await Promise.race(this.unanswered);
      else if ((this.due.at(-1)?.atMs ?? Infinity) > mostMs) return false;
      else await this.handleNext();
    }
    return true;
  }

  /** Handles all that is due at this moment, without waiting for unanswered calls. */
  async runDue(): Promise<void> {
    while (this.handling || this.isNextDue()) await (this.handling ?? this.handleNext());
  }

  /** Time does not pass until the call has its answer. */
  standStillFor(call: Promise<void>): void {
    const answered: Promise<void> = call.then(() => {
      this.unanswered.delete(answered);
      return this.runDue();
    });
    this.unanswered.add(answered);
  }

  private isNextDue(): boolean {
    return (this.due.at(-1)?.atMs ?? Infinity) <= this.nowMs;
  }

  private async handleNext(): Promise<void> {
    const next = this.due.pop();
    if (!next) return;
    this.nowMs = next.atMs;
    this.handling = Promise.resolve(next.happen());
    try {
      await this.handling;
    } finally {
      this.handling = null;
    }
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
