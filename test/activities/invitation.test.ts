import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createInvitationActivities } from '../../src/activities/invitation';
import { UNDECIDED } from '../../src/human-api/undecided-reasons';
import { type Manifest, StoreUnavailable } from '../../src/report-store/port';
import { Unavailable, Undecided } from '../../src/upstream/errors';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream, facts } from '../support/fake-upstream';
import { attemptsOf } from './attempts';

const DETAILS = { clientUserId: 'POL-1', clientUserEmail: 'pol-1@example.org' };

const MINUTE_MS = 60_000;
const BEGUN_AT = '2026-03-01T00:00:00.000Z';

/** One attempt of the invitation; `heartbeatDetails` are what the attempt before left, `left` is the manifest in the store. */
function setup(
  attempt: number,
  heartbeatDetails?: unknown,
  left: Partial<Manifest> | null = null,
  reportStore: FakeStore = new FakeStore(),
) {
  const humanApi = new FakeUpstream();
  if (left) reportStore.keep(DETAILS.clientUserId, left);
  const info = { attempt, heartbeatDetails, currentAttemptScheduledTimestampMs: Date.now() };
  const environment = new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR', () => {}) });
  const beats: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => beats.push(structuredClone(details)));
  const { invite } = createInvitationActivities({ upstream: humanApi, reportStore, timeoutMs: 100 });
  const begunAtMs = Date.parse(BEGUN_AT);
  return { humanApi, beats, invited: environment.run(invite, { details: DETAILS, begunAtMs }) };
}

test('an attempt after one that left no word looks up for a while before it creates', async () => {
  const { humanApi, invited } = setup(2);
  await expect(invited).rejects.toMatchObject({ type: 'NothingYet' });
  expect(humanApi.calls.map(({ route }) => route)).toEqual(['findPeople']);
});

test('a create is told before it is sent, so that a worker that dies leaves word', async () => {
  const { humanApi, beats, invited } = setup(1);
  await invited;
  expect(humanApi.count('invite')).toBe(1);
  expect(beats).toContainEqual(expect.objectContaining({ createSentAtMs: expect.any(Number) }));
});

/** An invitation from its first attempt on, and an upstream that does not answer the first create. */
function withLostAnswer() {
  const humanApi = new FakeUpstream();
  humanApi.faults.push({ route: 'invite', error: new Unavailable(facts(502), 'scripted'), times: 1 });
  const { invite } = createInvitationActivities({ upstream: humanApi, reportStore: new FakeStore(), timeoutMs: 100 });
  const args: Parameters<typeof invite> = [{ details: DETAILS, begunAtMs: Date.parse(BEGUN_AT) }];
  return { humanApi, invite, args };
}

test.each([
  ['a page with 403', new Unavailable(facts(403), 'scripted')],
  ['a redirect', new Unavailable(facts(302), 'scripted')],
  ['200 with a page', new Unavailable(facts(200), 'scripted')],
])(
  'after %s to a create, which a gateway may have sent, 50 s of look-ups come before the next one',
  async (_, error) => {
    const { humanApi, invite, args } = withLostAnswer();
    humanApi.faults.splice(0, 1, { route: 'invite', error, times: 1 });
    const { result, delaysMs } = await attemptsOf(invite, args, { most: 20 });
    expect([result?.kind, humanApi.count('invite')]).toEqual(['invited', 2]);
    expect(delaysMs.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(49_000);
  },
);

test('a create that upstream itself refuses is sent again at once', async () => {
  const { humanApi, invite, args } = withLostAnswer();
  const error = new Unavailable(facts(403), 'scripted', { isUpstreamsWord: true });
  humanApi.faults.splice(0, 1, { route: 'invite', error, times: 1 });
  const { result, delaysMs } = await attemptsOf(invite, args, { most: 2 });
  expect([result?.kind, delaysMs.length]).toEqual(['invited', 1]);
});

test('the failure after a create whose answer was lost names that answer and its request id', async () => {
  const { humanApi, invite, args } = withLostAnswer();
  const requestId = '1f0c3b1d-2a4f-4788-990a-010203040506';
  const error = new Unavailable({ ...facts(502), requestId }, 'answered 502');
  humanApi.faults.splice(0, 1, { route: 'invite', error, times: 1 });
  const { failures } = await attemptsOf(invite, args, { most: 1 });
  expect(failures).toMatchObject([{ type: 'NothingYet', message: expect.stringContaining(error.message), requestId }]);
});

test('autoInvite is passed on, and the link of who was created is returned; who was adopted has none', async () => {
  const { humanApi, invite, args } = withLostAnswer();
  humanApi.faults.length = 0;
  humanApi.inviteLink = 'https://hosted.example.org/invite/1';
  const { result } = await attemptsOf(invite, [{ ...args[0], autoInvite: false }], { most: 1 });
  expect(result).toMatchObject({ kind: 'invited', inviteLink: humanApi.inviteLink });
  const adopted = (await attemptsOf(invite, args, { most: 1 })).result;
  expect([adopted?.kind, Object.keys(adopted ?? {})]).toEqual(['adopted', expect.not.arrayContaining(['inviteLink'])]);
  humanApi.people.length = 0;
  humanApi.inviteLink = null;
  const without = (await attemptsOf(invite, args, { most: 1 })).result;
  expect([without?.kind, Object.keys(without ?? {})]).toEqual(['invited', expect.not.arrayContaining(['inviteLink'])]);
  expect(humanApi.invitations.map(({ autoInvite }) => autoInvite)).toEqual([false, true]);
});

test('an attempt after one whose look-up failed creates at once', async () => {
  const { humanApi, invite, args } = withLostAnswer();
  humanApi.faults.splice(0, 1, { route: 'findPeople', error: new Unavailable(facts(503), 'scripted'), times: 1 });
  const { result, failures } = await attemptsOf(invite, args, { most: 2 });
  expect(result).toMatchObject({ kind: 'invited' });
  expect(failures).toHaveLength(1);
});

test.each([
  ['no queue', () => 0],
  ['a queue of a minute before the create', (attempt: number) => (attempt === 1 ? MINUTE_MS : 0)],
  ['a queue of a minute before every attempt', () => MINUTE_MS],
])(
  'with %s, 50 s of delays are waited between a create whose answer was lost and the next one',
  async (_, queuedForMs) => {
    const { humanApi, invite, args } = withLostAnswer();
    const { result, delaysMs } = await attemptsOf(invite, args, { most: 20, queuedForMs });
    expect(result).toMatchObject({ kind: 'invited' });
    expect(humanApi.count('invite')).toBe(2);
    expect(delaysMs.map((ms) => Math.round(ms / 1_000))).toEqual([1, 2, 4, 8, 8, 8, 8, 8, 3]);
  },
);

test('an attempt that died without a word may have sent a create: the look-ups begin anew, at full length', async () => {
  const { humanApi, invite, args } = withLostAnswer();
  const { left } = await attemptsOf(invite, args, { most: 8 });
  // Attempt 9 died; its worker had come so far that nothing of it is known.
  const { delaysMs } = await attemptsOf(invite, args, { most: 20, from: { attempt: 10, heartbeatDetails: left } });
  expect(humanApi.count('invite')).toBe(2);
  expect(delaysMs.map((ms) => Math.round(ms / 1_000))).toEqual([1, 2, 4, 8, 8, 8, 8, 8, 3]);
});

test('a delay that an operator cut short by a reset of the activity was not waited', async () => {
  const { humanApi, invite, args } = withLostAnswer();
  const { left } = await attemptsOf(invite, args, { most: 9 });
  await attemptsOf(invite, args, { most: 1, from: { attempt: 1, heartbeatDetails: left } });
  expect(humanApi.count('invite')).toBe(1);
});

test('after an attempt of 0.1.0, whose progress holds a time of a clock, the look-ups begin anew', async () => {
  const { humanApi, invite, args } = withLostAnswer();
  humanApi.faults.length = 0;
  const createSentAtMs = Date.parse('2026-02-28T23:50:00Z');
  const heartbeatDetails = { failingSinceMs: null, streak: 0, createSentAtMs, exists: false, lookUps: 5 };
  const { result, delaysMs } = await attemptsOf(invite, args, { most: 20, from: { attempt: 7, heartbeatDetails } });
  expect(result).toMatchObject({ kind: 'invited' });
  expect(humanApi.count('invite')).toBe(1);
  expect(delaysMs.map((ms) => Math.round(ms / 1_000))).toEqual([1, 2, 4, 8, 8, 8, 8, 8, 3]);
});

test('look-ups that decide nothing are returned with whether a create is on its way, which the next activity looks for', async () => {
  const { humanApi, invite, args } = withLostAnswer();
  const why = UNDECIDED.foreign404;
  const patient = { ...args[0], undecidedAfterMs: 5 * MINUTE_MS };
  humanApi.faults.push({ route: 'findPeople', error: new Undecided(facts(404), why) });
  expect((await attemptsOf(invite, [patient], { most: 20 })).result).toEqual({
    kind: 'undecided',
    why,
    createSent: false,
    exists: false,
  });
  humanApi.faults.pop();
  humanApi.faults.push({
    route: 'findPeople',
    error: new Undecided(facts(404), why),
    when: () => humanApi.count('invite') > 0,
  });
  expect((await attemptsOf(invite, [patient], { most: 20 })).result).toEqual({
    kind: 'undecided',
    why,
    createSent: true,
    exists: false,
  });
  humanApi.faults.pop();
  const { delaysMs } = await attemptsOf(invite, [{ ...args[0], createSent: true }], { most: 20 });
  expect(humanApi.count('invite')).toBe(2);
  expect(delaysMs.map((ms) => Math.round(ms / 1_000))).toEqual([1, 2, 4, 8, 8, 8, 8, 8, 3]);
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
