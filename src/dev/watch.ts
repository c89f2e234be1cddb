import type { Outcome, Reason, Stage } from '../domain/outcome';
import { harmless } from './log-line';

/** Where an applicant stands. What could not be asked is null. */
export interface Sighting {
  readonly clientUserId: string;
  readonly startedAtMs: number;
  readonly stage: Stage | null;
  readonly stageSinceMs: number | null;
  /** What Human API said last, as it spells it. */
  readonly status: string | null;
  readonly waitingFor: string | null;
  readonly waitingUntilMs: number | null;
  readonly outcome: Outcome | null;
  readonly reason: Reason | null;
  /** How many current ones are stored. */
  readonly documents: number | null;
}

/** Where an applicant stands, and what happened to it last. */
export type Seen = Sighting & { readonly event: { readonly atMs: number; readonly text: string } };

/** Looks at applicants again and again, and tells every change once. */
export class Watch {
  /** How each applicant was last seen. */
  readonly seen = new Map<string, Seen>();
  private failing = false;

  constructor(
    private readonly look: () => Promise<readonly Sighting[]>,
    private readonly tell: {
      changed(seen: Seen): void;
      looked(all: readonly Seen[]): void;
      failing(error: unknown): void;
    },
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** One look. A failed one is told once and tried again: Temporal may be busy. */
  async tick(): Promise<void> {
    let sightings: readonly Sighting[];
    try {
      sightings = await this.look();
      this.failing = false;
    } catch (error) {
      if (!this.failing) this.tell.failing(error);
      this.failing = true;
      return;
    }
    for (const sighting of [...sightings].sort((a, b) => a.startedAtMs - b.startedAtMs)) this.take(sighting);
    this.tell.looked([...this.seen.values()]);
  }

  private take(sighting: Sighting): void {
    const before = this.seen.get(sighting.clientUserId);
    // What could not be asked is no news.
    const now = { ...sighting, documents: sighting.documents ?? before?.documents ?? null };
    const atMs = this.nowMs();
    const event = before ? (newsSince(before, now, atMs) ?? before.event) : firstEvent(now, atMs);
    const seen = { ...now, event };
    this.seen.set(now.clientUserId, seen);
    if (!before || !same(before, seen)) this.tell.changed(seen);
  }
}

function same(a: Sighting, b: Sighting): boolean {
  return a.stage === b.stage && a.outcome === b.outcome && a.reason === b.reason && a.documents === b.documents;
}

/** What is told of an applicant who is seen for the first time. */
function firstEvent({ stage, stageSinceMs, outcome, status }: Sighting, atMs: number): Seen['event'] {
  const text = outcome === null ? (said(status) ?? stage ?? 'started') : 'closed';
  return { atMs: stageSinceMs ?? atMs, text };
}

/** The weightiest of what has changed; null where nothing has. */
function newsSince(before: Sighting, now: Sighting, atMs: number): Seen['event'] | null {
  if (now.outcome !== null && before.outcome === null) return { atMs: now.stageSinceMs ?? atMs, text: 'closed' };
  const stored = (now.documents ?? 0) - (before.documents ?? 0);
  if (stored > 0) return { atMs, text: `${stored} document${stored === 1 ? '' : 's'} stored` };
  if (now.status !== null && now.status !== before.status) return { atMs, text: said(now.status) ?? '' };
  return now.stage === null || now.stage === before.stage ? null : { atMs: now.stageSinceMs ?? atMs, text: now.stage };
}

/** A status is upstream's text. */
function said(status: string | null): string | null {
  return status === null ? null : `Human API: ${harmless(status).slice(0, 20)}`;
}
