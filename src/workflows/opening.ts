import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { EarlierRound } from '../activities/manifests';
import { emptyCollection } from '../domain/collection';
import { NOTICES_PER_BATCH } from '../domain/notices';
import type { Conclusion } from '../domain/outcome';
import { isStillConnected } from '../domain/refresh';
import { internalActivities, upstreamActivities, waitForTurn } from './activity-calls';
import type { Applicant } from './applicant';
import type { ApplicantState } from './contract';
import { throwIfCancelled } from './run-limits';
import { askUntilDecided } from './undecided';

const NOTHING_STORED = { documents: [], marks: {} } as const;
/** In a flood these are enough: each makes the refresh list all reports. */
const MAX_FORWARDED_NOTICES = 1_000;

type KnownRound = Extract<EarlierRound, { kind: 'known' }>;

/**
 * Reads the manifest before anything is sent upstream: a recorded outcome stands, unless the start asks for a new round. True: the run ends with
 * it. Not cancellable, so that a cancel request does not replace the outcome.
 */
export function adoptRecordedOutcome(applicant: Applicant): Promise<boolean> {
  return CancellationScope.nonCancellable(async () => {
    const { state, input } = applicant;
    const earlier = await readEarlierRound(applicant);
    if (earlier.kind === 'none') return false;
    // The folder belongs to another applicant, or to this one with other details: nothing is written to it.
    const conflict = { outcome: 'failed', reason: 'conflict', humanId: null } as const;
    if (earlier.kind === 'wrong-folder') return adoptOutcome(applicant, conflict, null);
    if (earlier.ofOthers && input.again !== true) return adoptOutcome(applicant, conflict, earlier);
    const reopened = input.again === true && (earlier.outcome !== null || earlier.ofOthers);
    // Documents of other details may be another person's.
    const { documents, marks } = earlier.ofOthers ? NOTHING_STORED : earlier;
    state.collection = { ...emptyCollection(documents, marks), unrecorded: reopened };
    // Missing in an answer of 0.1.0.
    const { round = 1, detailsRound = 1, revision = 0 } = earlier;
    state.revision = revision;
    state.round = reopened ? round + 1 : round;
    state.detailsRound = earlier.ofOthers ? state.round : detailsRound;
    return earlier.outcome === null || reopened ? false : adoptOutcome(applicant, earlier, earlier);
  });
}

/**
 * For a restored Temporal: this run may have withdrawn the missing person before the restore. Then the manifest was closed after the run began, and
 * its outcome stands. True: the run ends with it.
 */
export async function adoptOutcomeIfDeleted(applicant: Applicant, { reason }: Conclusion): Promise<boolean> {
  if (reason !== 'deleted-upstream') return false;
  const earlier = await readEarlierRound(applicant);
  if (earlier.kind !== 'known' || earlier.outcome === null) return false;
  if (new Date(earlier.closedAt ?? 0) < workflowInfo().startTime) return false;
  applicant.state.collection = emptyCollection(earlier.documents, earlier.marks);
  return adoptOutcome(applicant, earlier, earlier);
}

function readEarlierRound({ state, input: { detailsDigest } }: Applicant): Promise<EarlierRound> {
  return internalActivities('Read the manifest').readEarlierRound({ clientUserId: state.clientUserId, detailsDigest });
}

/** Ends the run with a known outcome. Report notices that came before belong to the recorded round. */
async function adoptOutcome(
  applicant: Applicant,
  { outcome, reason, humanId }: Pick<ApplicantState, 'outcome' | 'reason' | 'humanId'>,
  recorded: Pick<KnownRound, 'outcome' | 'reason'> | null,
): Promise<true> {
  const { state } = applicant;
  state.outcome = outcome;
  state.reason = reason;
  if (humanId !== null) state.humanId = humanId;
  applicant.moveToStage('closed', { ...(outcome !== null && { outcome }), ...(humanId !== null && { humanId }) });
  applicant.showDetails();
  if (recorded && isStillConnected(recorded.outcome, recorded.reason)) await passEarlyNoticesToRefresh(applicant);
  return true;
}

/** Not cancellable, because the recorded outcome stands. */
async function passEarlyNoticesToRefresh(applicant: Applicant): Promise<void> {
  const { clientUserId } = applicant.state;
  await CancellationScope.nonCancellable(async () => {
    // Counts notices, not batches: notices that arrive one by one are batches of one.
    for (let forwarded = 0; forwarded < MAX_FORWARDED_NOTICES; ) {
      const notices = applicant.takeEarlyReportNotices(NOTICES_PER_BATCH);
      if (notices.length === 0) return;
      await internalActivities('Forward the notices').passToRefresh({ clientUserId, notices });
      forwarded += notices.length;
    }
  });
}

/** Invites the person, at most once. Null: invited or adopted; otherwise how the applicant ends, without a withdrawal. */
export async function invite(applicant: Applicant): Promise<Conclusion | null> {
  const { details, batch, autoInvite = true } = applicant.input;
  if (batch) await waitForTurn('batch', 'Wait for the rate limit of file invitations');
  throwIfCancelled('the applicant was cancelled');
  applicant.mayBeInvited = true;
  // After a cancel request the call runs to its end, and the person is withdrawn.
  const call = upstreamActivities(batch ? 'batch' : 'invite', 'Invite the person', {
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  });
  const begunAtMs = workflowInfo().startTime.getTime();
  let sent: { createSent?: boolean; exists?: boolean } = {};
  const answer = await askUntilDecided(applicant, async (patience) => {
    const invited = await call.invite({ details, autoInvite, begunAtMs, ...sent, ...patience });
    if (invited.kind === 'undecided') {
      sent = { createSent: invited.createSent === true, exists: invited.exists === true };
    }
    return invited;
  });
  if (answer.kind === 'conflict') return { outcome: 'failed', reason: 'conflict', shouldWithdraw: false };
  if (answer.kind === 'invalid') return { outcome: 'failed', reason: 'validation', shouldWithdraw: false };
  // This run invited the person before Temporal was restored: see adoptOutcomeIfDeleted.
  if (answer.kind === 'had-before') return { outcome: 'cancelled', reason: 'deleted-upstream', shouldWithdraw: false };
  applicant.isCreateConfirmed = answer.kind === 'invited';
  const inviteLink = answer.inviteLink ?? null;
  const why = answer.kind === 'adopted' ? 'adopted' : 'not-returned';
  applicant.recordInvitation(answer.humanId, answer, { inviteLink, why: inviteLink === null ? why : null });
  return null;
}
