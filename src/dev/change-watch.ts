import type { ApplicantSnapshot } from './snapshots';

export interface ChangeListener {
  onChange(snapshot: ApplicantSnapshot): void;
  /** All applicants after each successful read, in the order of their starts. */
  onRead(snapshots: readonly ApplicantSnapshot[]): void;
  /** The first of consecutive failures. */
  onFailure(error: unknown): void;
}

/** Compares successive snapshots and reports each change once. */
export class ChangeWatch {
  /** The last snapshot of each applicant. */
  readonly snapshots = new Map<string, ApplicantSnapshot>();
  private isFailing = false;

  constructor(
    private readonly readSnapshots: () => Promise<readonly ApplicantSnapshot[]>,
    private readonly listener: ChangeListener,
  ) {}

  async tick(): Promise<void> {
    let snapshots: readonly ApplicantSnapshot[];
    try {
      snapshots = await this.readSnapshots();
    } catch (error) {
      if (!this.isFailing) this.listener.onFailure(error);
      this.isFailing = true;
      return;
    }
    this.isFailing = false;
    for (const snapshot of [...snapshots].sort((a, b) => a.startedAtMs - b.startedAtMs)) this.update(snapshot);
    this.listener.onRead([...this.snapshots.values()]);
  }

  private update(snapshot: ApplicantSnapshot): void {
    const before = this.snapshots.get(snapshot.clientUserId);
    // An applicant may store documents until it closes, so the number of an earlier stage is not that of its end.
    const isSameEnd = snapshot.outcome === (before?.outcome ?? null);
    const now = { ...snapshot, documents: snapshot.documents ?? (isSameEnd ? (before?.documents ?? null) : null) };
    this.snapshots.set(now.clientUserId, now);
    if (!before || !isSame(before, now)) this.listener.onChange(now);
  }
}

function isSame(a: ApplicantSnapshot, b: ApplicantSnapshot): boolean {
  return a.stage === b.stage && a.outcome === b.outcome && a.reason === b.reason && a.documents === b.documents;
}
