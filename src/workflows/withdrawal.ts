import { hasWithdrawnPerson } from '../domain/outcome';
import { WAITS } from '../domain/waits';
import { internalActivities, upstreamActivities } from './activity-calls';
import type { Applicant } from './applicant';
import { recordOutcome } from './manifest-writes';
import { askUntilDecided } from './undecided';

/** How long to look for the person after a create without an answer, which may still take effect. */
const FIND_INVITED_FOR_MS = 60_000;
/** The same after a create that upstream confirmed: only its reads may lag. */
const FIND_CREATED_FOR_MS = 30_000;

/** Deletes the person of a cancelled applicant upstream; before the invitation, that is the person of the round before. */
export async function withdrawCancelled(applicant: Applicant): Promise<void> {
  const { state, earlierHumanId, isInvited } = applicant;
  if (applicant.mayBeInvited) await withdrawApplicant(applicant);
  // A run of 0.2.0 did not do this, as its history shows.
  if (isInvited || applicant.isOfVersion020 || earlierHumanId === null || earlierHumanId === state.humanId) return;
  showWithdrawal(applicant);
  await withdraw(earlierHumanId, applicant);
  applicant.record('withdrawn', 'worker');
  state.waitingFor = null;
}

/** Withdraws the person if a cancel came after the conclusion. The outcome stands, and the manifest shows the withdrawal, which ends the refresh. */
export async function withdrawAfterEnd(applicant: Applicant): Promise<void> {
  const { clientUserId, humanId, cancel, reason } = applicant.state;
  if (cancel === null || humanId === null || hasWithdrawnPerson(reason)) return;
  await withdrawAndRecheck(humanId, applicant);
  // The cancel came after the write of the closing; a recorded outcome of an earlier run is not written again.
  if (applicant.closedAtMs !== null) await recordOutcome(applicant);
  await internalActivities('Write the manifest').recordWithdrawal({ clientUserId, humanId });
}

/** Deletes the person of an applicant upstream. Looks for them first if the answer to the create is unknown. */
export async function withdrawApplicant(applicant: Applicant): Promise<void> {
  const { state } = applicant;
  showWithdrawal(applicant);
  const humanId = state.humanId ?? (await findInvited(applicant, FIND_INVITED_FOR_MS));
  if (humanId !== null) {
    await withdrawAndRecheck(humanId, applicant);
    applicant.record('withdrawn', 'worker');
  }
  if (humanId !== null && state.humanId === null) {
    state.humanId = humanId;
    applicant.moveToStage(state.stage, { humanId });
  }
  state.waitingFor = null;
}

function showWithdrawal(applicant: Applicant): void {
  applicant.forgetInvitation();
  applicant.state.waitingFor = WAITS['person-withdrawn'];
  applicant.state.waitingUntilMs = null;
  applicant.showDetails();
}

/** Deletes the person. If upstream does not find one that it created a moment ago, looks for them, and deletes again. */
async function withdrawAndRecheck(humanId: string, applicant: Applicant): Promise<void> {
  if ((await withdraw(humanId, applicant)) === 'deleted' || !applicant.isInvited) return;
  if (Date.now() - applicant.facts.timestamps.openedAtMs >= FIND_INVITED_FOR_MS) return;
  const found = await findInvited(applicant, applicant.isCreateConfirmed ? FIND_CREATED_FOR_MS : FIND_INVITED_FOR_MS);
  if (found !== null) await withdraw(found, applicant);
}

/** Repeats the deletion until upstream confirms it. */
function withdraw(humanId: string, applicant: Applicant): Promise<'deleted' | 'already-gone'> {
  const call = upstreamActivities('conclude', 'Withdraw the person');
  return askUntilDecided(applicant, (patience) => call.withdraw({ humanId, ...patience }));
}

/** Looks for the person for `watchMs`, because a create may still take effect. Returns the humanId, or null. */
async function findInvited(applicant: Applicant, watchMs: number): Promise<string | null> {
  const { clientUserId, clientUserEmail } = applicant.input.details;
  const call = upstreamActivities('conclude', 'Find out whether the person was invited');
  const query = { clientUserId, clientUserEmail, watchMs };
  const found = await askUntilDecided(applicant, (patience) => call.findInvited({ ...query, ...patience }));
  return found.kind === 'found' ? found.humanId : null;
}
