import { ActivityFailure, CancellationScope, CancelledFailure, isCancellation, setHandler } from '@temporalio/workflow';
import { countDocuments } from '../domain/collection';
import { Applicant, showDetails } from './applicant';
import { closeApplicant, collectLateReports, withdrawPerson } from './closing';
import {
  type CollectRecordsInput,
  type CollectRecordsResult,
  invitationQuery,
  reportNoticeSignal,
  stateQuery,
  statusNoticeSignal,
} from './contract';
import { followUntilConcluded } from './follow';
import { adoptOutcomeIfDeleted, adoptRecordedOutcome, invite } from './opening';

/**
 * Follows one applicant from the invitation to the reports in the store. Every outcome completes the run; only a cancel request ends it as
 * Canceled, after the person was withdrawn.
 */
export async function collectRecords(input: CollectRecordsInput): Promise<CollectRecordsResult> {
  const applicant = new Applicant(input);
  setHandler(stateQuery, () => applicant.snapshot());
  setHandler(invitationQuery, () => applicant.invitation);
  setHandler(statusNoticeSignal, (notice) => applicant.receiveStatusNotice(notice));
  setHandler(reportNoticeSignal, (notice) => applicant.receiveReportNotice(notice));
  showDetails(applicant.state);
  try {
    // A run that continues another one is past the first two phases.
    if (!applicant.isInvited && (await adoptRecordedOutcome(applicant))) return resultOf(applicant);
    const rejection = applicant.isInvited ? null : await invite(applicant);
    const conclusion = rejection ?? (await followUntilConcluded(applicant));
    if (await adoptOutcomeIfDeleted(applicant, conclusion)) return resultOf(applicant);
    await CancellationScope.nonCancellable(async () => {
      if (conclusion.shouldWithdraw) await withdrawPerson(applicant);
      await closeApplicant(applicant, conclusion);
      if (!conclusion.shouldWithdraw) await collectLateReports(applicant);
    });
  } catch (error) {
    // An attempt in flight when the cancel came may end in a failure of its own: the request counts, not the error.
    if (!isCancellation(error) && !CancellationScope.current().consideredCancelled) throw toTaskFailure(error);
    await CancellationScope.nonCancellable(async () => {
      if (applicant.mayBeInvited) await withdrawPerson(applicant);
      await closeApplicant(applicant, { outcome: 'cancelled', reason: 'operator' });
    });
    throw new CancelledFailure('the applicant was cancelled');
  }
  return resultOf(applicant);
}

function resultOf({ state }: Applicant): CollectRecordsResult {
  if (state.outcome === null) throw new TypeError('an applicant ended without an outcome');
  return { outcome: state.outcome, reason: state.reason, documents: countDocuments(state.collection) };
}

/**
 * No activity of ours fails for good, so one that did is a fault of ours. It must not end the applicant: an ordinary error fails the workflow
 * task instead, so that the applicant stands still, visibly, until a corrected worker goes on.
 */
function toTaskFailure(error: unknown): unknown {
  return error instanceof ActivityFailure ? new Error(`the activity ${error.activityType} failed for good`) : error;
}
