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
import { type Conclusion, kindOf } from '../domain/applicant';
import { documentCount, emptyCollection } from '../domain/collection';
import { decide, type Step, type Wait } from '../domain/decision';
import { currentKind, currentStatus } from '../domain/facts';
import { MINUTE_MS } from '../domain/policy';
import { isLeftConnected } from '../domain/refresh';
import { answerOf } from './answer';
import { Applicant } from './applicant';
import { beside } from './beside';
import { awaitTurn, inHouse, upstream } from './calls';
import { close, recordRound } from './closing';
import {
  type ApplicantState,
  type CollectRecordsInput,
  type CollectRecordsResult,
  invitationQuery,
  reportNoticeSignal,
  stateQuery,
  statusNoticeSignal,
} from './contract';
import { describe, moveTo } from './display';
import { fetchAll } from './fetching';
import { collectLate, passEarlyReports } from './late-notices';
import { untilDecided } from './stuck';
import { learn, listReports, pollsOf, readBack } from './upstream-reads';
import { Watch } from './watch';

/**
 * Follows one applicant from the invitation to the reports in the store: invites, waits for the status to settle, collects or withdraws,
 * concludes. Every outcome completes the run; only a cancel request ends it as Canceled, after the person was withdrawn.
 */
export async function collectRecords(input: CollectRecordsInput): Promise<CollectRecordsResult> {
  const applicant = new Applicant(input);
  setHandler(stateQuery, () => answerOf(applicant.state));
  setHandler(invitationQuery, () => applicant.invitation);
  setHandler(statusNoticeSignal, (notice) => applicant.takeStatusNotice(notice));
  setHandler(reportNoticeSignal, (notice) => applicant.takeReportNotice(notice));
  try {
    const ending = await follow(applicant);
    if (ending !== 'settled') await CancellationScope.nonCancellable(() => closeWhole(applicant, ending));
  } catch (error) {
    // An attempt in flight when the cancel came may end in a failure of its own: the request counts, not the error.
    if (!isCancellation(error) && !CancellationScope.current().consideredCancelled) throw unforeseen(error);
    await CancellationScope.nonCancellable(() => close(applicant, cancelledBy(applicant)));
    throw new CancelledFailure('the applicant was cancelled');
  }
  return resultOf(applicant);
}

/** Closes, and leaves nothing that was heard meanwhile. */
async function closeWhole(applicant: Applicant, conclusion: Conclusion): Promise<void> {
  await close(applicant, conclusion);
  await collectLate(applicant, conclusion);
}

/** Longer than HUMAN_API_TIMEOUT. */
const LIST_UNDER_WAY_MS = MINUTE_MS;

const NOTHING_STORED = { documents: [], marks: {} } as const;

/** How an applicant ends; `settled` is one that needs no closing, for another round or another applicant owns the folder. */
type Ending = Conclusion | 'settled';

/** From wherever the applicant stands to the end: decides the next step from what is known, takes it, and so on. */
async function follow(applicant: Applicant): Promise<Ending> {
  describe(applicant.state);
  const ended = await openApplicant(applicant);
  if (ended) return ended;
  const watch = new Watch(pollsOf(applicant));
  for (;;) {
    stopIfCancelled();
    applicant.show();
    if (applicant.isFull) return handOver(applicant, watch);
    const { policy, autoInvite } = applicant.input;
    const step = decide(applicant.facts, applicant.state.collection, policy, Date.now(), { autoInvite });
    if (step.do === 'conclude') return (await undone(applicant, step.conclusion)) ?? step.conclusion;
    await take(step, applicant, watch);
  }
}

/** Before anything is sent upstream, the store is asked whether all this has happened before. */
async function openApplicant(applicant: Applicant): Promise<Ending | null> {
  if (applicant.state.facts !== null) return null;
  // Shielded, for an earlier outcome stands whatever comes: a cancel must not be written over it.
  const settled = await CancellationScope.nonCancellable(() => lookBack(applicant));
  return settled ?? (await invite(applicant));
}

/**
 * Who was deleted upstream may have been withdrawn by this very run, before Temporal was restored from a backup and forgot it: then the manifest
 * was closed after the run began, and what it says stands.
 */
async function undone(applicant: Applicant, { reason }: Conclusion): Promise<Ending | null> {
  return reason === 'deleted-upstream' ? endedBefore(applicant) : null;
}

/** How the manifest says that this very run ended; null where it does not. */
async function endedBefore(applicant: Applicant): Promise<Ending | null> {
  const earlier = await readManifest(applicant);
  if (earlier.kind !== 'known' || earlier.outcome === null) return null;
  if (new Date(earlier.closedAt ?? 0) < workflowInfo().startTime) return null;
  applicant.state.collection = emptyCollection(earlier.documents, earlier.marks);
  return settle(applicant, earlier, earlier);
}

/** An outcome in the manifest stands, unless a new round was asked for: Temporal forgets closed runs, the manifest does not. */
async function lookBack(applicant: Applicant): Promise<Ending | null> {
  const { state, input } = applicant;
  const earlier = await readManifest(applicant);
  if (earlier.kind === 'none') return null;
  // The folder is another applicant's, or this one's under other details: it is not written to.
  const conflict = { outcome: 'failed', reason: 'conflict', humanId: null } as const;
  if (earlier.kind === 'wrong-folder') return settle(applicant, conflict, null);
  if (earlier.ofOthers && input.again !== true) return settle(applicant, conflict, earlier);
  const reopened = input.again === true && (earlier.outcome !== null || earlier.ofOthers);
  // What was stored for other details may be another person's.
  const { documents, marks } = earlier.ofOthers ? NOTHING_STORED : earlier;
  state.collection = { ...emptyCollection(documents, marks), unrecorded: reopened };
  // An answer that 0.1.0 gave has none of them.
  const { round = 1, detailsRound = 1, revision = 0 } = earlier;
  state.revision = revision;
  state.round = reopened ? round + 1 : round;
  state.detailsRound = earlier.ofOthers ? state.round : detailsRound;
  return earlier.outcome === null || reopened ? null : settle(applicant, earlier, earlier);
}

function readManifest({ state, input: { detailsDigest } }: Applicant): Promise<EarlierRound> {
  return inHouse('Read the manifest').readEarlierRound({ clientUserId: state.clientUserId, detailsDigest });
}

/**
 * Ends with what is known already; nothing is closed, for nothing was opened. Report notices that came belong to the round that the manifest
 * records, if its person may still have reports.
 */
async function settle(
  applicant: Applicant,
  ending: Pick<ApplicantState, 'outcome' | 'reason' | 'humanId'>,
  recorded: Pick<ApplicantState, 'outcome' | 'reason'> | null,
): Promise<Ending> {
  const { state } = applicant;
  const { outcome, reason, humanId } = ending;
  state.outcome = outcome;
  state.reason = reason;
  if (humanId !== null) state.humanId = humanId;
  moveTo(state, 'closed', { ...(outcome !== null && { outcome }), ...(humanId !== null && { humanId }) });
  describe(state);
  if (recorded && isLeftConnected(recorded.outcome, recorded.reason)) await passEarlyReports(applicant);
  return 'settled';
}

/** Invites at most once. A conflict or a refusal of the details is for a human, and nothing is deleted. */
async function invite(applicant: Applicant): Promise<Ending | null> {
  const { details, batch, autoInvite = true } = applicant.input;
  if (batch) await awaitTurn('batch', 'Wait for a turn among the invitations of files');
  stopIfCancelled();
  applicant.invitationBegun = true;
  // In flight it runs to its answer even if a cancel comes: the person is withdrawn afterwards.
  const call = upstream(batch ? 'batch' : 'invite', 'Invite the person', {
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  });
  const begunAtMs = workflowInfo().startTime.getTime();
  let sent: { createSent?: boolean; exists?: boolean } = {};
  const answer = await untilDecided(applicant.state, async (patience) => {
    const invited = await call.invite({ details, autoInvite, begunAtMs, ...sent, ...patience });
    if (invited.kind === 'undecided') {
      sent = { createSent: invited.createSent === true, exists: invited.exists === true };
    }
    return invited;
  });
  if (answer.kind === 'conflict') return { outcome: 'failed', reason: 'conflict', withdraw: false };
  if (answer.kind === 'invalid') return { outcome: 'failed', reason: 'validation', withdraw: false };
  if (answer.kind === 'had-before') {
    const gone = { outcome: 'cancelled', reason: 'deleted-upstream', withdraw: false } as const;
    return (await endedBefore(applicant)) ?? gone;
  }
  applicant.createAnswered = answer.kind === 'invited';
  const inviteLink = answer.inviteLink ?? null;
  const why = answer.kind === 'adopted' ? 'adopted' : 'not-returned';
  applicant.open(answer.humanId, answer, { inviteLink, why: inviteLink === null ? why : null });
  return null;
}

async function take(step: Exclude<Step, { do: 'conclude' }>, applicant: Applicant, watch: Watch): Promise<void> {
  switch (step.do) {
    case 'wait':
      return waitFor(step.wait, applicant, watch);
    case 'read':
      return step.because === 'notice'
        ? readBack(applicant, step.because)
        : beside(applicant, watch, () => readBack(applicant, step.because));
    case 'list':
      return step.because === 'notice'
        ? beside(applicant, watch, () => listReports(applicant, step.because))
        : beside(applicant, watch, () => listReports(applicant, step.because), outdatedList(applicant));
    case 'read-and-list':
      return beside(
        applicant,
        watch,
        async () => {
          await Promise.all([readBack(applicant, 'window'), listReports(applicant, 'conclusion')]);
        },
        outdatedList(applicant),
      );
    case 'fetch':
      return beside(applicant, watch, () => fetchAll(step.documents, applicant));
    case 'record':
      return recordRound(applicant);
  }
}

/**
 * A list may be refused for an hour. Once a read shows another status, the list is waited for no longer than an answer under way takes.
 * A read that confirms the claimed status shows no other: the list is still the one that is needed.
 */
function outdatedList(applicant: Applicant): () => number | null {
  const expected = new Set([kindOf(applicant.facts.read.status), currentKind(applicant.facts)]);
  let changedAtMs: number | null = null;
  return () => {
    if (expected.has(kindOf(applicant.facts.read.status))) changedAtMs = null;
    // The wait starts a timer that earlier versions did not start: their histories would not replay with it.
    else if (!applicant.isOfEarlierVersion) changedAtMs ??= Date.now();
    return changedAtMs === null ? null : changedAtMs + LIST_UNDER_WAY_MS;
  };
}

/** Waits until a notice, a poll or the read of a deadline changes what is known, or the time is up. */
async function waitFor(wait: Wait, applicant: Applicant, watch: Watch): Promise<void> {
  const { state } = applicant;
  const { facts, collection } = state;
  state.waitingFor = wait.waitingFor;
  state.waitingUntilMs = wait.untilMs;
  describe(state);
  const finding = await watch.next(
    wait,
    { humanId: applicant.humanId, status: currentStatus(applicant.facts), isStuck: Boolean(state.stuck) },
    () => state.facts !== facts || state.collection !== collection || applicant.isFull,
  );
  state.waitingFor = null;
  state.waitingUntilMs = null;
  if (finding) await learn(applicant, finding);
}

/** A cancel that came while a step ran to its end takes effect before the next one. */
function stopIfCancelled(): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('the applicant was cancelled');
}

/** Hands everything to a fresh run, so that no history grows without end. Handlers never wait, so none is cut off. */
async function handOver({ input, state, invitation }: Applicant, watch: Watch): Promise<never> {
  watch.stop();
  return continueAsNew<typeof collectRecords>({ ...input, carried: state, carriedInvitation: invitation });
}

function cancelledBy({ invitationBegun }: Applicant): Conclusion {
  return { outcome: 'cancelled', reason: 'operator', withdraw: invitationBegun };
}

function resultOf({ state }: Applicant): CollectRecordsResult {
  if (state.outcome === null) throw new TypeError('an applicant ended without an outcome');
  return { outcome: state.outcome, reason: state.reason, documents: documentCount(state.collection) };
}

/**
 * No activity of ours fails for good, so one that did is a fault of ours. It must not end the applicant: an ordinary error fails the
 * workflow task instead, which parks the applicant visibly until a corrected worker goes on.
 */
function unforeseen(error: unknown): unknown {
  return error instanceof ActivityFailure ? new Error(`the activity ${error.activityType} failed for good`) : error;
}
