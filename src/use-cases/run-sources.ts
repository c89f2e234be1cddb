import { parseInstantMs } from '../domain/instants';
import { closedNeeds } from '../domain/needs';
import type { Reason } from '../domain/outcome';
import { type Hold, openHolds } from '../report-store/holds';
import type { Manifest } from '../report-store/port';
import type { ApplicantRecord } from '../temporal/applicant-record';
import { createApplicants } from '../temporal/applicants';
import { decodeFirstOrNull } from '../temporal/history';
import type { RunInfo } from '../temporal/runs';
import { AUTHORIZATION_MEMO, SNOOZED_UNTIL_MEMO } from '../workflows/contract';
import type { RunSources } from './applicant-view';
import { fromStore, fromTemporal, type Source } from './source';
import type { UseCaseDeps } from './use-cases';

/** What the report store has of an applicant. */
export interface RecordedApplicant {
  readonly manifest: Source<Manifest>;
  readonly hold: Source<Hold>;
}

/** @throws {KeyMissing} */
export async function readRecorded({ reportStore }: UseCaseDeps, clientUserId: string): Promise<RecordedApplicant> {
  const [manifest, hold] = await Promise.all([
    fromStore(reportStore.readManifest(clientUserId)),
    fromStore(openHolds(reportStore.shelf).read(clientUserId)),
  ]);
  return { manifest, hold };
}

/** The part of the sources that a list has too: all but the state and the pending calls. */
export async function readRunSources(
  deps: UseCaseDeps,
  run: ApplicantRecord,
  info: RunInfo,
  { manifest, hold }: RecordedApplicant,
): Promise<Omit<RunSources, 'state' | 'failingCalls' | 'isStuck' | 'nextCheckAtMs'>> {
  const closing = closingOf(run, manifest.value);
  const [memo, reason] = await Promise.all([
    readMemo(deps, info),
    closing === null && run.standing === 'ended' ? readReason(deps, run.clientUserId) : null,
  ]);
  return {
    record: closing ? asClosed(run, closing) : run,
    ...{ closing, reason, ...memo },
    manifest: manifest.value,
    isStoreMissing: manifest.isMissing,
    hold: hold.value,
    degraded: manifest.isMissing || hold.isMissing ? ['store-unavailable'] : [],
    nowMs: currentMs(deps),
  };
}

/** The manifest, if it has the closing of this run: then it answers the same after Temporal has deleted the run. */
export function closingOf({ standing, outcome, round }: ApplicantRecord, manifest: Manifest | null): Manifest | null {
  if (!manifest || manifest.outcome === null) return null;
  // The outcome in the manifest stands, although the run ends a moment later. Without a round it may be that of the round before.
  if (standing === 'open') return round === manifest.round ? manifest : null;
  if (standing !== 'ended' || manifest.outcome !== outcome) return null;
  return round === null || round === manifest.round ? manifest : null;
}

function asClosed(record: ApplicantRecord, { outcome, reason, closedAt }: Manifest): ApplicantRecord {
  if (record.standing !== 'open') return record;
  const stageSinceMs = parseInstantMs(closedAt);
  const needs = closedNeeds(reason);
  return { ...record, standing: 'ended', stage: 'closed', stageSinceMs, outcome, needs, dueAtMs: null };
}

/** Values that this client cannot decode are null. */
async function readMemo({ client }: UseCaseDeps, { execution, memo }: RunInfo) {
  const read = (key: string) => {
    const payload = memo?.fields?.[key];
    return payload ? decodeFirstOrNull(client, execution?.workflowId ?? '', [payload]) : null;
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

export function currentMs({ nowMs = Date.now }: Pick<UseCaseDeps, 'nowMs'>): number {
  return nowMs();
}
