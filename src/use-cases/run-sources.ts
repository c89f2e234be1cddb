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
import { type ReadAttempt, tryReadStore, tryReadTemporal } from './read-attempt';
import type { UseCaseDeps } from './use-cases';

/** What the report store has of an applicant. */
export interface StoredApplicant {
  readonly manifest: ReadAttempt<Manifest>;
  readonly hold: ReadAttempt<Hold>;
}

export async function readStoredApplicant(
  { reportStore }: UseCaseDeps,
  clientUserId: string,
): Promise<StoredApplicant> {
  const [manifest, hold] = await Promise.all([
    tryReadStore(reportStore.readManifest(clientUserId)),
    tryReadStore(openHolds(reportStore.shelf).read(clientUserId)),
  ]);
  return { manifest, hold };
}

/** The part of the sources that a list has too: all but the state and the pending calls. */
export async function readRunSources(
  deps: UseCaseDeps,
  record: ApplicantRecord,
  info: RunInfo,
  { manifest, hold }: StoredApplicant,
): Promise<Omit<RunSources, 'state' | 'failingCalls' | 'isStuck' | 'nextCheckAtMs'>> {
  const closing = closingOf(record, manifest.value);
  const [{ authorizationReference, snoozedUntilMs }, reason] = await Promise.all([
    readMemo(deps, info),
    closing === null && record.standing === 'ended' ? readReason(deps, record.clientUserId) : null,
  ]);
  return {
    record,
    closing,
    reason,
    authorizationReference,
    snoozedUntilMs,
    manifest: manifest.value,
    isStoreMissing: manifest.isMissing,
    hold: hold.value,
    degraded: manifest.isMissing || hold.isMissing ? ['store-unavailable'] : [],
    nowMs: currentMs(deps),
  };
}

/** The manifest, if it has the closing of this run: then it answers the same after Temporal has deleted the run. */
function closingOf({ standing, outcome, round }: ApplicantRecord, manifest: Manifest | null): Manifest | null {
  if (standing !== 'ended' || outcome === null || manifest?.outcome !== outcome) return null;
  return round === null || round === manifest.round ? manifest : null;
}

/** A run whose outcome is recorded is closed, whether it ends a moment later or was ended by force: the outcome stands. */
export function withRecordedClosing(record: ApplicantRecord, manifest: Manifest | null): ApplicantRecord {
  // Without a round, the outcome may be that of the round before.
  if (record.standing === 'ended' || !manifest || manifest.outcome === null || manifest.round !== record.round)
    return record;
  const { outcome, reason, closedAt } = manifest;
  const closed = { standing: 'ended', stage: 'closed', outcome, dueAtMs: null } as const;
  return { ...record, ...closed, stageSinceMs: parseInstantMs(closedAt), needs: closedNeeds(reason) };
}

/** Values that this client cannot decode are null. */
export async function readMemo({ client }: UseCaseDeps, { execution, memo }: RunInfo) {
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
  const { value } = await tryReadTemporal(createApplicants(deps).read(clientUserId));
  return value?.reason ?? null;
}

export function currentMs({ nowMs = Date.now }: Pick<UseCaseDeps, 'nowMs'>): number {
  return nowMs();
}
