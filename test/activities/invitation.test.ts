import { createInvitationActivities } from '../../src/activities/invitation';
import { UNDECIDED } from '../../src/human-api/undecided-reasons';
import { StoreUnavailable } from '../../src/report-store/errors';
import type { Manifest } from '../../src/report-store/port';
import { AlreadyExists, Unavailable, Undecided } from '../../src/upstream/errors';
import type { Person } from '../../src/upstream/port';
import { FakeStore } from '../support/fake-store';
import { DOWN, FakeUpstream, facts } from '../support/fake-upstream';
import { runAttempts } from './attempts';

const DETAILS = { clientUserId: 'POL-1', clientUserEmail: 'pol-1@example.org' };
const MINUTE_MS = 60_000;
const STARTED_AT = '2026-03-01T00:00:00.000Z';
/** The delays of the look-ups after a create whose answer was lost, in seconds: 50 s in all. */
const LOOK_UPS_S = [1, 2, 4, 8, 8, 8, 8, 8, 3];

/** `createError`: the first create fails with it. */
function setup(createError: Error | null = null, reportStore = new FakeStore()) {
  const upstream = new FakeUpstream();
  if (createError) upstream.faults.push({ route: 'invite', error: createError, times: 1 });
  const { invite } = createInvitationActivities({ upstream, reportStore, timeoutMs: 100 });
  const input = { details: DETAILS, begunAtMs: Date.parse(STARTED_AT) };
  return {
    upstream,
    reportStore,
    invite: (maxAttempts: number, more: Partial<Parameters<typeof invite>[0]> = {}, options = {}) =>
      runAttempts(invite, { ...input, ...more }, maxAttempts, options),
  };
}

const LOST = new Unavailable(facts(502), 'scripted');
const seconds = (delaysMs: readonly number[]) => delaysMs.map((ms) => Math.round(ms / 1_000));

test('a create is in the heartbeat before it is sent, so that a worker that dies leaves a trace', async () => {
  const { upstream, invite } = setup();
  const { heartbeatDetails } = await invite(1);
  expect(upstream.count('invite')).toBe(1);
  expect(heartbeatDetails).toMatchObject({ createSentAtMs: expect.any(Number) });
});

test('a create that may still run is not looked up before its time-out', async () => {
  const { invite } = setup(new Unavailable(facts(null), 'scripted', { callMayBeAlive: true }));
  const startNs = process.hrtime.bigint();
  await invite(1);
  expect(Number(process.hrtime.bigint() - startNs) / 1e6).toBeGreaterThanOrEqual(95);
});

test('an attempt after a lost one looks up for a while before it creates', async () => {
  const { upstream, invite } = setup();
  const from = { attempt: 2, heartbeatDetails: undefined };
  expect((await invite(1, {}, { from })).failures).toMatchObject([{ type: 'NothingYet' }]);
  expect(upstream.calls.map(({ route }) => route)).toEqual(['findPeople']);
});

test.each([
  ['a page with 403', new Unavailable(facts(403), 'scripted')],
  ['a redirect', new Unavailable(facts(302), 'scripted')],
  ['200 with a page', new Unavailable(facts(200), 'scripted')],
])('a create answered with %s, which a gateway may have sent, is followed by 50 s of look-ups', async (_, error) => {
  const { upstream, invite } = setup(error);
  const { result, waitedMs } = await invite(20);
  expect([result?.kind, upstream.count('invite')]).toEqual(['invited', 2]);
  expect(waitedMs).toBeGreaterThan(49_000);
});

test('a create that the upstream itself rejects is sent again at once', async () => {
  const { invite } = setup(new Unavailable(facts(403), 'scripted', { isFromUpstream: true }));
  const { result, failures } = await invite(2);
  expect([result?.kind, failures.length]).toEqual(['invited', 1]);
});

test('an attempt after one whose look-up failed creates at once', async () => {
  const { upstream, invite } = setup();
  upstream.faults.push({ route: 'findPeople', error: DOWN, times: 1 });
  const { result, failures } = await invite(2);
  expect([result?.kind, failures.length]).toEqual(['invited', 1]);
});

test('the failure after a lost answer names that answer and its request id', async () => {
  const requestId = '1f0c3b1d-2a4f-4788-990a-010203040506';
  const error = new Unavailable({ ...facts(502), requestId }, 'answered 502');
  const { failures } = await setup(error).invite(1);
  expect(failures).toMatchObject([{ type: 'NothingYet', message: expect.stringContaining(error.message), requestId }]);
});

test('autoInvite is passed on, and only a created person has a link', async () => {
  const { upstream, invite } = setup();
  upstream.inviteLink = 'https://hosted.example.org/invite/1';
  expect((await invite(1, { autoInvite: false })).result).toMatchObject({
    kind: 'invited',
    inviteLink: upstream.inviteLink,
  });
  const adopted = (await invite(1)).result;
  expect([adopted?.kind, Object.keys(adopted ?? {})]).toEqual(['adopted', expect.not.arrayContaining(['inviteLink'])]);
  upstream.people.length = 0;
  upstream.inviteLink = null;
  const without = (await invite(1)).result;
  expect([without?.kind, Object.keys(without ?? {})]).toEqual(['invited', expect.not.arrayContaining(['inviteLink'])]);
  expect(upstream.invitations.map(({ autoInvite }) => autoInvite)).toEqual([false, true]);
});

describe('an existing person', () => {
  const other = (person: Person): Person => ({ ...person, clientUserId: 'POL-2', subjectId: 'h-2' });
  const anonymous = (person: Person): Person => ({ ...person, clientUserId: null });

  it.each<[string, string, (person: Person) => Person[]]>([
    ['adopted', 'with our e-mail in another case', (person) => [{ ...person, email: ' Pol-1@EXAMPLE.org ' }]],
    ['adopted', 'without an e-mail', (person) => [{ ...person, email: null }]],
    ['adopted', 'without a clientUserId, if alone', (person) => [anonymous(person)]],
    ['adopted', 'among others', (person) => [other(person), person]],
    ['conflict', 'with another e-mail', (person) => [{ ...person, email: 'other@example.org' }]],
    ['invited', 'with another clientUserId', (person) => [other(person)]],
    ['invited', 'without a clientUserId, if not alone', (person) => [anonymous(person), anonymous(person)]],
  ])('leads to %s %s', async (kind, _, reply) => {
    const { upstream, invite } = setup();
    const { humanId } = upstream.addPerson('POL-1', DETAILS.clientUserEmail, 0);
    upstream.editLookUp = (people) => people.flatMap(reply);
    const { result } = await invite(1);
    expect(result).toMatchObject({ kind, ...(kind === 'adopted' && { humanId }) });
    expect(upstream.count('invite')).toBe(kind === 'invited' ? 1 : 0);
    expect(upstream.count('withdraw')).toBe(0);
  });

  it.each([
    ['adopted', 'at once', 1, DETAILS.clientUserEmail],
    ['adopted', 'seconds later', 3, DETAILS.clientUserEmail],
    ['conflict', 'at once, with another e-mail,', 1, 'other@example.org'],
  ])('leads to %s if the look-up after a 409 finds them %s', async (kind, _, lookUps, email) => {
    const { upstream, invite } = setup(new AlreadyExists(facts(409)));
    const { humanId } = upstream.addPerson('POL-1', email, 0);
    upstream.editLookUp = (people) => (upstream.count('findPeople') > lookUps ? people : []);
    const { result, delaysMs } = await invite(20);
    expect(result).toMatchObject({ kind, ...(kind === 'adopted' && { humanId }) });
    expect(seconds(delaysMs)).toEqual(LOOK_UPS_S.slice(0, lookUps - 1));
    expect(upstream.count('invite')).toBe(1);
  });

  it('that only a 409 shows is a conflict after 50 s of look-ups', async () => {
    const { upstream, invite } = setup(new AlreadyExists(facts(409)));
    const { result, delaysMs } = await invite(20);
    expect([result, seconds(delaysMs)]).toEqual([{ kind: 'conflict' }, LOOK_UPS_S]);
    expect(upstream.count('invite')).toBe(1);
  });
});

describe('after a create whose answer was lost', () => {
  it.each([
    ['no queue', () => 0],
    ['a queue of a minute before the create', (attempt: number) => (attempt === 1 ? MINUTE_MS : 0)],
    ['a queue of a minute before every attempt', () => MINUTE_MS],
  ])('50 s of delays come before the next one, with %s', async (_, queuedForMs) => {
    const { upstream, invite } = setup(LOST);
    const { result, delaysMs } = await invite(20, {}, { queuedForMs });
    expect([result?.kind, upstream.count('invite')]).toEqual(['invited', 2]);
    expect(seconds(delaysMs)).toEqual(LOOK_UPS_S);
  });

  it('and a lost attempt, the look-ups start again, because it may have sent a create', async () => {
    const { upstream, invite } = setup(LOST);
    const { heartbeatDetails } = await invite(8);
    const { delaysMs } = await invite(20, {}, { from: { attempt: 10, heartbeatDetails } });
    expect(upstream.count('invite')).toBe(2);
    expect(seconds(delaysMs)).toEqual(LOOK_UPS_S);
  });

  it('a delay that a reset of the activity cut short does not count', async () => {
    const { upstream, invite } = setup(LOST);
    const { heartbeatDetails } = await invite(9);
    await invite(1, {}, { from: { attempt: 1, heartbeatDetails } });
    expect(upstream.count('invite')).toBe(1);
  });

  it('in an attempt of 0.1.0, whose progress holds clock times, the look-ups start again', async () => {
    const { upstream, invite } = setup();
    const createSentAtMs = Date.parse('2026-02-28T23:50:00Z');
    const heartbeatDetails = { failingSinceMs: null, streak: 0, createSentAtMs, exists: false, lookUps: 5 };
    const { result, delaysMs } = await invite(20, {}, { from: { attempt: 7, heartbeatDetails } });
    expect([result?.kind, upstream.count('invite')]).toEqual(['invited', 1]);
    expect(seconds(delaysMs)).toEqual(LOOK_UPS_S);
  });
});

test('an undecided result states whether a create was sent, and the next activity looks for its effect', async () => {
  const { upstream, invite } = setup(LOST);
  const why = UNDECIDED.foreign404;
  const error = new Undecided(facts(404), why);
  const patience = { undecidedAfterMs: 5 * MINUTE_MS };
  const undecided = { kind: 'undecided', why, exists: false };
  upstream.faults.push({ route: 'findPeople', error });
  expect((await invite(20, patience)).result).toEqual({ ...undecided, createSent: false });
  upstream.faults.pop();
  upstream.faults.push({ route: 'findPeople', error, when: () => upstream.count('invite') > 0 });
  expect((await invite(20, patience)).result).toEqual({ ...undecided, createSent: true });
  upstream.faults.pop();
  const { delaysMs } = await invite(20, { createSent: true });
  expect(upstream.count('invite')).toBe(2);
  expect(seconds(delaysMs)).toEqual(LOOK_UPS_S);
});

describe('a manifest', () => {
  const earlier = { openedAt: '2026-01-01T00:00:00.000Z', closedAt: '2026-02-01T00:00:00.000Z' };

  it.each<[string, Partial<Manifest>, string]>([
    [
      'closed after the start of the run',
      { outcome: 'declined', openedAt: STARTED_AT, closedAt: '2026-03-09T00:00:00.000Z' },
      'had-before',
    ],
    ['opened after the start of the run', { openedAt: STARTED_AT }, 'had-before'],
    ['closed before the start of the run', { outcome: 'declined', ...earlier }, 'invited'],
  ])('that was %s decides whether this run has invited the person', async (_, manifest, kind) => {
    const { upstream, reportStore, invite } = setup();
    reportStore.addManifest(DETAILS.clientUserId, manifest);
    expect((await invite(1)).result).toMatchObject({ kind });
    expect(upstream.count('invite')).toBe(kind === 'invited' ? 1 : 0);
  });

  it('that cannot be read proves that nothing was sent, so the next attempt does not wait', async () => {
    const reportStore = new FakeStore();
    reportStore.readManifest = () => Promise.reject(new StoreUnavailable('EIO', 'open'));
    const { upstream, invite } = setup(null, reportStore);
    const { failures, heartbeatDetails } = await invite(1);
    expect(failures).toMatchObject([{ type: 'StoreUnavailable' }]);
    expect(upstream.count('invite')).toBe(0);
    expect(heartbeatDetails).toMatchObject({ createSentAtMs: null });
  });
});
