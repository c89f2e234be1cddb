import type { Conclusion, Reason } from '../../../src/domain/outcome';
import { DAY_MS, HOUR_MS, type Policy } from '../../../src/domain/policy';
import { documentKey, findAbsentReports, type Wanted } from '../../../src/domain/reports';
import { statusKind } from '../../../src/domain/status';
import { isNeverDownloaded, ModelUpstream, T0, type Truth } from './upstream';

/** What the table of outcomes requires for a person, from the truth upstream alone. */
export interface Verdict {
  readonly conclusion: Conclusion;
  /** The keys of the documents that must be stored; null: none is required. */
  readonly documents: readonly string[] | null;
  /** When the applicant must be closed. */
  readonly byMs: number;
}

/** The slowest poll cadence, and the retries of a document. */
const SLACK_MS = 6 * HOUR_MS + 26 * HOUR_MS;

export function verdictOn(truth: Truth, policy: Policy): Verdict {
  const last = truth.statuses.at(-1);
  if (!last) throw new RangeError('a truth has a status');
  const downMs = truth.outages.reduce((sum, { fromMs, untilMs }) => sum + untilMs - fromMs, 0);
  const lateMs = SLACK_MS + 2 * downMs + truth.lagMs;
  const soonMs = last.atMs + lateMs;
  const deadlineMs = T0 + policy.expiresMs.applicant + lateMs;
  if (truth.goneAtMs !== null) {
    return verdict('cancelled', 'deleted-upstream', false, null, truth.goneAtMs + lateMs);
  }
  const documents = expectedDocuments(truth, policy.wanted);
  const gap = findGap(truth, policy.wanted);
  switch (statusKind(last.status)) {
    case 'declined':
      return verdict('declined', 'declined', true, null, soonMs);
    case 'error':
      return verdict('failed', reasonOfError(truth), true, documents, soonMs + policy.settleMs.error);
    case 'some-synced':
      return verdict('partial', gap, false, documents, soonMs + policy.settleMs.someSynced);
    case 'all-synced':
      return verdict(gap ? 'partial' : 'collected', gap, false, documents, soonMs + policy.settleMs.allSynced + DAY_MS);
    case 'invited':
      return verdict('expired', 'invitation-expired', true, null, T0 + policy.expiresMs.invitation + lateMs);
    case 'disconnected':
      if (lastList(truth).length > 0) return verdict('partial', 'disconnected', false, documents, soonMs);
  }
  return verdict(documents.length > 0 ? 'partial' : 'expired', 'deadline', true, documents, deadlineMs);
}

/** Without reports the reason depends on whether a read or a notice of an engagement arrived: {@link comparableReason}. */
function reasonOfError(truth: Truth): Reason {
  return lastList(truth).length === 0 ? 'invitation-undeliverable' : 'upstream-error';
}

/** The reason, or the one of the verdict if the truth does not determine it. */
export function comparableReason(reason: Reason | null, { conclusion }: Verdict): Reason | null {
  const isEither = conclusion.reason === 'invitation-undeliverable' && reason === 'upstream-error';
  return isEither ? conclusion.reason : reason;
}

function verdict(
  outcome: Conclusion['outcome'],
  reason: Reason | null,
  shouldWithdraw: boolean,
  documents: readonly string[] | null,
  byMs: number,
): Verdict {
  return { conclusion: { outcome, reason, shouldWithdraw }, documents, byMs };
}

function lastList(truth: Truth) {
  return new ModelUpstream(truth).list(Number.MAX_SAFE_INTEGER) ?? [];
}

function lastWantedDocuments(truth: Truth, wanted: Wanted) {
  return lastList(truth).flatMap((report) => {
    const model = truth.reports.find(({ id }) => id === report.id);
    const formats = wanted[report.type.toLowerCase()] ?? [];
    return formats.map((format) => ({
      key: documentKey({ report, format }),
      offered: model?.offered.includes(format) === true,
      never: model !== undefined && isNeverDownloaded(model),
    }));
  });
}

function expectedDocuments(truth: Truth, wanted: Wanted): string[] {
  return lastWantedDocuments(truth, wanted)
    .filter(({ offered, never }) => offered && !never)
    .map(({ key }) => key)
    .sort();
}

function findGap(truth: Truth, wanted: Wanted): Reason | null {
  const listed = lastList(truth);
  if (listed.length === 0) return 'nothing-listed';
  if (lastWantedDocuments(truth, wanted).some(({ offered, never }) => offered && never)) return 'failed-documents';
  const isMissing = findAbsentReports(listed, wanted).some(({ reason }) => reason === 'missing');
  return isMissing || expectedDocuments(truth, wanted).length === 0 ? 'missing-documents' : null;
}
