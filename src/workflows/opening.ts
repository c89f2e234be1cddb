import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { EarlierRound } from '../activities/manifests';
import { emptyCollection } from '../domain/collection';
import { failureOf, invalidDetails } from '../domain/failure';
import { parseInstantMs } from '../domain/instants';
import { NOTICES_PER_BATCH } from '../domain/notices';
import { type Conclusion, mayGetMoreReports } from '../domain/outcome';
import { statusKind } from '../domain/status';
import { internalActivities, upstreamActivities, waitForTurn } from './activity-calls';
import type { Applicant } from './applicant';
import { recordClosing } from './closing';
import type { ApplicantState } from './contract';
import { throwIfCancelled } from './run-limits';
import { askUntilDecided } from './undecided';

const CONFLICT = { outcome: 'failed', reason: 'conflict', humanId: null } as const;
const NOTHING_STORED = { documents: [], marks: {} } as const;
/** In a flood the rest may be dropped: one notice is enough to make the refresh list all reports. */
const MAX_FORWARDED_NOTICES = 1_000;

type KnownRound = Extract<EarlierRound, { kind: 'known' }>;

/**
 * Reads the manifest before anything is sent upstream. Returns true if the run ends here: with a conflict, or with the outcome in the manifest if the
 * start requests no new round. Not cancellable, so that a cancel request does not replace the outcome.
 */
export function endWithRecordedOutcome(applicant: Applicant): Promise<boolean> {
  return CancellationScope.nonCancellable(async () => {
    const { state, input } = applicant;
    const earlier = await readEarlierRound(applicant);
    if (earlier.kind === 'none') {
      applicant.emitStarted(earlier.events);
      return false;
    }
    // The folder belongs to another applicant, or to this one with other details: nothing is written to it.
    if (earlier.kind === 'wrong-folder') return showConflict(applicant, null);
    const { ofOthers: mayHaveOtherDetails, outcome } = earlier;
    if (mayHaveOtherDetails && input.again !== true) return showConflict(applicant, earlier);
    const isNewRound = input.again === true && (outcome !== null || mayHaveOtherDetails);
    // Documents of other details may be another person's.
    const { documents, marks } = mayHaveOtherDetails ? NOTHING_STORED : earlier;
    // The manifest still has the old outcome: the first step of a new round writes that it is open.
    state.collection = { ...emptyCollection(documents, marks), unrecorded: isNewRound };
    // Missing in an answer of 0.1.0.
    const { round = 1, detailsRound = 1, revision = 0 } = earlier;
    state.revision = revision;
    applicant.earlierHumanId = earlier.humanId;
    state.round = isNewRound ? round + 1 : round;
    state.detailsRound = mayHaveOtherDetails ? state.round : detailsRound;
    if (outcome !== null && !isNewRound) return showOutcome(applicant, earlier, earlier);
    applicant.emitStarted(earlier.events);
    return false;
  });
}

/**
 * For a Temporal that was restored from a backup: before the restore, this run may have withdrawn the person who is missing now. If the manifest was
 * closed after the start of this run, it did. Returns true if the run ends here, with the outcome in the manifest.
 */
export async function endIfWithdrawnBefore(applicant: Applicant, { reason }: Conclusion): Promise<boolean> {
  if (reason !== 'deleted-upstream') return false;
  const earlier = await readEarlierRound(applicant);
  if (earlier.kind !== 'known' || earlier.outcome === null) return false;
  if (new Date(earlier.closedAt ?? 0) < workflowInfo().startTime) return false;
  applicant.state.collection = emptyCollection(earlier.documents, earlier.marks);
  return showOutcome(applicant, earlier, earlier);
}

function readEarlierRound({ state, input: { detailsDigest } }: Applicant): Promise<EarlierRound> {
  return internalActivities('Read the manifest').readEarlierRound({ clientUserId: state.clientUserId, detailsDigest });
}

function showConflict(applicant: Applicant, recorded: KnownRound | null): Promise<true> {
  applicant.state.failure = failureOf('conflict');
  return showOutcome(applicant, CONFLICT, recorded);
}

/** `closedAt`: that of a recorded outcome. */
type ShownOutcome = Pick<ApplicantState, 'outcome' | 'reason' | 'humanId'> & { readonly closedAt?: string | null };

/** Shows how the run ends, without a write. `recorded`: the round in the manifest, whose refresh gets the report notices received so far. */
async function showOutcome(
  applicant: Applicant,
  { outcome, reason, humanId, closedAt = null }: ShownOutcome,
  recorded: KnownRound | null,
): Promise<true> {
  const { state } = applicant;
  state.outcome = outcome;
  state.reason = reason;
  if (humanId !== null) state.humanId = humanId;
  const closedAtMs = parseInstantMs(closedAt);
  recordClosing(applicant);
  applicant.showClosed({
    ...(outcome !== null && { outcome }),
    ...(humanId !== null && { humanId }),
    ...(closedAtMs !== null && { sinceMs: closedAtMs }),
  });
  if (recorded && mayGetMoreReports(recorded.outcome, recorded.reason)) await forwardEarlyNotices(applicant);
  return true;
}

/** Forwards the report notices received so far to the refresh. Not cancellable, because the recorded outcome stays. */
async function forwardEarlyNotices(applicant: Applicant): Promise<void> {
  const { clientUserId } = applicant.state;
  await CancellationScope.nonCancellable(async () => {
    // More notices may arrive while a batch is forwarded.
    for (let forwarded = 0; forwarded < MAX_FORWARDED_NOTICES; ) {
      const notices = applicant.takeEarlyReportNotices(NOTICES_PER_BATCH);
      if (notices.length === 0) return;
      await internalActivities('Forward the notices').passToRefresh({ clientUserId, notices });
      forwarded += notices.length;
    }
  });
}

/** Invites the person at most once, or adopts the person if they exist upstream. Returns null, or how the applicant ends if neither is possible. */
export async function invite(applicant: Applicant): Promise<Conclusion | null> {
  const { details, batch, autoInvite = true } = applicant.input;
  if (batch) await waitForTurn('batch', 'Wait for the rate limit of file invitations');
  throwIfCancelled('the applicant was cancelled');
  applicant.mayBeInvited = true;
  // After a cancel request the call runs to its end, because the person has to be withdrawn.
  const call = upstreamActivities(batch ? 'batch' : 'invite', 'Invite the person', {
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  });
  // A person recorded in the manifest since then was invited by this run, before a restore of Temporal.
  const begunAtMs = workflowInfo().startTime.getTime();
  // What an undecided activity found out, for the next one.
  let sent: { createSent?: boolean; exists?: boolean } = {};
  const answer = await askUntilDecided(applicant, async (patience) => {
    const invited = await call.invite({ details, autoInvite, begunAtMs, ...sent, ...patience });
    if (invited.kind === 'undecided') {
      sent = { createSent: invited.createSent === true, exists: invited.exists === true };
    }
    return invited;
  });
  if (answer.kind === 'conflict') return { outcome: 'failed', reason: 'conflict', shouldWithdraw: false };
  if (answer.kind === 'invalid') {
    applicant.state.failure = invalidDetails(answer.keys, answer.requestId ?? null);
    return { outcome: 'failed', reason: 'validation', shouldWithdraw: false };
  }
  // This run invited the person before Temporal was restored from a backup: see endIfWithdrawnBefore.
  if (answer.kind === 'had-before') return { outcome: 'cancelled', reason: 'deleted-upstream', shouldWithdraw: false };
  applicant.isCreateConfirmed = answer.kind === 'invited';
  const { humanId, inviteLink = null, ...read } = answer;
  if (answer.kind === 'adopted') applicant.record('adopted', 'start', { status: statusKind(read.status) });
  else applicant.record('invited', 'start');
  const whyNoLink = answer.kind === 'adopted' ? 'adopted' : 'not-returned';
  applicant.recordInvitation(humanId, read, { inviteLink, why: inviteLink === null ? whyNoLink : null });
  return null;
}
