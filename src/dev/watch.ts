import type { Outcome, Reason, Stage } from '../domain/applicant';

/** Where an applicant stands. `documents`: how many current ones are stored; null where that could not be asked. */
export interface Sighting {
  readonly clientUserId: string;
  readonly stage: Stage | null;
  readonly outcome: Outcome | null;
  readonly reason: Reason | null;
  readonly documents: number | null;
}

/** Looks at applicants again and again, and tells every change once. */
export class Watch {
  /** How each applicant was last seen. */
  readonly seen = new Map<string, Sighting>();
  private failing = false;

  constructor(
    private readonly look: () => Promise<readonly Sighting[]>,
    private readonly tell: { changed(sighting: Sighting): void; failing(error: unknown): void },
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
    for (const now of sightings) {
      const before = this.seen.get(now.clientUserId);
      // What could not be asked is no news.
      const sighting = { ...now, documents: now.documents ?? before?.documents ?? null };
      this.seen.set(now.clientUserId, sighting);
      if (!before || !same(before, sighting)) this.tell.changed(sighting);
    }
  }
}

function same(a: Sighting, b: Sighting): boolean {
  return a.stage === b.stage && a.outcome === b.outcome && a.reason === b.reason && a.documents === b.documents;
}
