import { isClientUserId } from '../domain/identifiers';
import { parseInstantMs } from '../domain/instants';
import type { Reason } from '../domain/outcome';
import { type Hold, openHolds } from '../report-store/holds';
import type { Manifest } from '../report-store/port';
import { type ApplicantRecord, toApplicantRecord } from '../temporal/applicant-record';
import { createApplicants } from '../temporal/applicants';
import { decodeFirstOrNull } from '../temporal/history';
import { readFailingCalls } from '../temporal/pending-calls';
import { readStuckReason } from '../temporal/run-health';
import { describeRun, type RunDescription } from '../temporal/runs';
import { AUTHORIZATION_MEMO, applicantWorkflowId, SNOOZED_UNTIL_MEMO } from '../workflows/contract';
import { type RunSources, viewOfManifest, viewOfRun } from './applicant-view';
import { NotFound, Unavailable } from './errors';
import { manifestEtag, recordEtag } from './etag';
import { readOpenState } from './open-state';
import { fromStore, fromTemporal, type Source } from './source';
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
  const [described, manifest, hold] = await Promise.all([
    fromTemporal(describeRun(deps.client, { workflowId: applicantWorkflowId(clientUserId) }, untilMs)),
    fromStore(deps.reportStore.readManifest(clientUserId)),
    fromStore(openHolds(deps.reportStore.shelf).read(clientUserId)),
  ]);
  const description = described.value;
  const record = description && toApplicantRecord(description.workflowExecutionInfo ?? {});
  if (record) return showRun(deps, { record, description, manifest, hold }, options);
  return showManifest(deps, described.isMissing, manifest, hold);
}

/** An applicant whom Temporal has deleted, or does not tell about. */
function showManifest(
  deps: UseCaseDeps,
  isTemporalMissing: boolean,
  { value: manifest, isMissing }: Source<Manifest>,
  hold: Source<Hold>,
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
    nowMs: nowMs(deps),
  });
  return { applicant, etag: manifestEtag(manifest) };
}

interface RunRead {
  readonly record: ApplicantRecord;
  readonly description: RunDescription;
  readonly manifest: Source<Manifest>;
  readonly hold: Source<Hold>;
}

async function showRun(deps: UseCaseDeps, read: RunRead, { skipState = false }: FindOptions): Promise<TaggedApplicant> {
  const { description, manifest, hold } = read;
  const closing = closingOf(read.record, manifest.value);
  const record = closing ? asClosed(read.record, closing) : read.record;
  const { clientUserId } = record;
  const isOpen = record.standing === 'open';
  const [state, failingCalls, isStuck, memo, reason] = await Promise.all([
    isOpen && !skipState ? readOpenState(deps, clientUserId) : null,
    isOpen ? readFailingCalls(deps.client, clientUserId, description) : [],
    isOpen ? isRunStuck(deps, description) : record.standing === 'forced',
    readMemo(deps, description, clientUserId),
    closing === null && record.standing === 'ended' ? readReason(deps, clientUserId) : null,
  ]);
  const degraded: Degradation[] = [
    ...(isOpen && !skipState && state === null ? (['no-worker'] as const) : []),
    ...(manifest.isMissing || hold.isMissing ? (['store-unavailable'] as const) : []),
  ];
  const sources: RunSources = {
    ...{ record, description, state, failingCalls, isStuck, closing, reason, degraded },
    ...memo,
    manifest: manifest.value,
    isStoreMissing: manifest.isMissing,
    hold: hold.value,
    nowMs: nowMs(deps),
  };
  return { applicant: viewOfRun(sources), etag: closing ? manifestEtag(closing) : recordEtag(record) };
}

/** The manifest, if it has the closing of this run: then it answers the same after Temporal has deleted the run. */
function closingOf({ standing, outcome, round }: ApplicantRecord, manifest: Manifest | null): Manifest | null {
  if (!manifest || manifest.outcome === null) return null;
  // The outcome in the manifest stands, although the run ends a moment later. Without a round it may be that of the round before.
  if (standing === 'open') return round === manifest.round ? manifest : null;
  if (standing !== 'ended' || manifest.outcome !== outcome) return null;
  return round === null || round === manifest.round ? manifest : null;
}

function asClosed(record: ApplicantRecord, { outcome, closedAt }: Manifest): ApplicantRecord {
  if (record.standing !== 'open') return record;
  return { ...record, standing: 'ended', stage: 'closed', stageSinceMs: parseInstantMs(closedAt), outcome };
}

/** False also if Temporal does not answer the further read: the workflow task is retried, and so is the caller's read. */
async function isRunStuck({ client }: UseCaseDeps, description: RunDescription): Promise<boolean> {
  const { value } = await fromTemporal(readStuckReason(client, description));
  return value !== null;
}

/** Values that this client cannot decode are null. */
async function readMemo({ client }: UseCaseDeps, { workflowExecutionInfo }: RunDescription, clientUserId: string) {
  const fields = workflowExecutionInfo?.memo?.fields ?? {};
  const read = (key: string) => {
    const payload = fields[key];
    return payload ? decodeFirstOrNull(client, applicantWorkflowId(clientUserId), [payload]) : null;
  };
  const [reference, until] = await Promise.all([read(AUTHORIZATION_MEMO), read(SNOOZED_UNTIL_MEMO)]);
  return {
    authorizationReference: typeof reference === 'string' ? reference : null,
    snoozedUntilMs: typeof until === 'number' ? until : null,
  };
}

/** The reason in the result of a run. */
async function readReason(deps: UseCaseDeps, clientUserId: string): Promise<Reason | null> {
  const { value } = await fromTemporal(createApplicants(deps).read(clientUserId));
  return value?.reason ?? null;
}

export function nowMs({ nowMs: now = Date.now }: Pick<UseCaseDeps, 'nowMs'>): number {
  return now();
}
