import type { DownloadResult } from '../../../src/domain/download-results';
import { versionName } from '../../../src/domain/instants';
import { HOUR_MS } from '../../../src/domain/policy';
import {
  documentKey,
  type Format,
  type ListedReport,
  type Organization,
  type StoredDocument,
} from '../../../src/domain/reports';
import { statusKind } from '../../../src/domain/status';
import { storedDocument } from '../../support/stored';

/** The invitation of every model person. */
export const T0 = Date.UTC(2026, 0, 1);

/** How downloads of a document fail. */
export type Fault = 'none' | 'broken-once' | 'unavailable-once' | 'broken' | 'unavailable' | 'not-found';
const PERMANENT: ReadonlySet<Fault> = new Set<Fault>(['broken', 'unavailable', 'not-found']);

export interface ModelReport {
  readonly id: string;
  readonly type: string;
  readonly organization: Organization | null;
  /** Since when each version is listed; its updatedAt is the same moment. */
  readonly versionsAtMs: readonly number[];
  readonly offered: readonly Format[];
  readonly fault: Fault;
}

export interface TrueStatus {
  readonly atMs: number;
  readonly status: string;
  /** How far its date is ahead: a wrong clock, or a missing time zone. */
  readonly aheadMs?: number;
}

/** Everything that happens to a person upstream. Times in ms since 1970. */
export interface Truth {
  /** By time; the first one at {@link T0}. */
  readonly statuses: readonly TrueStatus[];
  readonly goneAtMs: number | null;
  readonly reports: readonly ModelReport[];
  readonly outages: readonly { readonly fromMs: number; readonly untilMs: number }[];
  /** How far reads lag behind. */
  readonly lagMs: number;
  /** False: a person has no updatedAt. */
  readonly dated: boolean;
}

/** The truth without outages, lags and a deletion. */
export function truthOf(statuses: readonly TrueStatus[], reports: readonly ModelReport[] = []): Truth {
  return { statuses, reports, goneAtMs: null, outages: [], lagMs: 0, dated: true };
}

export interface PersonRead {
  readonly status: string;
  readonly updatedAtMs: number | null;
}

/** Human API as a model of one person: what a call at a given time returns. */
export class ModelUpstream {
  private readonly tries = new Map<string, number>();

  constructor(readonly truth: Truth) {}

  /** When a call reaches upstream: at once, or half a minute after an outage. */
  reachedAtMs(nowMs: number): number {
    const outage = this.truth.outages.find(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs);
    return outage ? this.reachedAtMs(outage.untilMs + 30_000) : nowMs;
  }

  /** Null: no such person. */
  person(atMs: number): PersonRead | null {
    const visibleMs = Math.max(T0, atMs - this.truth.lagMs);
    if (this.truth.goneAtMs !== null && this.truth.goneAtMs <= visibleMs) return null;
    const last = this.truth.statuses.findLast((turn) => turn.atMs <= visibleMs);
    if (!last) throw new RangeError('expected the first status at the invitation');
    return { status: last.status, updatedAtMs: this.truth.dated ? dateOf(last) : null };
  }

  /** Null without access: before a provider is connected, and after a deletion. */
  list(atMs: number): ListedReport[] | null {
    if (this.truth.goneAtMs !== null && this.truth.goneAtMs <= atMs) return null;
    const connected = this.truth.statuses.some((turn) => turn.atMs <= atMs && CONNECTED.has(statusKind(turn.status)));
    return connected ? this.listed(atMs) : null;
  }

  private listed(atMs: number): ListedReport[] {
    return this.truth.reports.flatMap(({ id, type, organization, versionsAtMs }) => {
      const versionAtMs = versionsAtMs.findLast((timeMs) => timeMs <= atMs);
      const updatedAt = versionAtMs === undefined ? null : new Date(versionAtMs).toISOString();
      return updatedAt === null ? [] : [{ id, type, organization, updatedAt }];
    });
  }

  fetch(report: ListedReport, format: Format, atMs: number): DownloadResult {
    const model = this.truth.reports.find(({ id }) => id === report.id);
    if (!model || this.list(atMs) === null) return { kind: 'unavailable', detail: 'upstream denied access' };
    if (!model.offered.includes(format)) return { kind: 'not-offered' };
    const key = documentKey({ report, format });
    const again = this.tries.get(key) ?? 0;
    this.tries.set(key, again + 1);
    if (model.fault === 'not-found') return { kind: 'gone' };
    if (model.fault === 'broken' || (model.fault === 'broken-once' && again === 0)) {
      return { kind: 'broken', detail: 'no end' };
    }
    if (model.fault === 'unavailable' || (model.fault === 'unavailable-once' && again === 0)) {
      return { kind: 'unavailable', detail: '503' };
    }
    return { kind: 'stored', document: stored(report, format, atMs) };
  }
}

/** The date that upstream gives a status. */
export function dateOf({ atMs, aheadMs = 0 }: TrueStatus): number {
  return atMs + aheadMs;
}

const CONNECTED: ReadonlySet<string> = new Set(['syncing', 'some-synced', 'all-synced']);

/** In a longer outage a download fails for the round. */
export const DOWNLOAD_ROUND_MS = HOUR_MS;

export function isNeverDownloaded({ fault }: ModelReport): boolean {
  return PERMANENT.has(fault);
}

function stored(report: ListedReport, format: Format, atMs: number): StoredDocument {
  const { id: reportId, type, organization, updatedAt } = report;
  return storedDocument({
    file: `${type}/${reportId}.${versionName(updatedAt)}.${format}`,
    type,
    organization,
    format,
    reportId,
    updatedAt,
    sha256: documentKey({ report, format }),
    storedAt: new Date(atMs).toISOString(),
  });
}
