import {
  ActivityFailure,
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import { countDocuments } from '../domain/collection';
import { Applicant } from './applicant';
import { closeApplicant, collectLateReports } from './closing';
import {
  type CollectRecordsInput,
  type CollectRecordsResult,
  invitationQuery,
  reportNoticeSignal,
  stateQuery,
  statusNoticeSignal,
} from './contract';
import { followUntilConcluded } from './follow';
import { endIfWithdrawnBefore, endWithRecordedOutcome, invite } from './opening';
import { registerSteering } from './steering';
import { registerStuckCalls } from './stuck-calls';
import { withdrawAfterEnd, withdrawApplicant, withdrawCancelled } from './withdrawal';

/**
 * Follows one applicant from the invitation to the reports in the store. Every outcome completes the run, also that of the signal `cancelApplicant`.
 * A cancel request in Temporal withdraws the person too, and ends the run as Canceled unless that signal came first.
 */
export async function collectRecords(input: CollectRecordsInput): Promise<CollectRecordsResult> {
  const applicant = new Applicant(input);
  setHandler(stateQuery, () => applicant.snapshot());
  setHandler(invitationQuery, () => applicant.invitation);
  setHandler(statusNoticeSignal, (notice) => applicant.receiveStatusNotice(notice));
  setHandler(reportNoticeSignal, (notice) => applicant.receiveReportNotice(notice));
  registerSteering(applicant, CancellationScope.current());
  registerStuckCalls(applicant);
  applicant.showDetails();
  try {
    return await followToEnd(applicant);
  } finally {
    // Also before continue-as-new: an update whose handler is interrupted gets no answer.
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}

async function followToEnd(applicant: Applicant): Promise<CollectRecordsResult> {
  await followToOutcome(applicant);
  await CancellationScope.nonCancellable(async () => {
    await withdrawAfterEnd(applicant);
    await applicant.outbox.drain();
  });
  return resultOf(applicant);
}

async function followToOutcome(applicant: Applicant): Promise<void> {
  try {
    // After continue-as-new the person is invited already.
    if (!applicant.isInvited && (await endWithRecordedOutcome(applicant))) return;
    const earlyConclusion = applicant.isInvited ? null : await invite(applicant);
    const conclusion = earlyConclusion ?? (await followUntilConcluded(applicant));
    if (await endIfWithdrawnBefore(applicant, conclusion)) return;
    await CancellationScope.nonCancellable(async () => {
      if (conclusion.shouldWithdraw) await withdrawApplicant(applicant);
      await closeApplicant(applicant, conclusion);
      if (!conclusion.shouldWithdraw) await collectLateReports(applicant);
    });
  } catch (error) {
    // After a cancel request a running activity may fail with another error: the cancel request takes precedence.
    if (!isCancellation(error) && !CancellationScope.current().consideredCancelled) throw toTaskFailure(error);
    const isSignalled = applicant.state.cancel !== null;
    await CancellationScope.nonCancellable(async () => {
      await withdrawCancelled(applicant);
      await closeApplicant(applicant, { outcome: 'cancelled', reason: 'operator' });
      await applicant.outbox.drain();
    });
    if (!isSignalled) throw new CancelledFailure('the applicant was cancelled');
  }
}

function resultOf({ state }: Applicant): CollectRecordsResult {
  if (state.outcome === null) throw new TypeError('the applicant has no outcome');
  return { outcome: state.outcome, reason: state.reason, documents: countDocuments(state.collection) };
}

/**
 * Activities are retried without limit, so a final failure is a bug. An ordinary error fails the workflow task, not the workflow: the applicant waits
 * for a corrected worker, and Temporal shows the failing task.
 */
function toTaskFailure(error: unknown): unknown {
  return error instanceof ActivityFailure
    ? new Error(`the activity ${error.activityType} failed and is not retried`)
    : error;
}
