import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { EarlierRound } from '../activities/manifests';
import { emptyCollection } from '../domain/collection';
import type { Conclusion } from '../domain/outcome';
import { isStillConnected } from '../domain/refresh';
import { internalActivities, upstreamActivities, waitForTurn } from './activity-calls';
import { type Applicant, moveToStage, showDetails } from './applicant';
import type { ApplicantState } from './contract';
import { throwIfCancelled } from './run-limits';
import { askUntilDecided } from './undecided';

const NOTHING_STORED = { documents: [], marks: {} } as const;
/** Report notices that one activity forwards: a few milliseconds each. */
const NOTICES_PER_BATCH = 50;
/** Bounds a flood. This many notices keep the refresh listing for half an hour, and each list shows everything. */
const MAX_NOTICES = 1_000;

type KnownRound = Extract<EarlierRound, { kind: 'known' }>;

/**
 * Before anything is sent upstream: an outcome in the manifest stands, unless a new round was asked for. True where the run ends with it.
 * Shielded: a cancel must not be written over it.
 */
export function adoptRecordedOutcome(applicant: Applicant): Promise<boolean> {
  return CancellationScope.nonCancellable(async () => {
    const { state, input } = applicant;
    const earlier = await readRecordedOutcome(applicant);
    if (earlier.kind === 'none') return false;
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
    return earlier.outcome === null || reopened ? false : adoptOutcome(applicant, earlier, earlier);
  });
}

/**
 * A person who is gone upstream may have been withdrawn by this very run, before Temporal was restored from a backup and forgot it: then the
 * manifest was closed after the run began, and its outcome stands. True where the run ends with it.
 */
export async function adoptOutcomeIfDeleted(applicant: Applicant, { reason }: Conclusion): Promise<boolean> {
  if (reason !== 'deleted-upstream') return false;
  const earlier = await readRecordedOutcome(applicant);
  if (earlier.kind !== 'known' || earlier.outcome === null) return false;
  if (new Date(earlier.closedAt ?? 0) < workflowInfo().startTime) return false;
  applicant.state.collection = emptyCollection(earlier.documents, earlier.marks);
  return adoptOutcome(applicant, earlier, earlier);
}

function readRecordedOutcome({ state, input: { detailsDigest } }: Applicant): Promise<EarlierRound> {
  return internalActivities('Read the manifest').readEarlierRound({ clientUserId: state.clientUserId, detailsDigest });
}

/** Ends with a known outcome; nothing is closed, because nothing was opened. Early report notices belong to the recorded round. */
async function adoptOutcome(
  applicant: Applicant,
  { outcome, reason, humanId }: Pick<ApplicantState, 'outcome' | 'reason' | 'humanId'>,
  recorded: Pick<KnownRound, 'outcome' | 'reason'> | null,
): Promise<true> {
  const { state } = applicant;
  state.outcome = outcome;
  state.reason = reason;
  if (humanId !== null) state.humanId = humanId;
  moveToStage(state, 'closed', { ...(outcome !== null && { outcome }), ...(humanId !== null && { humanId }) });
  showDetails(state);
  if (recorded && isStillConnected(recorded.outcome, recorded.reason)) await passEarlyNoticesToRefresh(applicant);
  return true;
}

/** They were acknowledged, and a run that ends by the manifest looks into none itself. Shielded: the recorded outcome stands. */
async function passEarlyNoticesToRefresh(applicant: Applicant): Promise<void> {
  const { clientUserId } = applicant.state;
  await CancellationScope.nonCancellable(async () => {
    // Counts notices, not batches: notices that arrive one by one make batches of one.
    for (let forwarded = 0; forwarded < MAX_NOTICES; ) {
      const notices = applicant.takeEarlyReportNotices(NOTICES_PER_BATCH);
      if (notices.length === 0) return;
      await internalActivities('Forward the notices').passToRefresh({ clientUserId, notices });
      forwarded += notices.length;
    }
  });
}

/** Invites at most once. A conflict or rejected details are for a human, and nothing is deleted; null: the person is invited. */
export async function invite(applicant: Applicant): Promise<Conclusion | null> {
  const { details, batch, autoInvite = true } = applicant.input;
  if (batch) await waitForTurn('batch', 'Wait for the rate limit of file invitations');
  throwIfCancelled('the applicant was cancelled');
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
  // Invited by this very run, before Temporal was restored: see adoptOutcomeIfDeleted.
  if (answer.kind === 'had-before') return { outcome: 'cancelled', reason: 'deleted-upstream', shouldWithdraw: false };
  applicant.isCreateConfirmed = answer.kind === 'invited';
  const inviteLink = answer.inviteLink ?? null;
  const why = answer.kind === 'adopted' ? 'adopted' : 'not-returned';
  applicant.recordInvitation(answer.humanId, answer, { inviteLink, why: inviteLink === null ? why : null });
  return null;
}
