import type { Clock } from '../../sandbox/clock';

/** A clock that only {@link VirtualClock.advance} moves. */
export class VirtualClock implements Clock {
  private readonly pending = new Set<{ atMs: number; task: () => void }>();
  private currentMs = Date.parse('2030-03-01T09:00:00.000Z');

  nowMs(): number {
    return this.currentMs;
  }

  at(timeMs: number, task: () => void): () => void {
    const entry = { atMs: Math.max(timeMs, this.currentMs), task };
    this.pending.add(entry);
    return () => this.pending.delete(entry);
  }

  close(): void {
    this.pending.clear();
  }

  /** Advances the clock and runs the tasks that become due, in their order. */
  advance(byMs: number): void {
    const untilMs = this.currentMs + byMs;
    for (let next = this.nextDue(untilMs); next; next = this.nextDue(untilMs)) {
      this.pending.delete(next);
      this.currentMs = next.atMs;
      next.task();
    }
    this.currentMs = untilMs;
  }

  private nextDue(untilMs: number) {
    return [...this.pending].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
  }
}
