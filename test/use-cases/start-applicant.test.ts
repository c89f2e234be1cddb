import type { Client } from '@temporalio/client';
import { StoreUnavailable } from '../../src/report-store/errors';
import { GRPC } from '../../src/temporal/rpc';
import { createUseCases } from '../../src/use-cases/create-use-cases';
import {
  DetailsConflict,
  type NotNow,
  PreconditionFailed,
  PreconditionRequired,
  type Unavailable,
} from '../../src/use-cases/errors';
import { until } from '../support/condition';
import { deferred } from '../support/deferred';
import { grpcError } from '../support/grpc-error';
import { DELETES_SOON, useTemporalServer } from '../support/temporal-server';
import { ACTOR, COLLECTED, setup } from './fixture';

const temporalServer = useTemporalServer({ extraArgs: DELETES_SOON });

test('50 identical starts at once start one run, and the audit log has a line before each', async () => {
  const { start, acts, handle, clientUserId } = setup(temporalServer());
  const started = await Promise.all(Array.from({ length: 50 }, () => start({ authorizationReference: 'AUTH-1' })));
  const results = started.map(({ result }) => result);
  expect(results.filter((result) => result === 'started')).toHaveLength(1);
  expect(results.filter((result) => result === 'running')).toHaveLength(49);
  expect(new Set(started.map(({ applicant }) => applicant.runId)).size).toBe(1);
  expect(new Set(started.map(({ etag }) => etag)).size).toBe(1);
  expect(started[0]?.applicant).toMatchObject({
    clientUserId,
    open: true,
    stage: 'inviting',
    round: 1,
    authorizationReference: 'AUTH-1',
    source: 'temporal',
    actions: { cancel: { allowed: true, why: null }, finishNow: { allowed: false, why: 'inviting' } },
  });
  const entry = { ...ACTOR, clientUserId, authorizationReference: 'AUTH-1' };
  expect(acts.slice(0, 50)).toEqual(Array(50).fill({ ...entry, did: 'start', detail: undefined }));
  expect(acts.slice(50)).toEqual(Array(49).fill({ ...entry, did: 'not-started', detail: 'running' }));
  await handle.terminate();
});

test('nothing starts without its audit line', async () => {
  const audit = { record: () => Promise.reject(new Error('disk full')) };
  const { start, handle } = setup(temporalServer(), { audit });
  await expect(start()).rejects.toThrow('disk full');
  await expect(handle.describe()).rejects.toThrow('not found');
});

test('other details are a conflict that names the fields, from the input of the run', async () => {
  const { start, handle, details, acts } = setup(temporalServer());
  await start();
  const other = { ...details, clientUserEmail: 'else@example.org', dateOfBirth: '1980-01-01' };
  const error = await start({ details: other }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DetailsConflict);
  expect(error).toMatchObject({ differs: ['clientUserEmail', 'dateOfBirth'], current: { open: true } });
  expect(JSON.stringify(error)).not.toContain('else@');
  expect(acts.at(-1)).toMatchObject({ did: 'not-started', detail: 'details-conflict' });
  await handle.terminate();
});

test('a closed applicant stays closed after Temporal has deleted the run, with the same entity tag', async () => {
  const { start, close, details, client, useCases, clientUserId, handle, store } = setup(temporalServer());
  await start();
  await close();
  const known = await useCases.show(clientUserId);
  expect(known.applicant).toMatchObject({ open: false, outcome: 'collected', source: 'temporal', degraded: [] });
  expect(await start()).toMatchObject({ result: 'closed', etag: known.etag });
  // With the store away the search attributes give the same tag.
  const readManifest = store.readManifest;
  store.readManifest = () => Promise.reject(new StoreUnavailable('EIO', 'read'));
  expect(await useCases.show(clientUserId)).toMatchObject({
    etag: known.etag,
    applicant: { outcome: 'collected', documents: null, degraded: ['store-unavailable'] },
  });
  expect(await start()).toMatchObject({ result: 'closed', etag: known.etag });
  store.readManifest = readManifest;

  const { runId } = await handle.describe();
  const workflowExecution = { workflowId: `applicant-${clientUserId}`, runId };
  await client.workflowService.deleteWorkflowExecution({ namespace: 'default', workflowExecution });
  await until('the run to be deleted', () =>
    handle.describe().then(
      () => false,
      () => true,
    ),
  );
  expect(await start()).toMatchObject({ result: 'closed', etag: known.etag, applicant: { source: 'manifest' } });
  expect(await useCases.show(clientUserId)).toMatchObject({ etag: known.etag });
  await expect(start({ details: { ...details, firstName: 'Moritz' } })).rejects.toMatchObject({ differs: null });
  store.readManifest = () => Promise.reject(new StoreUnavailable('EIO', 'read'));
  await expect(start()).rejects.toMatchObject({ what: 'store', done: 'nothing' } satisfies Partial<Unavailable>);
});

test('again begins the next round once for an entity tag, however many callers send it, and with corrected details', async () => {
  const { start, close, details, useCases, clientUserId, acts, handle } = setup(temporalServer());
  await start();
  const open = await useCases.show(clientUserId);
  await expect(start({ again: true })).rejects.toBeInstanceOf(PreconditionRequired);
  await expect(start({ again: true, ifMatch: open.etag })).rejects.toMatchObject({
    why: 'open',
  } satisfies Partial<NotNow>);
  await close();
  await expect(start({ again: true, ifMatch: open.etag })).rejects.toBeInstanceOf(PreconditionFailed);
  const { etag } = await useCases.show(clientUserId);
  const corrected = { ...details, firstName: 'Maximilian' };
  const tries = await Promise.allSettled(
    Array.from({ length: 10 }, () => start({ again: true, ifMatch: etag, details: corrected })),
  );
  const begun = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  expect(begun).toMatchObject([{ result: 'started', applicant: { round: 2, open: true } }]);
  for (const one of tries)
    if (one.status === 'rejected')
      expect(one.reason).toMatchObject({ kind: 'precondition-failed', current: { round: 2 } });
  expect(acts.at(-1)).toMatchObject({ did: 'not-started', detail: 'precondition-failed' });
  await handle.terminate();
});

test('a caller whose start is delayed until the round of another caller has ended begins no other', async () => {
  const { start, close, useCases, clientUserId, deps, command, handle } = setup(temporalServer());
  await start();
  await close();
  const { etag } = await useCases.show(clientUserId);
  const { client, reached, release } = holdStarts(deps.client);
  const again = command({ again: true, ifMatch: etag });
  const late = createUseCases({ ...deps, client }).start(again, ACTOR);
  await reached;
  await useCases.start(again, ACTOR);
  const { runId } = await handle.describe();
  await close({ round: 2, closedAt: '2026-03-03T10:00:00.000Z' });
  release();
  await expect(late).rejects.toMatchObject({ kind: 'precondition-failed', current: { round: 2, open: false } });
  expect((await handle.describe()).runId).toBe(runId);
});

test('without the key of a recorded digest the workflow compares the details', async () => {
  const { writeManifest, deps, command, handle } = setup(temporalServer());
  await writeManifest(COLLECTED);
  const { start } = createUseCases({ ...deps, digestKeys: { keys: [], clientSecret: null } });
  expect(await start(command(), ACTOR)).toMatchObject({ result: 'started' });
  await handle.terminate();
});

test('a start waits for Temporal for at most 5 s', async () => {
  const { client, deps, command } = setup(temporalServer());
  const deadlinesMs: number[] = [];
  const withDeadline = (untilMs: number) => {
    deadlinesMs.push(untilMs);
    return Promise.reject(grpcError(GRPC.UNAVAILABLE));
  };
  const silent = Object.create(client, { withDeadline: { value: withDeadline } });
  const starting = createUseCases({ ...deps, client: silent }).start(command(), ACTOR);
  await expect(starting).rejects.toMatchObject({ what: 'temporal', done: 'unknown' });
  expect(deadlinesMs).toHaveLength(1);
  expect(deadlinesMs[0]).toBeLessThanOrEqual(Date.now() + 5_000);
});

/** A client that holds each start until `release`. */
function holdStarts(client: Client) {
  const reached = deferred();
  const released = deferred();
  const start = async (...args: Parameters<Client['workflow']['start']>) => {
    reached.resolve();
    await released.promise;
    return client.workflow.start(...args);
  };
  const workflow = Object.create(client.workflow, { start: { value: start } }) as Client['workflow'];
  const held = Object.create(client, { workflow: { value: workflow } }) as Client;
  return { client: held, reached: reached.promise, release: released.resolve };
}
