/** A virtual clock: it jumps from event to event and handles one at a time. */
export class Clock {
  private readonly events: {
    readonly atMs: number;
    readonly order: number;
    readonly handle: () => void | Promise<void>;
  }[] = [];
  private order = 0;
  /** The event that is being handled. */
  private handling: Promise<void> | null = null;
  private soon: NodeJS.Immediate | null = null;
  private readonly heldCalls = new Set<Promise<void>>();

  constructor(public nowMs: number) {}

  /** Schedules an event; two at the same time are handled in the order of the calls. */
  at(atMs: number, handle: () => void | Promise<void>): void {
    this.order += 1;
    const next = { atMs: Math.max(this.nowMs, Math.round(atMs)), order: this.order, handle };
    let index = this.events.length;
    // Latest first, so that the next one is popped. Most events are due soon and go to the end.
    while (index > 0 && isBefore(this.events[index - 1], next)) index -= 1;
    this.events.splice(index, 0, next);
  }

  after(ms: number, handle: () => void | Promise<void>): void {
    this.at(this.nowMs + ms, handle);
  }

  /** Handles events until `holds` returns true; returns false if it does not before `untilMs`, or if no event is left. */
  async runUntil(holds: () => boolean, untilMs: number): Promise<boolean> {
    while (!holds()) {
      if (this.handling) await this.handling;
      else if (!this.isNextDue() && this.heldCalls.size > 0) await Promise.race(this.heldCalls);
      else if ((this.events.at(-1)?.atMs ?? Infinity) > untilMs) return false;
      else await this.handleNext();
    }
    return true;
  }

  /** Handles the events that are due now, without waiting for held calls. */
  async runDue(): Promise<void> {
    while (this.handling || this.isNextDue()) await (this.handling ?? this.handleNext());
  }

  /** The same in the next macrotask, so that signals which are sent one after the other arrive together. */
  runDueSoon(): void {
    this.soon ??= setImmediate(() => {
      this.soon = null;
      void this.runDue();
    });
  }

  /** Stops the clock until a held call ends. */
  standStillFor(call: Promise<void>): void {
    const answered: Promise<void> = call.then(() => {
      this.heldCalls.delete(answered);
      return this.runDue();
    });
    this.heldCalls.add(answered);
  }

  private isNextDue(): boolean {
    return (this.events.at(-1)?.atMs ?? Infinity) <= this.nowMs;
  }

  private async handleNext(): Promise<void> {
    const next = this.events.pop();
    if (!next) return;
    this.nowMs = next.atMs;
    this.handling = Promise.resolve(next.handle());
    try {
      await this.handling;
    } finally {
      this.handling = null;
    }
  }
}

interface EventTime {
  readonly atMs: number;
  readonly order: number;
}

function isBefore(first: EventTime | undefined, second: EventTime): boolean {
  return (
    first !== undefined && (first.atMs < second.atMs || (first.atMs === second.atMs && first.order < second.order))
  );
}

/** Random numbers from a seed (mulberry32), so that a failed case fails again. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
