import {
  ActivityFailure,
  CancellationScope,
  CancelledFailure,
  continueAsNew,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { EarlierRound } from '../activities/manifests';
import { type Conclusion, statusKind } from '../domain/applicant';
import { countDocuments, emptyCollection } from '../domain/collection';
import { decide, type Step, type Wait } from '../domain/decision';
import { currentKind, currentStatus } from '../domain/facts';
import { MINUTE_MS } from '../domain/policy';
import { isStillConnected } from '../domain/refresh';
import { internalActivities, upstreamActivities, waitForTurn } from './activity-calls';
import { toStateAnswer } from './answer';
import { Applicant } from './applicant';
import { runInterruptibly } from './beside';
import { checkReports, checkStatus, learnFinding, pollCalls } from './checks';
import { closeApplicant, recordRound } from './closing';
import {
  type ApplicantState,
  type CollectRecordsInput,
  type CollectRecordsResult,
  invitationQuery,
  reportNoticeSignal,
  stateQuery,
  statusNoticeSignal,
} from './contract';
import { moveToStage, showDetails } from './display';
import { fetchDocuments } from './documents';
import { collectLateReports, passEarlyNoticesToRefresh } from './late-notices';
import { StatusWaiter } from './status-waiter';
import { askUntilDecided } from './undecided';

/**
 * Follows one applicant from the invitation to the reports in the store: invites, waits for the status to settle, collects or withdraws,
 * concludes. Every outcome completes the run; only a cancel request ends it as Canceled, after the person was withdrawn.
 */
export async function collectRecords(input: CollectRecordsInput): Promise<CollectRecordsResult> {
  const applicant = new Applicant(input);
  setHandler(stateQuery, () => toStateAnswer(applicant.state));
  setHandler(invitationQuery, () => applicant.invitation);
  setHandler(statusNoticeSignal, (notice) => applicant.receiveStatusNotice(notice));
  setHandler(reportNoticeSignal, (notice) => applicant.receiveReportNotice(notice));
  try {
    const ending = await followUntilConcluded(applicant);
    if (ending !== 'settled') await CancellationScope.nonCancellable(() => closeWhole(applicant, ending));
  } catch (error) {
    // An attempt in flight when the cancel came may end in a failure of its own: the request counts, not the error.
    if (!isCancellation(error) && !CancellationScope.current().consideredCancelled) throw toTaskFailure(error);
    await CancellationScope.nonCancellable(() => closeApplicant(applicant, cancelledBy(applicant)));
    throw new CancelledFailure('the applicant was cancelled');
  }
  return resultOf(applicant);
}

/** Closes, and leaves nothing that was heard meanwhile. */
async function closeWhole(applicant: Applicant, conclusion: Conclusion): Promise<void> {
  await closeApplicant(applicant, conclusion);
  await collectLateReports(applicant, conclusion);
}

/** Longer than HUMAN_API_TIMEOUT. */
const LIST_UNDER_WAY_MS = MINUTE_MS;

const NOTHING_STORED = { documents: [], marks: {} } as const;

/** How an applicant ends; `settled` is one that needs no closing, for another round or another applicant owns the folder. */
type ApplicantEnding = Conclusion | 'settled';

/** From wherever the applicant stands to the end: decides the next step from what is known, takes it, and so on. */
async function followUntilConcluded(applicant: Applicant): Promise<ApplicantEnding> {
  showDetails(applicant.state);
  const ended = await openApplicant(applicant);
  if (ended) return ended;
  const watch = new StatusWaiter(pollCalls(applicant));
  for (;;) {
    throwIfCancelled();
    applicant.showProgress();
    if (applicant.shouldContinueAsNew) return continueInNewRun(applicant, watch);
    const { policy, autoInvite } = applicant.input;
    const step = decide(applicant.facts, applicant.state.collection, policy, Date.now(), { autoInvite });
    if (step.do === 'conclude') return (await outcomeIfDeleted(applicant, step.conclusion)) ?? step.conclusion;
    await perform(step, applicant, watch);
  }
}

/** Before anything is sent upstream, the store is asked whether all this has happened before. */
async function openApplicant(applicant: Applicant): Promise<ApplicantEnding | null> {
  if (applicant.state.facts !== null) return null;
  // Shielded, for an earlier outcome stands whatever comes: a cancel must not be written over it.
  const settled = await CancellationScope.nonCancellable(() => adoptRecordedOutcome(applicant));
  return settled ?? (await invite(applicant));
}

/**
 * Who was deleted upstream may have been withdrawn by this very run, before Temporal was restored from a backup and forgot it: then the manifest
 * was closed after the run began, and what it says stands.
 */
async function outcomeIfDeleted(applicant: Applicant, { reason }: Conclusion): Promise<ApplicantEnding | null> {
  return reason === 'deleted-upstream' ? outcomeOfThisRun(applicant) : null;
}

/** How the manifest says that this very run ended; null where it does not. */
async function outcomeOfThisRun(applicant: Applicant): Promise<ApplicantEnding | null> {
  const earlier = await readRecordedOutcome(applicant);
  if (earlier.kind !== 'known' || earlier.outcome === null) return null;
  if (new Date(earlier.closedAt ?? 0) < workflowInfo().startTime) return null;
  applicant.state.collection = emptyCollection(earlier.documents, earlier.marks);
  return adoptOutcome(applicant, earlier, earlier);
}

/** An outcome in the manifest stands, unless a new round was asked for: Temporal forgets closed runs, the manifest does not. */
async function adoptRecordedOutcome(applicant: Applicant): Promise<ApplicantEnding | null> {
  const { state, input } = applicant;
  const earlier = await readRecordedOutcome(applicant);
  if (earlier.kind === 'none') return null;
  // The folder is another applicant's, or this one's under other details: it is not written to.
  const conflict = { outcome: 'failed', reason: 'conflict', humanId: null } as const;
  if (earlier.kind === 'wrong-folder') return adoptOutcome(applicant, conflict, null);
  if (earlier.ofOthers && input.again !== true) return adoptOutcome(applicant, conflict, earlier);
  const reopened = input.again === true && (earlier.outcome !== null || earlier.ofOthers);
  // What was stored for other details may be another person's.
  const { documents, marks } = earlier.ofOthers ? NOTHING_STORED : earlier;
  state.collection = { ...emptyCollection(documents, marks), unrecorded: reopened };
  // An answer that 0.1.0 gave has none of them.
  const { round = 1, detailsRound = 1, revision = 0 } = earlier;
  state.revision = revision;
  state.round = reopened ? round + 1 : round;
  state.detailsRound = earlier.ofOthers ? state.round : detailsRound;
  return earlier.outcome === null || reopened ? null : adoptOutcome(applicant, earlier, earlier);
}

function readRecordedOutcome({ state, input: { detailsDigest } }: Applicant): Promise<EarlierRound> {
  return internalActivities('Read the manifest').readEarlierRound({ clientUserId: state.clientUserId, detailsDigest });
}

/**
 * Ends with what is known already; nothing is closed, for nothing was opened. Report notices that came belong to the round that the manifest
 * records, if its person may still have reports.
 */
async function adoptOutcome(
  applicant: Applicant,
  ending: Pick<ApplicantState, 'outcome' | 'reason' | 'humanId'>,
  recorded: Pick<ApplicantState, 'outcome' | 'reason'> | null,
): Promise<ApplicantEnding> {
  const { state } = applicant;
  const { outcome, reason, humanId } = ending;
  state.outcome = outcome;
  state.reason = reason;
  if (humanId !== null) state.humanId = humanId;
  moveToStage(state, 'closed', { ...(outcome !== null && { outcome }), ...(humanId !== null && { humanId }) });
  showDetails(state);
  if (recorded && isStillConnected(recorded.outcome, recorded.reason)) await passEarlyNoticesToRefresh(applicant);
  return 'settled';
}

/** Invites at most once. A conflict or a refusal of the details is for a human, and nothing is deleted. */
async function invite(applicant: Applicant): Promise<ApplicantEnding | null> {
  const { details, batch, autoInvite = true } = applicant.input;
  if (batch) await waitForTurn('batch', 'Wait for a turn among the invitations of files');
  throwIfCancelled();
  applicant.mayBeInvited = true;
  // In flight it runs to its answer even if a cancel comes: the person is withdrawn afterwards.
  const call = upstreamActivities(batch ? 'batch' : 'invite', 'Invite the person', {
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  });
  const begunAtMs = workflowInfo().startTime.getTime();
  let sent: { createSent?: boolean; exists?: boolean } = {};
  const answer = await askUntilDecided(applicant.state, async (patience) => {
    const invited = await call.invite({ details, autoInvite, begunAtMs, ...sent, ...patience });
    if (invited.kind === 'undecided') {
      sent = { createSent: invited.createSent === true, exists: invited.exists === true };
    }
    return invited;
  });
  if (answer.kind === 'conflict') return { outcome: 'failed', reason: 'conflict', shouldWithdraw: false };
  if (answer.kind === 'invalid') return { outcome: 'failed', reason: 'validation', shouldWithdraw: false };
  if (answer.kind === 'had-before') {
    const gone = { outcome: 'cancelled', reason: 'deleted-upstream', shouldWithdraw: false } as const;
    return (await outcomeOfThisRun(applicant)) ?? gone;
  }
  applicant.isCreateConfirmed = answer.kind === 'invited';
  const inviteLink = answer.inviteLink ?? null;
  const why = answer.kind === 'adopted' ? 'adopted' : 'not-returned';
  applicant.recordInvitation(answer.humanId, answer, { inviteLink, why: inviteLink === null ? why : null });
  return null;
}

async function perform(
  step: Exclude<Step, { do: 'conclude' }>,
  applicant: Applicant,
  watch: StatusWaiter,
): Promise<void> {
  switch (step.do) {
    case 'wait':
      return waitForChange(step.wait, applicant, watch);
    case 'read':
      return step.because === 'notice'
        ? checkStatus(applicant, step.because)
        : runInterruptibly(applicant, watch, () => checkStatus(applicant, step.because));
    case 'list':
      return step.because === 'notice'
        ? runInterruptibly(applicant, watch, () => checkReports(applicant, step.because))
        : runInterruptibly(applicant, watch, () => checkReports(applicant, step.because), listExpiry(applicant));
    case 'read-and-list':
      return runInterruptibly(
        applicant,
        watch,
        async () => {
          await Promise.all([checkStatus(applicant, 'window'), checkReports(applicant, 'conclusion')]);
        },
        listExpiry(applicant),
      );
    case 'fetch':
      return runInterruptibly(applicant, watch, () => fetchDocuments(step.documents, applicant));
    case 'record':
      return recordRound(applicant);
  }
}

/**
 * A list may be refused for an hour. Once a read shows another status, the list is waited for no longer than an answer under way takes.
 * A read that confirms the claimed status shows no other: the list is still the one that is needed.
 */
function listExpiry(applicant: Applicant): () => number | null {
  const expected = new Set([statusKind(applicant.facts.read.status), currentKind(applicant.facts)]);
  let changedAtMs: number | null = null;
  return () => {
    if (expected.has(statusKind(applicant.facts.read.status))) changedAtMs = null;
    // The wait starts a timer that earlier versions did not start: their histories would not replay with it.
    else if (!applicant.isOfEarlierVersion) changedAtMs ??= Date.now();
    return changedAtMs === null ? null : changedAtMs + LIST_UNDER_WAY_MS;
  };
}

/** Waits until a notice, a poll or the read of a deadline changes what is known, or the time is up. */
async function waitForChange(wait: Wait, applicant: Applicant, watch: StatusWaiter): Promise<void> {
  const { state } = applicant;
  const { facts, collection } = state;
  state.waitingFor = wait.waitingFor;
  state.waitingUntilMs = wait.untilMs;
  showDetails(state);
  const finding = await watch.waitForChange(
    wait,
    { humanId: applicant.humanId, status: currentStatus(applicant.facts), isStuck: Boolean(state.stuck) },
    () => state.facts !== facts || state.collection !== collection || applicant.shouldContinueAsNew,
  );
  state.waitingFor = null;
  state.waitingUntilMs = null;
  if (finding) await learnFinding(applicant, finding);
}

/** A cancel that came while a step ran to its end takes effect before the next one. */
function throwIfCancelled(): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('the applicant was cancelled');
}

/** Hands everything to a fresh run, so that no history grows without end. Handlers never wait, so none is cut off. */
async function continueInNewRun({ input, state, invitation }: Applicant, watch: StatusWaiter): Promise<never> {
  watch.stop();
  return continueAsNew<typeof collectRecords>({ ...input, carried: state, carriedInvitation: invitation });
}

function cancelledBy({ mayBeInvited: invitationBegun }: Applicant): Conclusion {
  return { outcome: 'cancelled', reason: 'operator', shouldWithdraw: invitationBegun };
}

function resultOf({ state }: Applicant): CollectRecordsResult {
  if (state.outcome === null) throw new TypeError('an applicant ended without an outcome');
  return { outcome: state.outcome, reason: state.reason, documents: countDocuments(state.collection) };
}

/**
 * No activity of ours fails for good, so one that did is a fault of ours. It must not end the applicant: an ordinary error fails the
 * workflow task instead, which parks the applicant visibly until a corrected worker goes on.
 */
function toTaskFailure(error: unknown): unknown {
  return error instanceof ActivityFailure ? new Error(`the activity ${error.activityType} failed for good`) : error;
}
