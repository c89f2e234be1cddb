import { isClientUserId } from '../domain/identifiers';
import { type ApplicantRecord, toApplicantRecord } from '../temporal/applicant-record';
import { nextPollAtMs, readFailingCalls } from '../temporal/pending-calls';
import { readStuckReason } from '../temporal/run-health';
import { describeRun, type RunDescription } from '../temporal/runs';
import { applicantWorkflowId } from '../workflows/contract';
import { needsOf } from './applicant-needs';
import { viewOfManifest, viewOfRun } from './applicant-view';
import { NotFound, Unavailable } from './errors';
import { manifestEtag, recordEtag } from './etag';
import { readOpenState } from './open-state';
import { tryReadTemporal } from './read-attempt';
import {
  currentMs,
  readRunSources,
  readStoredApplicant,
  type StoredApplicant,
  withRecordedClosing,
} from './run-sources';
import type { UseCaseDeps } from './use-cases';
import type { Degradation, TaggedApplicant } from './views';

/** A person waits for the answer. */
const READ_TIMEOUT_MS = 3_000;

/** @throws {NotFound}; {Unavailable} if neither Temporal nor the store answers; {KeyMissing} for the state of an open applicant */
export async function showApplicant(deps: UseCaseDeps, clientUserId: string): Promise<TaggedApplicant> {
  const found = await findApplicant(deps, clientUserId);
  if (found) return found;
  throw new NotFound();
}

/** As {@link showApplicant}. @throws {Unavailable} also if Temporal does not answer, because the manifest cannot show whether a round is open */
export async function showFromTemporal(deps: UseCaseDeps, clientUserId: string): Promise<TaggedApplicant> {
  const shown = await showApplicant(deps, clientUserId);
  if (shown.applicant.degraded.includes('temporal-unavailable')) throw new Unavailable('temporal', 'nothing');
  return shown;
}

/** `skipState`: skips the state query, because the run has just begun. */
interface FindOptions {
  readonly skipState?: boolean;
}

/** Null if neither Temporal nor the report store has the applicant. @throws as {@link showApplicant} */
export async function findApplicant(
  deps: UseCaseDeps,
  clientUserId: string,
  options: FindOptions = {},
): Promise<TaggedApplicant | null> {
  if (!isClientUserId(clientUserId)) return null;
  const untilMs = Date.now() + READ_TIMEOUT_MS;
  const [described, stored] = await Promise.all([
    tryReadTemporal(describeRun(deps.client, { workflowId: applicantWorkflowId(clientUserId) }, untilMs)),
    readStoredApplicant(deps, clientUserId),
  ]);
  const description = described.value;
  const record = description && toApplicantRecord(description.workflowExecutionInfo ?? {});
  if (record) return showRun(deps, { record, description, stored }, options);
  return showManifest(deps, described.isMissing, stored);
}

/** An applicant that Temporal has deleted, or about which it does not answer. */
function showManifest(
  deps: UseCaseDeps,
  isTemporalMissing: boolean,
  { manifest: { value: manifest, isMissing }, hold }: StoredApplicant,
): TaggedApplicant | null {
  if (!manifest) {
    if (isTemporalMissing) throw new Unavailable('temporal', 'nothing');
    if (isMissing) throw new Unavailable('store', 'nothing');
    return null;
  }
  const degraded: Degradation[] = [];
  if (isTemporalMissing) degraded.push('temporal-unavailable');
  if (hold.isMissing) degraded.push('store-unavailable');
  const applicant = viewOfManifest({
    manifest,
    isTemporalMissing,
    degraded,
    hold: hold.value,
    nowMs: currentMs(deps),
  });
  return { applicant, etag: manifestEtag(manifest) };
}

interface RunRead {
  readonly record: ApplicantRecord;
  readonly description: RunDescription;
  readonly stored: StoredApplicant;
}

async function showRun(
  deps: UseCaseDeps,
  { record: described, description, stored }: RunRead,
  { skipState = false }: FindOptions,
): Promise<TaggedApplicant> {
  const record = withRecordedClosing(described, stored.manifest.value);
  const { clientUserId } = record;
  const isOpen = record.standing === 'open';
  const [state, failingCalls, isStuck, sources] = await Promise.all([
    isOpen && !skipState ? readOpenState(deps, clientUserId) : null,
    isOpen ? readFailingCalls(deps.client, clientUserId, description) : [],
    isOpen ? isRunStuck(deps, description) : record.standing === 'forced',
    readRunSources(deps, record, description.workflowExecutionInfo ?? {}, stored),
  ]);
  const degraded: Degradation[] = [...sources.degraded];
  if (isOpen && !skipState && state === null) degraded.unshift('no-worker');
  const applicant = viewOfRun({
    ...sources,
    state,
    failingCalls,
    isStuck,
    nextCheckAtMs: nextPollAtMs(description),
    degraded,
  });
  const etag = sources.closing
    ? manifestEtag(sources.closing)
    : recordEtag(record, needsOf(record, isStuck, sources.nowMs));
  return { applicant, etag };
}

/** False also if Temporal does not answer this read. A run that is stuck stays so, and the next read of the caller shows it. */
async function isRunStuck({ client }: UseCaseDeps, description: RunDescription): Promise<boolean> {
  const { value } = await tryReadTemporal(readStuckReason(client, description));
  return value !== null;
}
