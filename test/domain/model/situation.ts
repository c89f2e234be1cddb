import { type Collection, emptyCollection, withList } from '../../../src/domain/collection';
import { withDownloadResult } from '../../../src/domain/collection-documents';
import { decide, type Step } from '../../../src/domain/decision';
import { type Facts, openFacts, withNotice, withRead } from '../../../src/domain/facts';
import { DEFAULT_POLICY, type Policy } from '../../../src/domain/policy';
import { type Format, type ListedReport, listWantedDocuments } from '../../../src/domain/reports';
import { ModelUpstream, T0, truthOf } from './upstream';

/** An applicant whose facts a test sets by reads, claims and lists. All times in ms after the invitation. */
export class Situation {
  facts: Facts;
  collection: Collection = emptyCollection();
  /** The early end that an operator requested, in ms after the invitation. */
  finishAtMs: number | null = null;

  constructor(
    status: string,
    readonly policy: Policy = DEFAULT_POLICY,
    readonly autoInvite?: boolean,
  ) {
    this.facts = openFacts({ status, updatedAtMs: T0, askedAtMs: T0 }, T0);
  }

  read(status: string, atMs: number, { updatedMs = atMs, outageMs = 0 } = {}): this {
    const read = { status, updatedAtMs: T0 + updatedMs, askedAtMs: T0 + atMs };
    this.facts = withRead(this.facts, read, T0 + atMs, this.policy, outageMs);
    return this;
  }

  claim(status: string, atMs: number): this {
    this.facts = withNotice(this.facts, { status, updatedAtMs: T0 + atMs }, T0 + atMs, this.policy);
    return this;
  }

  list(reports: readonly ListedReport[], atMs: number): this {
    const digest = JSON.stringify(reports);
    this.collection = withList(this.collection, { reports, digest, askedAtMs: T0 + atMs }, T0 + atMs);
    return this;
  }

  /** Stores and records all wanted documents of the list except `notOffered`. */
  store(atMs: number, notOffered: readonly Format[] = []): this {
    for (const wanted of listWantedDocuments(this.collection.listed, this.policy.wanted)) {
      const { report, format } = wanted;
      const fetched = notOffered.includes(format)
        ? ({ kind: 'not-offered' } as const)
        : modelOf(report).fetch(report, format, T0 + atMs);
      this.collection = withDownloadResult(this.collection, wanted, fetched, T0 + atMs, this.policy);
    }
    this.collection = { ...this.collection, unrecorded: false };
    return this;
  }

  next(atMs: number): Step {
    const { facts, collection, policy, autoInvite = true, finishAtMs } = this;
    const finishRequestedAtMs = finishAtMs === null ? null : T0 + finishAtMs;
    return decide({ facts, collection, policy, nowMs: T0 + atMs, autoInvite, finishRequestedAtMs });
  }

  /** The end of the next step's wait; null if it does not wait. */
  waitsUntilMs(atMs: number): number | null {
    const step = this.next(atMs);
    return step.do === 'wait' ? step.wait.untilMs - T0 : null;
  }
}

export function listedAt(id: string, type: string, atMs: number, clinic = 'o1'): ListedReport {
  const organization = { id: clinic, name: `Clinic ${clinic}` };
  return { id, type, organization, updatedAt: new Date(T0 + atMs).toISOString() };
}

/** The two reports of a complete clinic. */
export function clinicAt(atMs: number, clinic = 'o1'): ListedReport[] {
  return [listedAt(`u-${clinic}`, 'unity', atMs, clinic), listedAt(`c-${clinic}`, 'ccdraw', atMs, clinic)];
}

function modelOf({ id, type, organization }: ListedReport): ModelUpstream {
  const report = { id, type, organization, versionsAtMs: [T0], offered: ['json', 'pdf'], fault: 'none' } as const;
  return new ModelUpstream(truthOf([{ atMs: T0, status: 'All Synced' }], [report]));
}
