import { Client } from '@temporalio/client';
import { createDataConverter } from '../../src/temporal/data-converter';
import { generateKey } from '../../src/temporal/key-ring';
import { createUseCases } from '../../src/use-cases/create-use-cases';
import { until } from '../support/condition';
import { FakeUpstream } from '../support/fake-upstream';
import { keyRingOf } from '../support/keys';
import { useTemporalServer } from '../support/temporal-server';
import { ACTOR, setup } from './fixture';

const server = useTemporalServer();

test('details come from the first event of the newest run, without a worker, and are recorded first', async () => {
  const { start, useCases, clientUserId, acts, deps, handle, details } = setup(server());
  await start();
  acts.length = 0;
  expect(await useCases.details(clientUserId, ACTOR)).toEqual({
    ...details,
    lastName: null,
    dateOfBirth: null,
    suggestedSources: [],
  });
  expect(acts).toEqual([{ ...ACTOR, did: 'details', clientUserId }]);
  await handle.terminate();
  expect(await useCases.details(clientUserId, ACTOR)).toMatchObject({ clientUserEmail: details.clientUserEmail });
  await expect(useCases.details('unknown', ACTOR)).rejects.toMatchObject({ kind: 'not-found' });
  const unrecorded = createUseCases({ ...deps, audit: { record: () => Promise.reject(new Error('full')) } });
  await expect(unrecorded.details(clientUserId, ACTOR)).rejects.toThrow('full');
  await expect(unrecorded.invitation(clientUserId, ACTOR)).rejects.toThrow('full');
});

test('a missing key is named, whether other keys are set or none', async () => {
  const { connection, client } = server();
  const withKey = (id: string) => {
    const dataConverter = createDataConverter({ ring: keyRingOf(generateKey(id)), encrypts: true }, 'default');
    return new Client({ connection, ...(dataConverter && { dataConverter }) });
  };
  const { start, clientUserId, deps, handle } = setup({ ...server(), client: withKey('one') });
  await start();
  for (const other of [withKey('two'), client]) {
    const read = createUseCases({ ...deps, client: other }).details(clientUserId, ACTOR);
    await expect(read).rejects.toMatchObject({ keyId: 'one' });
  }
  await handle.terminate();
});

test('the link of an invitation shows while the applicant is open, and only then', async () => {
  const { start, startWorker, useCases, clientUserId, acts, handle } = setup(server());
  const read = () => useCases.invitation(clientUserId, ACTOR);
  await expect(read()).rejects.toMatchObject({ kind: 'not-found' });
  await start();
  await expect(read()).rejects.toMatchObject({ kind: 'unavailable', what: 'worker', done: 'nothing' });
  const upstream = new FakeUpstream();
  upstream.inviteLink = 'https://hapi.example/i/1';
  const release = upstream.hold('invite');
  const stop = await startWorker(upstream);
  try {
    await upstream.waitForCall('invite');
    await expect(read()).rejects.toMatchObject({ kind: 'not-now', why: 'not-invited-yet', current: { clientUserId } });
    release();
    acts.length = 0;
    expect(await until('the link', () => read().catch(() => null))).toEqual({ inviteLink: upstream.inviteLink });
    expect(acts[0]).toEqual({ ...ACTOR, did: 'invitation', clientUserId });
    await handle.terminate();
    await expect(read()).rejects.toMatchObject({ kind: 'not-found' });
  } finally {
    release();
    await stop();
  }
});
