import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createInvitationActivities } from '../../src/activities/invitation';
import { type Manifest, StoreUnavailable } from '../../src/report-store/port';
import { FakeHumanApi } from '../support/fake-human-api';
import { FakeStore } from '../support/fake-store';

const DETAILS = { clientUserId: 'POL-1', clientUserEmail: 'pol-1@example.org' };

const BEGUN_AT = '2026-03-01T00:00:00.000Z';

/** One attempt of the invitation; `heartbeatDetails` are what the attempt before left, `left` is the manifest in the store. */
function setup(
  attempt: number,
  heartbeatDetails?: unknown,
  left: Partial<Manifest> | null = null,
  reportStore: FakeStore = new FakeStore(),
) {
  const humanApi = new FakeHumanApi();
  if (left) reportStore.keep(DETAILS.clientUserId, left);
  const info = { attempt, heartbeatDetails, currentAttemptScheduledTimestampMs: Date.now() };
  const environment = new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR', () => {}) });
  const beats: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => beats.push(structuredClone(details)));
  const { invite } = createInvitationActivities({ humanApi, reportStore, timeoutMs: 100 });
  const begunAtMs = Date.parse(BEGUN_AT);
  return { humanApi, beats, invited: environment.run(invite, { details: DETAILS, begunAtMs }) };
}

test('an attempt after one that left no word looks up for a while before it creates', async () => {
  const { humanApi, invited } = setup(2);
  await expect(invited).rejects.toMatchObject({ type: 'NothingYet' });
  expect(humanApi.calls.map(({ route }) => route)).toEqual(['findUsers']);
});

test('a create is told before it is sent, so that a worker that dies leaves word', async () => {
  const { humanApi, beats, invited } = setup(1);
  await invited;
  expect(humanApi.count('invite')).toBe(1);
  expect(beats).toContainEqual(expect.objectContaining({ createSentAtMs: expect.any(Number) }));
});

test('an attempt after one that had asked for nobody creates at once', async () => {
  const { humanApi, invited } = setup(2, {
    failingSinceMs: null,
    streak: 0,
    createSentAtMs: null,
    exists: false,
    lookUps: 0,
  });
  await expect(invited).resolves.toMatchObject({ kind: 'invited' });
  expect(humanApi.count('invite')).toBe(1);
});

test.each([
  ['closed', { outcome: 'declined', openedAt: BEGUN_AT, closedAt: '2026-03-09T00:00:00.000Z' }],
  ['opened', { openedAt: BEGUN_AT }],
] as const)(
  'a manifest that was %s after the run began says that the person was had before: nobody is invited',
  async (_what, left) => {
    const { humanApi, invited } = setup(1, undefined, left);
    await expect(invited).resolves.toEqual({ kind: 'had-before' });
    expect(humanApi.count('invite')).toBe(0);
  },
);

test('an attempt for which the store was away leaves word that nothing was sent: the next one need not wait', async () => {
  const store = new FakeStore();
  store.readManifest = () => Promise.reject(new StoreUnavailable('EIO', 'open'));
  const { humanApi, beats, invited } = setup(1, undefined, null, store);
  await expect(invited).rejects.toMatchObject({ type: 'StoreUnavailable' });
  expect(humanApi.count('invite')).toBe(0);
  expect(beats.at(-1)).toMatchObject({ createSentAtMs: null });
});

test('a manifest of an earlier round does not keep the next one from inviting', async () => {
  const { humanApi, invited } = setup(1, undefined, {
    outcome: 'declined',
    openedAt: '2026-01-01T00:00:00.000Z',
    closedAt: '2026-02-01T00:00:00.000Z',
  });
  await expect(invited).resolves.toMatchObject({ kind: 'invited' });
  expect(humanApi.count('invite')).toBe(1);
});
