import { createReportActivities, type ListReportsInput } from '../../src/activities/reports';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { AccessDenied, Unavailable } from '../../src/upstream/errors';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream, facts, row } from '../support/fake-upstream';
import { attemptsOf } from './attempts';

const INPUT: ListReportsInput = {
  ...{ clientUserId: 'POL-1', wanted: { unity: ['pdf'] }, concluding: true, patienceMs: null },
  refusedPatienceMs: HOUR_MS,
};
const ATTEMPTS_MOST = 200;

function setup(faults: FakeUpstream['faults']) {
  const humanApi = new FakeUpstream([{ afterMs: 0, status: 'All Synced', reports: [row('r1', 'unity', 'A')] }]);
  humanApi.faults.push(...faults);
  humanApi.enrol('POL-1', 'ann@example.org', 0);
  const { listReports, fetchDocument } = createReportActivities({ upstream: humanApi, reportStore: new FakeStore() });
  const document = { clientUserId: 'POL-1', report: { id: 'r1', type: 'unity', organization: null, updatedAt: null } };
  return {
    humanApi,
    list: (input = INPUT, course = {}) => attemptsOf(listReports, [input], { most: ATTEMPTS_MOST, ...course }),
    fetch: (patience: { refusedPatienceMs?: number }) =>
      attemptsOf(fetchDocument, [{ ...document, format: 'pdf', newest: null, ...patience } as const], {
        most: ATTEMPTS_MOST,
      }),
  };
}

const refused = (times: number) => ({ route: 'listReports' as const, error: new AccessDenied(facts(403)), times });
const away = (times: number) => ({
  route: 'listReports' as const,
  error: new Unavailable(facts(503), 'scripted'),
  times,
});
const sum = (delays: readonly number[]) => delays.reduce((all, one) => all + one, 0);

describe('a refused access token that contradicts what is known', () => {
  test('is asked for again with back-off for the whole patience, before our credentials are proven and it counts', async () => {
    const { humanApi, list } = setup([refused(ATTEMPTS_MOST)]);
    const { result, delaysMs } = await list();
    expect(result).toMatchObject({ kind: 'refused' });
    expect(sum(delaysMs)).toBeGreaterThanOrEqual(HOUR_MS - SECOND_MS);
    expect(sum(delaysMs)).toBeLessThan(HOUR_MS + 6 * MINUTE_MS);
    expect(humanApi.calls.map(({ route }) => route).at(-1)).toBe('proveCredentials');
    expect(humanApi.count('proveCredentials')).toBe(1);
  });

  test('that is granted within the patience lists as if nothing had been', async () => {
    const { humanApi, list } = setup([refused(20)]);
    expect((await list()).result).toMatchObject({ kind: 'listed', reports: [{ id: 'r1' }] });
    expect(humanApi.count('listReports')).toBe(21);
  });

  test('is waited out in time that passed, not in time in the queue', async () => {
    const { list } = setup([refused(ATTEMPTS_MOST)]);
    const { delaysMs } = await list(INPUT, { queuedForMs: () => HOUR_MS });
    expect(sum(delaysMs)).toBeGreaterThanOrEqual(HOUR_MS - SECOND_MS);
  });

  test('counts anew after an outage: that was no refusal', async () => {
    const { list } = setup([refused(10), away(10), refused(ATTEMPTS_MOST)]);
    const { failures, delaysMs } = await list();
    const outageMs = sum(delaysMs.filter((_, at) => failures[at]?.type === 'Unavailable'));
    expect(sum(delaysMs) - outageMs).toBeGreaterThanOrEqual(HOUR_MS - SECOND_MS);
  });

  test('goes on counting after the death of a worker', async () => {
    const { list } = setup([refused(ATTEMPTS_MOST)]);
    const { left } = await list(INPUT, { most: 20 });
    const { delaysMs } = await list(INPUT, { from: { attempt: 22, heartbeatDetails: left } });
    expect(sum(delaysMs)).toBeLessThan(HOUR_MS);
  });
});

test.each<[string, Partial<ListReportsInput>, string]>([
  ['while we wait is not yet', { concluding: false }, 'not-yet'],
  ['that contradicts nothing is believed at once', { refusedPatienceMs: 0 }, 'refused'],
])('a refusal %s', async (_what, more, kind) => {
  const { humanApi, list } = setup([refused(ATTEMPTS_MOST)]);
  expect((await list({ ...INPUT, ...more })).result).toMatchObject({ kind });
  expect(humanApi.count('listReports')).toBe(1);
});

describe('a download whose access token is refused', () => {
  const refusal = { route: 'openReport' as const, error: new AccessDenied(facts(403)), times: ATTEMPTS_MOST };

  test('is asked for again for the patience, an hour at most', async () => {
    for (const [refusedPatienceMs, forMs] of [
      [5 * MINUTE_MS, 5 * MINUTE_MS],
      [9 * HOUR_MS, HOUR_MS],
    ] as const) {
      const { result, delaysMs } = await setup([refusal]).fetch({ refusedPatienceMs });
      expect(result).toEqual({ kind: 'unavailable', detail: 'Human API denied access' });
      expect(Math.abs(sum(delaysMs) - forMs)).toBeLessThan(6 * MINUTE_MS);
    }
  });

  test('of a run of an earlier version is asked for five times', async () => {
    const { humanApi, fetch } = setup([refusal]);
    expect((await fetch({})).result).toMatchObject({ kind: 'unavailable' });
    expect(humanApi.count('openReport')).toBe(5);
  });
});
