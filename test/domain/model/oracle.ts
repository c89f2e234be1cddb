import type { Conclusion, Reason } from '../../../src/domain/outcome';
import { DAY_MS, HOUR_MS, type Policy } from '../../../src/domain/policy';
import { documentKey, findAbsentReports, type Wanted } from '../../../src/domain/reports';
import { statusKind } from '../../../src/domain/status';
import { ModelUpstream, neverCome, T0, type Truth } from './upstream';

/** What design.md's table says of a person, from nothing but the truth upstream in the end. */
export interface Verdict {
  readonly conclusion: Conclusion;
  /** The documents that have to be stored by then; null where the table does not promise any. */
  readonly documents: readonly string[] | null;
  /** By when the applicant has to be closed. */
  readonly byMs: number;
}

/** A poll may come so late (the slowest cadence), and a document may be tried for so long before it is given up. */
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
  const documents = havable(truth, policy.wanted);
  const gap = gapOf(truth, policy.wanted);
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
      if (listedInTheEnd(truth).length > 0) return verdict('partial', 'disconnected', false, documents, soonMs);
  }
  return verdict(documents.length > 0 ? 'partial' : 'expired', 'deadline', true, documents, deadlineMs);
}

/** Where nothing was listed, only what reached us of an engagement tells the two meanings of an error apart: {@link asTruthTells}. */
function reasonOfError(truth: Truth): Reason {
  return listedInTheEnd(truth).length === 0 ? 'invitation-undeliverable' : 'upstream-error';
}

/** A reason as far as the truth determines it. */
export function asTruthTells(reason: Reason | null, { conclusion }: Verdict): Reason | null {
  const isEither = conclusion.reason === 'invitation-undeliverable' && reason === 'upstream-error';
  return isEither ? conclusion.reason : reason;
}

function verdict(
  outcome: Conclusion['outcome'],
  reason: Reason | null,
  withdraw: boolean,
  documents: readonly string[] | null,
  byMs: number,
): Verdict {
  return { conclusion: { outcome, reason, shouldWithdraw: withdraw }, documents, byMs };
}

function listedInTheEnd(truth: Truth) {
  return new ModelUpstream(truth).list(Number.MAX_SAFE_INTEGER) ?? [];
}

function wantedInTheEnd(truth: Truth, wanted: Wanted) {
  return listedInTheEnd(truth).flatMap((report) => {
    const model = truth.reports.find(({ id }) => id === report.id);
    const formats = wanted[report.type.toLowerCase()] ?? [];
    return formats.map((format) => ({
      key: documentKey({ report, format }),
      offered: model?.offered.includes(format) === true,
      never: model !== undefined && neverCome(model),
    }));
  });
}

function havable(truth: Truth, wanted: Wanted): string[] {
  return wantedInTheEnd(truth, wanted)
    .filter(({ offered, never }) => offered && !never)
    .map(({ key }) => key)
    .sort();
}

function gapOf(truth: Truth, wanted: Wanted): Reason | null {
  const listed = listedInTheEnd(truth);
  if (listed.length === 0) return 'nothing-listed';
  if (wantedInTheEnd(truth, wanted).some(({ offered, never }) => offered && never)) return 'failed-documents';
  const isMissing = findAbsentReports(listed, wanted).some(({ reason }) => reason === 'missing');
  return isMissing || havable(truth, wanted).length === 0 ? 'missing-documents' : null;
}
