import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { createActivityMetrics } from '../../src/activities/metrics';
import { createPersonActivities, type StatusAnswer } from '../../src/activities/person';
import { createWithdrawalActivities } from '../../src/activities/withdrawal';
import { HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { UNDECIDED } from '../../src/human-api/undecided-reasons';
import { RateLimited, Undecided } from '../../src/upstream/errors';
import { DOWN, FakeUpstream, facts, type Route } from '../support/fake-upstream';
import { runAttempts, START_MS } from './attempts';

const PATIENCE = { undecidedAfterMs: 5 * MINUTE_MS };
const EMAIL = 'pol-1@example.org';
const QUEUED = { queuedForMs: () => 10 * MINUTE_MS };
const POLL = { status: 'Invited', delaysMs: [HOUR_MS], failureReportMs: null };

function setup() {
  const upstream = new FakeUpstream();
  const { humanId } = upstream.addPerson('POL-1', EMAIL, 0);
  const registry = new Registry();
  const countPolled = async () =>
    (await registry.getSingleMetric('chartway_facts_found_by_polling_total')?.get())?.values;
  const deps = { upstream, metrics: createActivityMetrics(registry) };
  return { upstream, humanId, countPolled, ...createPersonActivities(deps), ...createWithdrawalActivities(deps) };
}

/** An upstream that fails `times` times, then answers. */
function failing(times: number, error: Error = DOWN, route: Route = 'readStatus') {
  const person = setup();
  person.upstream.faults.push({ route, error, times });
  return person;
}

function outageMs(answer: StatusAnswer | null): number {
  if (answer?.kind !== 'status') throw new Error('expected a status');
  return answer.outageMs;
}

describe('an outage', () => {
  it('lasts as long as the delays in it, without time in the queue', async () => {
    const { readStatus, humanId } = failing(48);
    const input = { humanId, patienceMs: null };
    const { result, waitedMs } = await runAttempts(readStatus, input, 49, QUEUED);
    expect(waitedMs).toBeGreaterThan(2 * HOUR_MS);
    expect(Math.abs(outageMs(result) - waitedMs)).toBeLessThan(MINUTE_MS);
  });

  it('does not use up the patience, and does not become long, by time in the queue', async () => {
    const { readStatus, humanId } = failing(4);
    const input = { humanId, patienceMs: MINUTE_MS };
    const { result } = await runAttempts(readStatus, input, 5, QUEUED);
    expect(result).toMatchObject({ kind: 'status' });
    const { delaysMs } = await runAttempts(failing(12).readStatus, { humanId, patienceMs: null }, 12, QUEUED);
    expect(Math.max(...delaysMs)).toBeLessThanOrEqual(MINUTE_MS);
  });

  it('that started under 0.1.0 keeps its length', async () => {
    const { readStatus, humanId } = setup();
    const from = { attempt: 40, heartbeatDetails: { failingSinceMs: START_MS - 3 * HOUR_MS, streak: 39 } };
    const { result } = await runAttempts(readStatus, { humanId, patienceMs: null }, 1, { from });
    expect(outageMs(result)).toBeGreaterThanOrEqual(3 * HOUR_MS);
    expect(outageMs(result)).toBeLessThan(3 * HOUR_MS + MINUTE_MS);
  });

  it('is reported by a poll from the given time, without time in the queue, and continued by a read', async () => {
    const { watchStatus, readStatus, humanId } = failing(13);
    const input = { humanId, ...POLL, failureReportMs: START_MS + 2 * HOUR_MS };
    const { result, delaysMs, waitedMs } = await runAttempts(watchStatus, input, 13, QUEUED);
    expect(delaysMs.length).toBeGreaterThan(3);
    if (result?.kind !== 'outage') throw new Error('expected an outage');
    expect(result.failures).toBe(delaysMs.length + 1);
    expect(result.retryMs).toBeGreaterThan(0);
    expect(Math.abs(result.durationMs - waitedMs)).toBeLessThan(MINUTE_MS / 2);
    const read = await runAttempts(readStatus, { humanId, patienceMs: null, outage: result }, 2);
    expect(outageMs(read.result) - result.durationMs).toBeLessThan(MINUTE_MS);
    const outage = { durationMs: 20 * MINUTE_MS, failures: 10 };
    const { delaysMs: next } = await runAttempts(failing(1).readStatus, { humanId, patienceMs: null, outage }, 1);
    // The back-off of the eleventh failure, not of the first.
    expect(next[0]).toBeGreaterThan(3 * MINUTE_MS);
  });

  it('is reported with the Retry-After of the upstream', async () => {
    const { watchStatus, humanId } = failing(1, new RateLimited(facts(429), 137_000));
    const input = { humanId, ...POLL, failureReportMs: START_MS };
    const { result } = await runAttempts(watchStatus, input, 1);
    expect(result).toMatchObject({ kind: 'outage', failures: 1, retryMs: 137_000 });
  });
});

test('a poll counts a status that no notice has reported', async () => {
  const { watchStatus, humanId, countPolled } = setup();
  const unchanged = await runAttempts(watchStatus, { humanId, ...POLL }, 1);
  expect([unchanged.failures, await countPolled()]).toMatchObject([[{ type: 'NothingYet' }], []]);
  const { result } = await runAttempts(watchStatus, { humanId, ...POLL, status: 'Engaged' }, 1);
  expect(result).toMatchObject({ kind: 'status', status: 'Invited' });
  expect(await countPolled()).toEqual([expect.objectContaining({ labels: { of: 'status' }, value: 1 })]);
});

test('an invited person is looked for as long as requested, without time in the queue', async () => {
  const { findInvited, upstream } = setup();
  upstream.people.length = 0;
  const input = { clientUserId: 'POL-1', clientUserEmail: EMAIL, watchMs: MINUTE_MS };
  const { result, waitedMs } = await runAttempts(findInvited, input, 20, QUEUED);
  expect(result).toEqual({ kind: 'nobody' });
  expect(waitedMs).toBeGreaterThanOrEqual(MINUTE_MS - 1_000);
});

test('the person of users-idn.json is found by ann@bücher.example', async () => {
  const { upstream, lookUp } = setup();
  const [row] = JSON.parse(readFileSync(join(__dirname, '../field-cases/notifications/users-idn.json'), 'utf8'));
  const { humanId, clientUserId, clientUserEmail: email, status } = row;
  upstream.editLookUp = () => [
    { subjectId: humanId, clientUserId, email, status, updatedAtMs: null, inviteLink: null },
  ];
  const input = { clientUserId: 'POL-1', clientUserEmail: 'ann@bücher.example' };
  expect((await runAttempts(lookUp, input, 1)).result).toMatchObject({ kind: 'found', humanId });
});

describe('answers that decide nothing', () => {
  const undecided = (route: Route, times = Infinity) =>
    failing(times, new Undecided(facts(404), UNDECIDED.unidentified404), route);

  it('are the result after five minutes of waiting, without time in the queue', async () => {
    const { readStatus, humanId } = undecided('readStatus');
    const input = { humanId, patienceMs: null, ...PATIENCE };
    const { result, waitedMs } = await runAttempts(readStatus, input, 20, QUEUED);
    expect(result).toEqual({ kind: 'undecided', why: UNDECIDED.unidentified404 });
    expect(waitedMs).toBeGreaterThanOrEqual(5 * MINUTE_MS - 1_000);
    expect(waitedMs).toBeLessThan(7 * MINUTE_MS);
  });

  it('are the result of a look-up and of a withdrawal too', async () => {
    const [lookUp, withdrawal] = [undecided('findPeople'), undecided('withdraw')];
    const input = { clientUserId: 'POL-1', clientUserEmail: EMAIL, watchMs: MINUTE_MS, ...PATIENCE };
    const invited = await runAttempts(lookUp.findInvited, input, 20);
    const { humanId, withdraw } = withdrawal;
    const { result } = await runAttempts(withdraw, { humanId, ...PATIENCE }, 20);
    expect([invited.result, result]).toMatchObject([{ kind: 'undecided' }, { kind: 'undecided' }]);
  });

  it('are retried without limit where the workflow cannot show them, and each failure names the remedy', async () => {
    const { withdraw, humanId } = undecided('withdraw');
    const { result, failures } = await runAttempts(withdraw, { humanId }, 49);
    expect(result).toBeNull();
    const message = expect.stringContaining('HUMAN_API_ENVELOPES');
    expect(failures.at(-1)).toMatchObject({ type: 'Undecided', message });
  });

  it('end with the first that decides, which a poll of a stuck applicant returns even without news', async () => {
    const { watchStatus, humanId } = undecided('readStatus', 3);
    const input = { humanId, ...POLL, undecidedAfterMs: null, isStuck: true };
    const { result } = await runAttempts(watchStatus, input, 5);
    expect(result).toMatchObject({ kind: 'status', status: 'Invited' });
  });

  it('are the result of a poll after its cadence if that is shorter', async () => {
    const { watchStatus, humanId } = undecided('readStatus');
    const input = { humanId, ...POLL, delaysMs: [10_000], ...PATIENCE };
    const { result, delaysMs } = await runAttempts(watchStatus, input, 20);
    expect(result).toMatchObject({ kind: 'undecided' });
    expect(delaysMs.length).toBeLessThan(7);
  });
});
