import { isClientUserId } from '../domain/identifiers';
import { type ApplicantRecord, toApplicantRecord } from '../temporal/applicant-record';
import { nextPollAtMs, readFailingCalls } from '../temporal/pending-calls';
import { readStuckReason } from '../temporal/run-health';
import { describeRun, type RunDescription } from '../temporal/runs';
import { applicantWorkflowId } from '../workflows/contract';
import { viewOfManifest, viewOfRun } from './applicant-view';
import { NotFound, Unavailable } from './errors';
import { manifestEtag, recordEtag } from './etag';
import { readOpenState } from './open-state';
import { currentMs, type RecordedApplicant, readRecorded, readRunSources, withRecordedClosing } from './run-sources';
import { fromTemporal } from './source';
import type { UseCaseDeps } from './use-cases';
import type { Degradation, TaggedApplicant } from './views';

/** A person waits for the answer. */
const READ_TIMEOUT_MS = 3_000;

/** @throws {NotFound}; {Unavailable} if neither Temporal nor the manifest can tell; {KeyMissing} */
export async function showApplicant(deps: UseCaseDeps, clientUserId: string): Promise<TaggedApplicant> {
  const found = await findApplicant(deps, clientUserId);
  if (found) return found;
  throw new NotFound('neither Temporal nor the report store has such an applicant');
}

/** `skipState`: without the state query, for a run that has just begun. */
interface FindOptions {
  readonly skipState?: boolean;
}

/** Null if neither Temporal nor the report store has the applicant. @throws {Unavailable}; {KeyMissing} */
export async function findApplicant(
  deps: UseCaseDeps,
  clientUserId: string,
  options: FindOptions = {},
): Promise<TaggedApplicant | null> {
  if (!isClientUserId(clientUserId)) return null;
  const untilMs = Date.now() + READ_TIMEOUT_MS;
  const [described, recorded] = await Promise.all([
    fromTemporal(describeRun(deps.client, { workflowId: applicantWorkflowId(clientUserId) }, untilMs)),
    readRecorded(deps, clientUserId),
  ]);
  const description = described.value;
  const record = description && toApplicantRecord(description.workflowExecutionInfo ?? {});
  if (record) return showRun(deps, { record, description, recorded }, options);
  return showManifest(deps, described.isMissing, recorded);
}

/** An applicant that Temporal has deleted, or about which it does not answer. */
function showManifest(
  deps: UseCaseDeps,
  isTemporalMissing: boolean,
  { manifest: { value: manifest, isMissing }, hold }: RecordedApplicant,
): TaggedApplicant | null {
  if (!manifest) {
    if (isTemporalMissing) throw new Unavailable('temporal', 'nothing');
    if (isMissing) throw new Unavailable('store', 'nothing');
    return null;
  }
  const degraded: Degradation[] = [
    ...(isTemporalMissing ? (['temporal-unavailable'] as const) : []),
    ...(hold.isMissing ? (['store-unavailable'] as const) : []),
  ];
  const applicant = viewOfManifest({
    ...{ manifest, isTemporalMissing, degraded },
    hold: hold.value,
    nowMs: currentMs(deps),
  });
  return { applicant, etag: manifestEtag(manifest) };
}

interface RunRead {
  readonly record: ApplicantRecord;
  readonly description: RunDescription;
  readonly recorded: RecordedApplicant;
}

async function showRun(
  deps: UseCaseDeps,
  { record: described, description, recorded }: RunRead,
  { skipState = false }: FindOptions,
): Promise<TaggedApplicant> {
  const record = withRecordedClosing(described, recorded.manifest.value);
  const { clientUserId } = record;
  const isOpen = record.standing === 'open';
  const [state, failingCalls, isStuck, sources] = await Promise.all([
    isOpen && !skipState ? readOpenState(deps, clientUserId) : null,
    isOpen ? readFailingCalls(deps.client, clientUserId, description) : [],
    isOpen ? isRunStuck(deps, description) : record.standing === 'forced',
    readRunSources(deps, record, description.workflowExecutionInfo ?? {}, recorded),
  ]);
  const isWorkerMissing = isOpen && !skipState && state === null;
  const applicant = viewOfRun({
    ...sources,
    ...{ state, failingCalls, isStuck },
    nextCheckAtMs: nextPollAtMs(description),
    degraded: [...(isWorkerMissing ? (['no-worker'] as const) : []), ...sources.degraded],
  });
  return { applicant, etag: sources.closing ? manifestEtag(sources.closing) : recordEtag(record) };
}

/** False also if Temporal does not answer the further read: the workflow task is retried, and so is the caller's read. */
async function isRunStuck({ client }: UseCaseDeps, description: RunDescription): Promise<boolean> {
  const { value } = await fromTemporal(readStuckReason(client, description));
  return value !== null;
}
