import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPersonActivities, type StatusAnswer } from '../../src/activities/person';
import { createWithdrawalActivities } from '../../src/activities/withdrawal';
import { HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { UNDECIDED } from '../../src/human-api/undecided-reasons';
import { Unavailable, Undecided } from '../../src/upstream/errors';
import { FakeUpstream, facts } from '../support/fake-upstream';
import { attemptsOf } from './attempts';

const DOWN = new Unavailable(facts(503), 'scripted');
const UNDECIDED_404 = new Undecided(facts(404), UNDECIDED.unidentified404);
const PATIENCE = { undecidedAfterMs: 5 * MINUTE_MS };
const EMAIL = 'pol-1@example.org';
const QUEUED = { queuedForMs: () => 10 * MINUTE_MS };

function setup() {
  const humanApi = new FakeUpstream();
  const { humanId } = humanApi.enrol('POL-1', EMAIL, 0);
  const deps = { upstream: humanApi };
  return { humanApi, humanId, ...createPersonActivities(deps), ...createWithdrawalActivities(deps) };
}

/** Upstream fails so often, then answers. */
function failing(times: number) {
  const person = setup();
  person.humanApi.faults.push({ route: 'readStatus', error: DOWN, times });
  return person;
}

function outageMs(answer: StatusAnswer | null): number {
  if (answer?.kind !== 'status') throw new Error('expected a status');
  return answer.outageMs;
}

test('an outage is as long as the delays that were waited in it, however long the queue was', async () => {
  const { readStatus, humanId } = failing(48);
  const { result, delaysMs } = await attemptsOf(readStatus, [{ humanId, patienceMs: null }], { most: 49, ...QUEUED });
  const waitedMs = delaysMs.reduce((sum, ms) => sum + ms, 0);
  expect(waitedMs).toBeGreaterThan(2 * HOUR_MS);
  expect(Math.abs(outageMs(result) - waitedMs)).toBeLessThan(MINUTE_MS);
});

test('a wait in the queue uses up no patience', async () => {
  const { readStatus, humanId } = failing(4);
  const { result } = await attemptsOf(readStatus, [{ humanId, patienceMs: MINUTE_MS }], { most: 5, ...QUEUED });
  expect(result).toMatchObject({ kind: 'status' });
});

test('a wait in the queue makes no outage a long one', async () => {
  const { readStatus, humanId } = failing(12);
  const { delaysMs } = await attemptsOf(readStatus, [{ humanId, patienceMs: null }], { most: 12, ...QUEUED });
  expect(Math.max(...delaysMs)).toBeLessThanOrEqual(MINUTE_MS);
});

test('an outage that a poll reports has no wait of the queue in it, and the read continues it', async () => {
  const { watchStatus, readStatus, humanId } = failing(13);
  const known = { humanId, status: 'Invited', delaysMs: [HOUR_MS] };
  const input = { ...known, failureReportMs: Date.parse('2026-03-01T02:00:00Z') };
  const { result: reported, delaysMs } = await attemptsOf(watchStatus, [input], { most: 13, ...QUEUED });
  const waitedMs = delaysMs.reduce((sum, ms) => sum + ms, 0);
  expect(reported).toMatchObject({ kind: 'outage', failures: delaysMs.length + 1 });
  if (reported?.kind !== 'outage') return;
  expect(Math.abs(reported.durationMs - waitedMs)).toBeLessThan(MINUTE_MS / 2);
  const { result } = await attemptsOf(readStatus, [{ humanId, patienceMs: null, outage: reported }], { most: 2 });
  expect(outageMs(result) - reported.durationMs).toBeLessThan(MINUTE_MS);
});

test('who may have been invited is looked for as long as was asked, however long the queue is', async () => {
  const { findInvited, humanApi } = setup();
  humanApi.people.length = 0;
  const input = { clientUserId: 'POL-1', clientUserEmail: EMAIL, watchMs: MINUTE_MS };
  const { result, delaysMs } = await attemptsOf(findInvited, [input], { most: 20, ...QUEUED });
  expect(result).toEqual({ kind: 'nobody' });
  expect(delaysMs.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(MINUTE_MS - 1_000);
});

test('users-idn.json against an applicant with ann@bücher.example is the same person', async () => {
  const { humanApi, lookUp } = setup();
  const [row] = JSON.parse(readFileSync(join(__dirname, '../field-cases/notifications/users-idn.json'), 'utf8'));
  const { humanId, clientUserId, clientUserEmail: email, status, updatedAt } = row;
  const updatedAtMs = Date.parse(updatedAt);
  humanApi.editLookUp = () => [{ subjectId: humanId, clientUserId, email, status, updatedAtMs, inviteLink: null }];
  const whom = { clientUserId: 'POL-1', clientUserEmail: 'ann@bücher.example' };
  const { result } = await attemptsOf(lookUp, [whom], { most: 1 });
  expect(result).toMatchObject({ kind: 'found', humanId });
});

test('an outage that began under 0.1.0 keeps its length', async () => {
  const { readStatus, humanId } = failing(0);
  const failingSinceMs = Date.parse('2026-02-28T21:00:00Z');
  const from = { attempt: 40, heartbeatDetails: { failingSinceMs, streak: 39 } };
  const { result } = await attemptsOf(readStatus, [{ humanId, patienceMs: null }], { most: 1, from });
  expect(outageMs(result)).toBeGreaterThanOrEqual(3 * HOUR_MS);
  expect(outageMs(result)).toBeLessThan(3 * HOUR_MS + MINUTE_MS);
});

describe('answers that decide nothing', () => {
  function undecided(route: 'readStatus' | 'withdraw' | 'findPeople', times = Infinity) {
    const person = setup();
    person.humanApi.faults.push({ route, error: UNDECIDED_404, times });
    return person;
  }

  it('are returned with the reason once they have lasted for five minutes of waiting, however long the queue is', async () => {
    const { readStatus, humanId } = undecided('readStatus');
    const input = { humanId, patienceMs: null, ...PATIENCE };
    const { result, delaysMs } = await attemptsOf(readStatus, [input], { most: 20, ...QUEUED });
    expect(result).toEqual({ kind: 'undecided', why: UNDECIDED.unidentified404 });
    const waitedMs = delaysMs.reduce((sum, ms) => sum + ms, 0);
    expect(waitedMs).toBeGreaterThanOrEqual(5 * MINUTE_MS - 1_000);
    expect(waitedMs).toBeLessThan(7 * MINUTE_MS);
  });

  it('are returned by a look-up and a withdrawal as well', async () => {
    const [one, other] = [undecided('findPeople'), undecided('withdraw')];
    const whom = { clientUserId: 'POL-1', clientUserEmail: EMAIL, ...PATIENCE };
    const found = await attemptsOf(one.findInvited, [{ ...whom, watchMs: MINUTE_MS }], { most: 20 });
    const { result } = await attemptsOf(other.withdraw, [{ humanId: other.humanId, ...PATIENCE }], { most: 20 });
    expect([found.result, result]).toMatchObject([{ kind: 'undecided' }, { kind: 'undecided' }]);
  });

  it('are asked for again for ever where nobody would show them, and each failure says what to do', async () => {
    const { withdraw, humanId } = undecided('withdraw');
    const { result, failures } = await attemptsOf(withdraw, [{ humanId }], { most: 49 });
    expect(result).toBeNull();
    expect(failures.at(-1)).toMatchObject({
      type: 'Undecided',
      message: expect.stringContaining('HUMAN_API_ENVELOPES'),
    });
  });

  it('end with the first that does, which a poll of somebody shown as stuck returns though it is no news', async () => {
    const { watchStatus, humanId } = undecided('readStatus', 3);
    const known = { humanId, status: 'Invited', delaysMs: [HOUR_MS], failureReportMs: null };
    const { result } = await attemptsOf(watchStatus, [{ ...known, undecidedAfterMs: null, isStuck: true }], {
      most: 5,
    });
    expect(result).toMatchObject({ kind: 'status', status: 'Invited' });
  });

  it('are returned by a poll after its cadence, where that is shorter', async () => {
    const { watchStatus, humanId } = undecided('readStatus');
    const known = { humanId, status: 'Invited', delaysMs: [10_000], failureReportMs: null };
    const { result, delaysMs } = await attemptsOf(watchStatus, [{ ...known, ...PATIENCE }], { most: 20 });
    expect(result).toMatchObject({ kind: 'undecided' });
    expect(delaysMs.length).toBeLessThan(7);
  });
});
