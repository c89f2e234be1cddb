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
import { checkReports } from './checks';
import { fetchConcurrently } from './documents';
import { askUntilDecided } from './undecided';

/** A flood of notices does not delay the end of the run longer than this. */
const MAX_LATE_PERIOD_MS = DAY_MS;
/** How long to look for the person after a create without an answer. */
const FIND_INVITED_FOR_MS = 60_000;
/** The same after a create that upstream confirmed: its reads may lag. */
const FIND_CREATED_FOR_MS = 30_000;

/** Records how the applicant ended in the manifest, and shows it. */
export async function closeApplicant(
  applicant: Applicant,
  { outcome, reason }: Pick<Conclusion, 'outcome' | 'reason'>,
): Promise<void> {
  const { state } = applicant;
  applicant.forgetInvitation();
  state.outcome = outcome;
  state.reason = reason;
  await writeManifest(applicant, checkDelays(applicant));
  applicant.moveToStage('closed', { outcome });
  applicant.showDetails();
}

/** When the reports are listed again, in ms after the closing; empty for a withdrawn person. */
function checkDelays(applicant: Applicant): readonly number[] {
  const { state, input } = applicant;
  if (!applicant.isInvited || !isStillConnected(state.outcome, state.reason)) return [];
  return checkDelaysMs(input.policy.refreshCheckAfterMs, applicant.facts.checks.jitter);
}

/** Writes the outcome into the manifest, and schedules the checks. Not a local activity: a cancel request could undo a conclusion that is written. */
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
    // Writes again over a manifest that is newer than this run knew (a restored Temporal, a terminated run), but not over a later round.
    if (!recorded || recorded.outcome === state.outcome || (recorded.round ?? 1) > round) return;
  }
}

/** Writes the documents collected so far into the manifest. */
export async function recordDocuments(applicant: Applicant): Promise<void> {
  const { state } = applicant;
  const change = manifestChange(applicant);
  adoptManifest(state, await localActivityFirst('Write the manifest', ({ recordManifest }) => recordManifest(change)));
  state.collection = withRecorded(state.collection);
}

/** A write by a worker of 0.1.0 returned nothing. */
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

/** Deletes the person upstream; looks for them first if the create has no known answer. */
export async function withdrawPerson(applicant: Applicant): Promise<void> {
  const { state } = applicant;
  applicant.forgetInvitation();
  state.waitingFor = 'Human API to withdraw the person';
  state.waitingUntilMs = null;
  applicant.showDetails();
  const humanId = state.humanId ?? (await findInvited(applicant, FIND_INVITED_FOR_MS));
  if (humanId !== null) await withdrawSubject(humanId, applicant);
  if (humanId !== null && state.humanId === null) {
    state.humanId = humanId;
    applicant.moveToStage(state.stage, { humanId });
  }
  state.waitingFor = null;
}

async function withdrawSubject(humanId: string, applicant: Applicant): Promise<void> {
  if ((await withdraw(humanId, applicant)) === 'deleted' || !applicant.isInvited) return;
  // A delete may not find a person who was created just now.
  if (Date.now() - applicant.facts.timestamps.openedAtMs >= FIND_INVITED_FOR_MS) return;
  const found = await findInvited(applicant, applicant.isCreateConfirmed ? FIND_CREATED_FOR_MS : FIND_INVITED_FOR_MS);
  if (found !== null) await withdraw(found, applicant);
}

/** Repeats until upstream confirms it. */
function withdraw(humanId: string, applicant: Applicant): Promise<'deleted' | 'already-gone'> {
  const call = upstreamActivities('conclude', 'Withdraw the person');
  return askUntilDecided(applicant, (patience) => call.withdraw({ humanId, ...patience }));
}

/** A create that a cancel request interrupted may still take effect. */
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

/** With many documents the manifest has the others already. */
function newDocumentsOnly({ marks }: Collection): { onlyNewDocuments?: true } {
  return Object.keys(marks).length > 0 ? { onlyNewDocuments: true } : {};
}

/** Collects the reports whose notices came during the closing, because nothing polls afterwards. The outcome stands. */
export async function collectLateReports(applicant: Applicant): Promise<void> {
  if (!applicant.isInvited) return;
  const { state, input } = applicant;
  const untilMs = Date.now() + MAX_LATE_PERIOD_MS;
  while (state.collection.wantedAtMs !== null && Date.now() < untilMs) {
    const allowedAtMs = nextAllowedAtMs(state.collection.noticeLists, pollCadenceMs(applicant.facts, input.policy));
    const waitMs = allowedAtMs - Date.now();
    if (waitMs > 0) await sleep(waitMs, { summary: 'waiting for the rate limit of lists' });
    await checkReports(applicant, 'late-notice');
    const documents = selectDownloads(state.collection, input.policy.wanted, Date.now());
    if (documents.length === 0) continue;
    await fetchConcurrently(documents, applicant);
    await writeManifest(applicant);
  }
}
