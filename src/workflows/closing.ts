import { condition } from '@temporalio/workflow';
import { selectDownloads } from '../domain/collection-documents';
import { pollCadenceMs } from '../domain/facts';
import { failureOf } from '../domain/failure';
import { type Conclusion, mayGetMoreReports } from '../domain/outcome';
import { DAY_MS } from '../domain/policy';
import { nextAllowedAtMs } from '../domain/rate-limit';
import { checkDelaysMs } from '../domain/refresh';
import { sourceOfEnd } from '../domain/timeline';
import type { Applicant } from './applicant';
import { fetchConcurrently } from './documents';
import { recordOutcome } from './manifest-writes';
import { listReports } from './upstream-calls';

/** How long a flood of notices can delay the end of the run. */
const MAX_LATE_PERIOD_MS = DAY_MS;

/** Ends the applicant: writes the outcome into the manifest, and shows it. */
export async function closeApplicant(
  applicant: Applicant,
  { outcome, reason }: Pick<Conclusion, 'outcome' | 'reason'>,
): Promise<void> {
  const { state } = applicant;
  applicant.forgetInvitation();
  state.outcome = outcome;
  state.reason = reason;
  state.failure ??= failureOf(reason);
  const closedAtMs = Date.now();
  applicant.closedAtMs = closedAtMs;
  recordClosing(applicant);
  await recordOutcome(applicant, checkDelays(applicant));
  applicant.showClosed({ outcome, sinceMs: closedAtMs });
}

/** Appends the end to the timeline. */
export function recordClosing(applicant: Applicant): void {
  const { outcome, reason } = applicant.state;
  const data = { ...(outcome !== null && { outcome }), ...(reason !== null && { reason }) };
  applicant.record('closed', sourceOfEnd(reason), data);
}

/** When to list the reports again, in ms after the closing; empty for a withdrawn person. */
function checkDelays(applicant: Applicant): readonly number[] {
  const { state, input } = applicant;
  if (!applicant.isInvited || !mayGetMoreReports(state.outcome, state.reason)) return [];
  return checkDelaysMs(input.policy.refreshCheckAfterMs, applicant.facts.due.jitter);
}

/** Collects the reports whose notices came during the closing, because no poll would find them later. The outcome stays. Ends at a cancel. */
export async function collectLateReports(applicant: Applicant): Promise<void> {
  if (!applicant.isInvited) return;
  const { state, input } = applicant;
  const untilMs = Date.now() + MAX_LATE_PERIOD_MS;
  const isCancelled = () => state.cancel !== null;
  while (state.collection.wantedAtMs !== null && Date.now() < untilMs && !isCancelled()) {
    const allowedAtMs = nextAllowedAtMs(state.collection.noticeLists, pollCadenceMs(applicant.facts, input.policy));
    const waitMs = allowedAtMs - Date.now();
    if (waitMs > 0) await condition(isCancelled, waitMs, { summary: 'waiting for the rate limit of lists' });
    if (isCancelled()) return;
    await listReports(applicant, 'late-notice');
    const documents = selectDownloads(state.collection, input.policy.wanted, Date.now());
    if (documents.length === 0) continue;
    // Ignores failures: the outcome is written, so a defect of a download must not keep the run open.
    await fetchConcurrently(documents, applicant);
    const { heldDocuments } = applicant.outbox;
    await recordOutcome(applicant);
    if (heldDocuments > 0) applicant.outbox.emit('applicant.refreshed', state.round, { documents: heldDocuments });
  }
}
