import type { Client } from '@temporalio/client';
import type { ApplicantRun } from '../domain/applicant-run';
import { countCurrentDocuments } from '../domain/collection';
import type { Outcome, Reason, Stage } from '../domain/outcome';
import { type Applicants, createApplicants } from '../temporal/applicants';
import { listApplicantRuns } from '../temporal/runs';

/** The state of an applicant at one moment. Null: not set, or the worker did not answer. */
export interface ApplicantSnapshot {
  readonly clientUserId: string;
  readonly startedAtMs: number;
  readonly stage: Stage | null;
  readonly waitingFor: string | null;
  readonly waitingUntilMs: number | null;
  /** Set when the applicant has closed. */
  readonly outcome: Outcome | null;
  readonly reason: Reason | null;
  /** The number of current documents. */
  readonly documents: number | null;
}

/** What snapshots are read from. */
export interface SnapshotSource extends Pick<Applicants, 'read' | 'readState'> {
  /** The open applicants and the last closed ones; some seconds late. */
  list(): Promise<readonly ApplicantRun[]>;
}

const MAX_LISTED = 100;
/** A run that just started has no answer yet, and a terminated run never has one. */
const CALL_TIMEOUT_MS = 3_000;

/** The applicants of a task queue in Temporal. */
export function createSnapshotSource(client: Client, taskQueue: string): SnapshotSource {
  const applicants = createApplicants({ client, taskQueue });
  return {
    list: () => listApplicantRuns(client, taskQueue, MAX_LISTED),
    read: (clientUserId) => applicants.read(clientUserId, Date.now() + CALL_TIMEOUT_MS),
    readState: (clientUserId) => applicants.readState(clientUserId, Date.now() + CALL_TIMEOUT_MS),
  };
}

/** Reads the listed applicants and those of `extraIds`. It reads a closed run once, because each answer costs the worker a replay. */
export function createSnapshotReader(
  source: SnapshotSource,
): (extraIds: readonly string[]) => Promise<readonly ApplicantSnapshot[]> {
  const closed = new Map<string, ApplicantSnapshot>();
  return async (extraIds) => {
    const listed = await source.list();
    const listedIds = new Set(listed.map(({ clientUserId }) => clientUserId));
    const missingIds = extraIds.filter((clientUserId) => !listedIds.has(clientUserId));
    const extra = await Promise.all(missingIds.map((clientUserId) => source.read(clientUserId).catch(() => null)));
    return Promise.all([...listed, ...extra.flatMap((run) => run ?? [])].map(readSnapshot));
  };

  async function readSnapshot(run: ApplicantRun): Promise<ApplicantSnapshot> {
    const cached = closed.get(run.runId);
    if (cached) return cached;
    const snapshot = await snapshotFromState(run).catch(() => snapshotFromListing(run));
    if (snapshot.stage === 'closed' && snapshot.documents !== null) closed.set(run.runId, snapshot);
    return snapshot;
  }

  async function snapshotFromState({ clientUserId, startedAtMs }: ApplicantRun): Promise<ApplicantSnapshot> {
    const state = await source.readState(clientUserId);
    const { stage, waitingFor, waitingUntilMs } = state;
    // Before the stage is `closed`, the manifest may not be written yet.
    const { outcome, reason } = stage === 'closed' ? state : { outcome: null, reason: null };
    const documents = state.documentCount ?? countCurrentDocuments(state.collection.documents);
    return { clientUserId, startedAtMs, stage, waitingFor, waitingUntilMs, outcome, reason, documents };
  }

  async function snapshotFromListing({ clientUserId, startedAtMs, stage, outcome, standing }: ApplicantRun) {
    const summary = standing === 'open' ? null : await source.read(clientUserId).catch(() => null);
    const unknown = { waitingFor: null, waitingUntilMs: null, documents: null };
    return { clientUserId, startedAtMs, stage, outcome, reason: summary?.reason ?? null, ...unknown };
  }
}
