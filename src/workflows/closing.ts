import { sleep } from '@temporalio/workflow';
import type { RecordedManifest } from '../activities/manifests';
import { type Collection, selectDownloads, withRecorded } from '../domain/collection';
import { pollCadenceMs } from '../domain/facts';
import { missingDocuments } from '../domain/missing-documents';
import type { Conclusion } from '../domain/outcome';
import { DAY_MS } from '../domain/policy';
import { nextAllowedAtMs } from '../domain/rate-limit';
import { checkDelaysMs, isStillConnected } from '../domain/refresh';
import { internalActivities, localActivityFirst, upstreamActivities } from './activity-calls';
import { type Applicant, moveToStage, showDetails } from './applicant';
import { checkReports } from './checks';
import { fetchConcurrently } from './documents';
import { askUntilDecided } from './undecided';

/** A flood of notices does not keep an applicant from ending for longer than this. */
const MAX_LATE_PERIOD_MS = DAY_MS;
/** After a create whose answer is not known: how long we look whether the person was invited after all. */
const FIND_INVITED_FOR_MS = 60_000;
/** After a create that was answered: upstream's other side may lag behind it, but what was answered is under way. */
const FIND_CREATED_FOR_MS = 30_000;

/** Records and shows how the applicant ended. */
export async function closeApplicant(
  applicant: Applicant,
  { outcome, reason }: Pick<Conclusion, 'outcome' | 'reason'>,
): Promise<void> {
  const { state } = applicant;
  applicant.forgetInvitation();
  state.outcome = outcome;
  state.reason = reason;
  await writeManifest(applicant, checkDelays(applicant));
  moveToStage(state, 'closed', { outcome });
  showDetails(state);
}

/** When the reports are listed again, in ms after the closing. A withdrawn person has no reports. */
function checkDelays(applicant: Applicant): readonly number[] {
  const { state, input } = applicant;
  if (!applicant.isInvited || !isStillConnected(state.outcome, state.reason)) return [];
  return checkDelaysMs(input.policy.refreshCheckAfterMs, applicant.facts.checks.jitter);
}

/**
 * Writes how it ended into the manifest, and has the activity schedule the checks. An activity of its own: within the workflow task, a cancel would
 * undo a conclusion that is written already.
 */
async function writeManifest(applicant: Applicant, checkAfterMs: readonly number[] = []): Promise<void> {
  const { state } = applicant;
  const checks = checkAfterMs.length > 0 && { checkAfterMs };
  for (;;) {
    const { round } = state;
    const recorded = await internalActivities('Write the manifest').recordManifest({
      ...manifestChange(applicant),
      ...checks,
    });
    adoptManifest(state, recorded);
    state.collection = withRecorded(state.collection);
    // A manifest that is newer than this run knows (Temporal was restored, a terminated run wrote last) is written once more; a later round stands.
    if (!recorded || recorded.outcome === state.outcome || (recorded.round ?? 1) > round) return;
  }
}

/** Brings the manifest up to what is known after a round of collecting. */
export async function recordRound(applicant: Applicant): Promise<void> {
  const { state } = applicant;
  state.collection = { ...state.collection, unrecorded: false };
  const change = manifestChange(applicant);
  adoptManifest(state, await localActivityFirst('Write the manifest', ({ recordManifest }) => recordManifest(change)));
  state.collection = withRecorded(state.collection);
}

/** What the manifest turned out to know goes on from there. Nothing came back from a write of 0.1.0. */
function adoptManifest(state: Applicant['state'], recorded: RecordedManifest | undefined): void {
  state.round = Math.max(state.round, recorded?.round ?? 1);
  state.revision = Math.max(state.revision, recorded?.revision ?? 0);
}

function manifestChange(applicant: Applicant) {
  const { state, input } = applicant;
  state.revision += 1;
  return {
    clientUserId: state.clientUserId,
    humanId: state.humanId,
    outcome: state.outcome,
    reason: state.reason,
    wanted: input.policy.wanted,
    detailsDigest: input.detailsDigest,
    openedAt: toIso(applicant.isInvited ? applicant.facts.timestamps.openedAtMs : null),
    closedAt: state.outcome === null ? null : toIso(Date.now()),
    documents: state.collection.documents,
    ...newDocumentsOnly(state.collection),
    missing: missingDocuments(state.collection, input.policy.wanted),
    round: state.round,
    detailsRound: state.detailsRound,
    revision: state.revision,
  };
}

/** Deletes the person upstream, or looks for them first where the create's answer is not known. Runs to its end whatever comes. */
export async function withdrawPerson(applicant: Applicant): Promise<void> {
  const { state } = applicant;
  applicant.forgetInvitation();
  state.waitingFor = 'Human API to withdraw the person';
  state.waitingUntilMs = null;
  showDetails(state);
  const humanId = state.humanId ?? (await findInvited(applicant, FIND_INVITED_FOR_MS));
  if (humanId !== null) await withdrawSubject(humanId, applicant);
  if (humanId !== null && state.humanId === null) {
    state.humanId = humanId;
    moveToStage(state, state.stage, { humanId });
  }
  state.waitingFor = null;
}

async function withdrawSubject(humanId: string, applicant: Applicant): Promise<void> {
  if ((await withdraw(humanId, applicant)) === 'deleted' || !applicant.isInvited) return;
  // Somebody who was just created may not be there yet for a delete: then they are looked for, as after any ambiguous create.
  if (Date.now() - applicant.facts.timestamps.openedAtMs >= FIND_INVITED_FOR_MS) return;
  const found = await findInvited(applicant, applicant.isCreateConfirmed ? FIND_CREATED_FOR_MS : FIND_INVITED_FOR_MS);
  if (found !== null) await withdraw(found, applicant);
}

/** Goes on until upstream itself confirms it. */
function withdraw(humanId: string, { state }: Applicant): Promise<'deleted' | 'already-gone'> {
  const call = upstreamActivities('conclude', 'Withdraw the person');
  return askUntilDecided(state, (patience) => call.withdraw({ humanId, ...patience }));
}

/** The invitation was cut off by a cancel: a create may have come through, or may yet. */
async function findInvited({ state, input }: Applicant, watchMs: number): Promise<string | null> {
  const { clientUserId, clientUserEmail } = input.details;
  const call = upstreamActivities('conclude', 'Look whether the person was invited');
  const whom = { clientUserId, clientUserEmail, watchMs };
  const found = await askUntilDecided(state, (patience) => call.findInvited({ ...whom, ...patience }));
  return found.kind === 'found' ? found.humanId : null;
}

function toIso(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}

/** Of many documents the manifest has most already; the rest joins them. */
function newDocumentsOnly({ marks }: Collection): { onlyNewDocuments?: true } {
  return Object.keys(marks).length > 0 ? { onlyNewDocuments: true } : {};
}

/**
 * Lists the reports whose notices came while the applicant was being closed: those were acknowledged, and nothing polls afterwards. What is new
 * is stored and recorded in the manifest; the outcome stands.
 */
export async function collectLateReports(applicant: Applicant): Promise<void> {
  if (!applicant.isInvited) return;
  const { state, input } = applicant;
  const untilMs = Date.now() + MAX_LATE_PERIOD_MS;
  while (state.collection.wantedAtMs !== null && Date.now() < untilMs) {
    const allowedAtMs = nextAllowedAtMs(state.collection.noticeLists, pollCadenceMs(applicant.facts, input.policy));
    const waitMs = allowedAtMs - Date.now();
    if (waitMs > 0) await sleep(waitMs, { summary: 'waiting before the reports are listed again' });
    await checkReports(applicant, 'late-notice');
    const documents = selectDownloads(state.collection, input.policy.wanted, Date.now());
    if (documents.length === 0) continue;
    await fetchConcurrently(documents, applicant);
    await writeManifest(applicant);
  }
}
