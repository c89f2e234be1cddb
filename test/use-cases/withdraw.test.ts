import { GRPC } from '../../src/temporal/rpc';
import { createUseCases } from '../../src/use-cases/create-use-cases';
import { until } from '../support/condition';
import { FakeUpstream } from '../support/fake-upstream';
import { grpcError } from '../support/grpc-error';
import { useTemporalServer } from '../support/temporal-server';
import { ACTOR, COLLECTED, setup } from './fixture';
import { failingActivity } from './played-worker';

const server = useTemporalServer();
const REASON = { reasonCode: 'authorization-revoked' } as const;

test('the person of a closed applicant is withdrawn once, also when Temporal has no run of it', async () => {
  const { start, startWorker, close, useCases, clientUserId, acts, store, handle } = setup(server());
  const withdraw = () => useCases.withdraw(clientUserId, REASON, ACTOR);
  await expect(withdraw()).rejects.toMatchObject({ kind: 'not-found' });
  await start();
  await expect(withdraw()).rejects.toMatchObject({ kind: 'not-now', why: 'open', current: { clientUserId } });
  expect(acts.slice(-2).map(({ did, detail }) => [did, detail])).toEqual([
    ['withdraw', REASON.reasonCode],
    ['not-done', 'withdraw: open'],
  ]);
  await close();
  acts.length = 0;
  // Accepted without a worker, and a repeat joins the same withdrawal.
  for (let times = 0; times < 2; times += 1) expect(await withdraw()).toMatchObject({ done: 'accepted' });
  expect(acts[0]).toEqual({ ...ACTOR, did: 'withdraw', clientUserId, detail: REASON.reasonCode });
  const upstream = new FakeUpstream();
  const person = upstream.addPerson(clientUserId, 'max@example.org', 0);
  const stop = await startWorker(upstream);
  try {
    await until('the withdrawal', async () => (await withdraw()).done === 'already');
    expect(person.deleted).toBe(true);
    expect(upstream.count('withdraw')).toBe(1);
    expect(store.manifests.get(clientUserId)).toMatchObject({ outcome: 'collected', withdrawnAt: expect.any(String) });
  } finally {
    await stop();
  }
  expect((await handle.describe()).status.name).toBe('COMPLETED');
  const forgotten = setup(server());
  await forgotten.writeManifest(COLLECTED);
  expect(await forgotten.useCases.withdraw(forgotten.clientUserId, REASON, ACTOR)).toMatchObject({ done: 'accepted' });
});

test('no round begins while the person is withdrawn, and a round that begins before the withdrawal ends it', async () => {
  const own = setup(server());
  const { start, close, useCases, clientUserId, client, deps, acts } = own;
  await start();
  await close();
  await useCases.withdraw(clientUserId, REASON, ACTOR);
  const { etag } = await useCases.show(clientUserId);
  await expect(start({ again: true, ifMatch: etag })).rejects.toMatchObject({ kind: 'not-now', why: 'withdrawing' });
  const withdrawal = client.workflow.getHandle(`withdraw-${clientUserId}`);
  await withdrawal.terminate();
  // The next start of a workflow is that of the withdrawal.
  const late = new Proxy(client.workflow, {
    get: (target, name) =>
      name === 'start'
        ? async (...args: Parameters<typeof target.start>) => {
            await start({ again: true, ifMatch: etag });
            return target.start(...args);
          }
        : Reflect.get(target, name),
  });
  const racing = createUseCases({ ...deps, client: Object.create(client, { workflow: { value: late } }) });
  await expect(racing.withdraw(clientUserId, REASON, ACTOR)).rejects.toMatchObject({ why: 'open' });
  expect(acts.at(-1)).toMatchObject({ did: 'not-done', detail: 'withdraw: open' });
  await withdrawal.terminate();
});

test.each([
  ['expired', 'invitation-expired', 'already'],
  ['cancelled', 'operator', 'accepted'],
  ['partial', 'deadline', 'already'],
  ['collected', 'finished', 'already'],
  ['partial', 'missing-documents', 'accepted'],
  ['failed', 'conflict', 'accepted'],
] as const)('a round that ended with %s and %s: %s', async (outcome, reason, done) => {
  const { useCases, clientUserId, writeManifest } = setup(server());
  await writeManifest({ ...COLLECTED, outcome, reason });
  expect(await useCases.withdraw(clientUserId, REASON, ACTOR)).toMatchObject({ done });
});

test('a withdrawal that Temporal does not confirm may have begun', async () => {
  const { deps, clientUserId, writeManifest, acts } = setup(server());
  await writeManifest(COLLECTED);
  const start = () => Promise.reject(grpcError(GRPC.UNAVAILABLE));
  const workflow = Object.create(deps.client.workflow, { start: { value: start } });
  const client = Object.create(deps.client, { workflow: { value: workflow } });
  await expect(createUseCases({ ...deps, client }).withdraw(clientUserId, REASON, ACTOR)).rejects.toMatchObject({
    what: 'temporal',
    done: 'unknown',
  });
  expect(acts.map(({ did }) => did)).toEqual(['withdraw']);
});

test.each([
  [['withdrawn', 'started'], 'accepted'],
  [['started', 'withdrawn'], 'already'],
] as const)('a cancelled round is withdrawn only if its own timeline shows it: %j is %s', async (kinds, done) => {
  const { useCases, clientUserId, writeManifest } = setup(server());
  const timeline = kinds.map((kind, at) => ({ atMs: at, kind, source: 'worker' as const }));
  await writeManifest({ ...COLLECTED, outcome: 'cancelled', reason: 'operator', round: 2, timeline });
  expect(await useCases.withdraw(clientUserId, REASON, ACTOR)).toMatchObject({ done });
});

test('a withdrawal starts after a create that was in flight when the run was terminated', async () => {
  const { client, start, useCases, clientUserId, deps, handle } = setup(server());
  await start();
  await failingActivity(deps, { activityType: 'invite', failure: 'HumanApiUnavailable', isBenign: false });
  await handle.terminate();
  expect(await useCases.withdraw(clientUserId, REASON, ACTOR)).toMatchObject({ done: 'accepted' });
  const withdrawal = client.workflow.getHandle(`withdraw-${clientUserId}`);
  const { startTime, executionTime } = await withdrawal.describe();
  expect((executionTime?.getTime() ?? 0) - startTime.getTime()).toBeGreaterThan(30_000);
  await withdrawal.terminate();
});
