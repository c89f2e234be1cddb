import { createKeyedDigest } from '../../src/report-store/keyed-digest';
import type { ManifestChange } from '../../src/report-store/port';
import { detailsDigest } from '../../src/temporal/details';
import { createUseCases } from '../../src/use-cases/create-use-cases';
import type { StartCommand, UseCaseDeps } from '../../src/use-cases/use-cases';
import { change } from '../report-store/fixtures';
import { until } from '../support/condition';
import { DIGEST_KEYS } from '../support/fake-store';
import { FakeUpstream } from '../support/fake-upstream';
import type { useTemporalServer } from '../support/temporal-server';
import { startWorkers } from '../support/workers';
import { useCaseDeps } from './deps';
import { type Attributes, completeRun, upsertAttributes } from './played-worker';

export const ACTOR = { who: 'intake-1', onBehalfOf: 'user-7' };
/** The manifest of a round that has ended. */
export const COLLECTED = {
  outcome: 'collected',
  closedAt: '2026-03-02T10:00:00.000Z',
  round: 1,
  revision: 1,
} as const;
let count = 0;

/** The use cases of a new applicant in a task queue of its own. Without `startWorker`, `upsert` and `close` play the worker. */
export function setup(server: ReturnType<ReturnType<typeof useTemporalServer>>, more: Partial<UseCaseDeps> = {}) {
  const { client, address } = server;
  count += 1;
  const clientUserId = `POL-${count}`;
  const taskQueue = `queue-${count}`;
  const { deps, store, acts } = useCaseDeps(client, { taskQueue, ...more });
  const details = { clientUserId, clientUserEmail: 'max@example.org', firstName: 'Max' };
  const command = (change: Partial<StartCommand> = {}): StartCommand => ({
    details,
    autoInvite: true,
    again: false,
    ifMatch: null,
    ...change,
  });
  const writeManifest = (changed: Partial<ManifestChange> = {}) =>
    store.updateManifest(
      change({ clientUserId, detailsDigest: createKeyedDigest(DIGEST_KEYS, detailsDigest(details)), ...changed }),
    );
  const useCases = createUseCases(deps);
  return {
    client,
    clientUserId,
    taskQueue,
    store,
    acts,
    deps,
    details,
    command,
    useCases,
    writeManifest,
    handle: client.workflow.getHandle(`applicant-${clientUserId}`),
    /** Returns what stops the workers. */
    startWorker: (upstream = new FakeUpstream()) =>
      startWorkers({ address, client, taskQueue, upstream, reportStore: store }),
    start: (change: Partial<StartCommand> = {}) => useCases.start(command(change), ACTOR),
    upsert: (attributes: Attributes) => upsertAttributes(deps, attributes),
    /** Closes the run, and writes the manifest as the workflow does. */
    close: async (changed: Partial<ManifestChange> = {}) => {
      const manifest = await writeManifest({ ...COLLECTED, ...changed });
      const { outcome, reason, round } = manifest;
      const attributes = {
        ApplicantStage: 'closed',
        ApplicantStageSince: new Date(manifest.closedAt ?? COLLECTED.closedAt),
        ApplicantOutcome: outcome,
        ApplicantRound: round,
        ApplicantNeeds: reason === 'conflict' ? ['conflict'] : [],
      };
      await completeRun(deps, attributes, { outcome, reason, documents: 0 });
      return manifest;
    },
  };
}

/** Starts the applicant with a worker, and runs `work` when the person is invited. */
export async function withInvited(
  { start, startWorker, useCases, clientUserId }: Setup,
  work: (upstream: FakeUpstream) => Promise<void>,
): Promise<void> {
  const upstream = new FakeUpstream();
  const stop = await startWorker(upstream);
  try {
    await start();
    await until('the invitation', async () => (await useCases.show(clientUserId)).applicant.stage === 'invited');
    await work(upstream);
  } finally {
    await stop();
  }
}

export type Setup = ReturnType<typeof setup>;
