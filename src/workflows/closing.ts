import { sleep } from '@temporalio/workflow';
import type { RecordedManifest } from '../activities/manifests';
import type { Collection } from '../domain/collection';
import { selectDownloads, withRecorded } from '../domain/collection-documents';
import { pollCadenceMs } from '../domain/facts';
import { missingDocuments } from '../domain/missing-documents';
import type { Conclusion } from '../domain/outcome';
import { DAY_MS } from '../domain/policy';
import { nextAllowedAtMs } from '../domain/rate-limit';
import { checkDelaysMs, isStillConnected } from '../domain/refresh';
import { internalActivities, localActivityFirst, upstreamActivities } from './activity-calls';
import type { Applicant } from './applicant';
import { fetchConcurrently } from './documents';
import { askUntilDecided } from './undecided';
import { listReports } from './upstream-calls';

/** How long a flood of notices can delay the end of the run. */
const MAX_LATE_PERIOD_MS = DAY_MS;
/** How long to look for the person after a create without an answer, which may still take effect. */
const FIND_INVITED_FOR_MS = 60_000;
/** The same after a create that upstream confirmed: only its reads may lag. */
const FIND_CREATED_FOR_MS = 30_000;

/** Ends the applicant: writes the outcome into the manifest, and shows it. */
export async function closeApplicant(
  applicant: Applicant,
  { outcome, reason }: Pick<Conclusion, 'outcome' | 'reason'>,
): Promise<void> {
  const { state } = applicant;
  applicant.forgetInvitation();
  state.outcome = outcome;
  state.reason = reason;
  await recordOutcome(applicant, checkDelays(applicant));
  applicant.moveToStage('closed', { outcome });
  applicant.showDetails();
}

/** When to list the reports again, in ms after the closing; empty for a withdrawn person. */
function checkDelays(applicant: Applicant): readonly number[] {
  const { state, input } = applicant;
  if (!applicant.isInvited || !isStillConnected(state.outcome, state.reason)) return [];
  return checkDelaysMs(input.policy.refreshCheckAfterMs, applicant.facts.due.jitter);
}

/**
 * Writes the outcome into the manifest, and schedules the checks. Not a local activity, whose result may get lost: a cancel request could then undo an
 * outcome that is written.
 */
async function recordOutcome(applicant: Applicant, checkAfterMs: readonly number[] = []): Promise<void> {
  const { state } = applicant;
  const checks = checkAfterMs.length > 0 && { checkAfterMs };
  for (;;) {
    const { round } = state;
    const recorded = await internalActivities('Write the manifest').recordManifest({
      ...manifestChange(applicant),
      ...checks,
    });
    syncRevision(state, recorded);
    state.collection = withRecorded(state.collection);
    // After a restore of Temporal or a terminated run, the manifest may have a newer revision: write again, but not over a later round.
    if (!recorded || recorded.outcome === state.outcome || (recorded.round ?? 1) > round) return;
  }
}

/** Writes the documents collected so far into the manifest. */
export async function recordDocuments(applicant: Applicant): Promise<void> {
  const { state } = applicant;
  const change = manifestChange(applicant);
  syncRevision(state, await localActivityFirst('Write the manifest', ({ recordManifest }) => recordManifest(change)));
  state.collection = withRecorded(state.collection);
}

/** `recorded` undefined: a worker of 0.1.0 wrote the manifest. */
function syncRevision(state: Applicant['state'], recorded: RecordedManifest | undefined): void {
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

/** Deletes the person upstream. Looks for them first if the answer to the create is unknown. */
export async function withdrawPerson(applicant: Applicant): Promise<void> {
  const { state } = applicant;
  applicant.forgetInvitation();
  state.waitingFor = 'Human API to withdraw the person';
  state.waitingUntilMs = null;
  applicant.showDetails();
  const humanId = state.humanId ?? (await findInvited(applicant, FIND_INVITED_FOR_MS));
  if (humanId !== null) await withdrawAndRecheck(humanId, applicant);
  if (humanId !== null && state.humanId === null) {
    state.humanId = humanId;
    applicant.moveToStage(state.stage, { humanId });
  }
  state.waitingFor = null;
}

async function withdrawAndRecheck(humanId: string, applicant: Applicant): Promise<void> {
  if ((await withdraw(humanId, applicant)) === 'deleted' || !applicant.isInvited) return;
  // Upstream may not find a person that it created a moment ago.
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

function toIso(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}

/** With many documents the state holds only the ones that are not in the manifest yet. */
function newDocumentsOnly({ marks }: Collection): { onlyNewDocuments?: true } {
  return Object.keys(marks).length > 0 ? { onlyNewDocuments: true } : {};
}

/** Collects the reports whose notices came during the closing, because no poll would find them later. The outcome stands. */
export async function collectLateReports(applicant: Applicant): Promise<void> {
  if (!applicant.isInvited) return;
  const { state, input } = applicant;
  const untilMs = Date.now() + MAX_LATE_PERIOD_MS;
  while (state.collection.wantedAtMs !== null && Date.now() < untilMs) {
    const allowedAtMs = nextAllowedAtMs(state.collection.noticeLists, pollCadenceMs(applicant.facts, input.policy));
    const waitMs = allowedAtMs - Date.now();
    if (waitMs > 0) await sleep(waitMs, { summary: 'waiting for the rate limit of lists' });
    await listReports(applicant, 'late-notice');
    const documents = selectDownloads(state.collection, input.policy.wanted, Date.now());
    if (documents.length === 0) continue;
    await fetchConcurrently(documents, applicant);
    await recordOutcome(applicant);
  }
}
