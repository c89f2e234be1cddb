import { DEFAULT_POLICY, type Policy, SECOND_MS } from '../../src/domain/policy';
import { Unavailable } from '../../src/upstream/errors';
import { stateQuery } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { type Change, facts, row } from '../support/fake-upstream';
import { FakePeople } from './fake-people';
import { RealServer } from './real-server';

const APPLICANTS = 60;
const CALLS_A_SECOND = 20;
/** What was not used of one second the server gives in the next, and no more (measured: 21 in a second at 10). */
const BURST = 2 * CALLS_A_SECOND + 2;
/** For so long: of five seconds, one is the burst's. */
const WINDOW_SECONDS = 5;
/** Every applicant has failed by then. */
const FAILED_CALLS = 2 * APPLICANTS;
const STEP_TIMEOUT_MS = 120_000;
const TEST_TIMEOUT_MS = 300_000;

/** As impatient as can be: each of them asks every second. */
const POLICY: Policy = {
  ...DEFAULT_POLICY,
  pollMs: { ...DEFAULT_POLICY.pollMs, invited: SECOND_MS, someSynced: SECOND_MS },
  settleMs: { ...DEFAULT_POLICY.settleMs, allSynced: 2 * SECOND_MS },
  wanted: { ccdraw: ['pdf'] },
};

let server: RealServer;
beforeAll(async () => {
  server = await RealServer.start();
}, STEP_TIMEOUT_MS);
afterAll(() => server?.stop(), STEP_TIMEOUT_MS);

/** The most calls that came within any so many seconds. */
function mostWithin(calls: readonly number[], seconds: number): number {
  let most = 0;
  for (let from = 0, to = 0; to < calls.length; to += 1) {
    while ((calls[to] ?? 0) - (calls[from] ?? 0) >= seconds * SECOND_MS) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

test(
  `${APPLICANTS} applicants whose upstream was away all end as they would have, and come back no faster than the cap lets them`,
  async () => {
    const [humanApi, store] = [new FakePeople(), new FakeStore()];
    await server.startWorkers({ taskQueue: 'outage', humanApi, store, maxCallsPerSecond: CALLS_A_SECOND });
    const ids = Array.from({ length: APPLICANTS }, (_, at) => `POL-${at}`);
    const script: Change[] = [];
    for (const id of ids) humanApi.add(id, script);
    const applicants = await Promise.all(ids.map((id) => server.startApplicant('outage', id, POLICY)));
    await until('everybody to be invited', STEP_TIMEOUT_MS, () =>
      ids.every((id) => humanApi.upstreamOf(id).people.length === 1),
    );
    humanApi.outage = new Unavailable(facts(503), 'scripted');
    const wentAt = humanApi.calls.length;
    // It happens to all of them while nobody can be asked.
    script.push({ afterMs: 0, status: 'All Synced', reports: [row('r', 'ccdraw', 'A')] });
    await until('everybody to have failed', STEP_TIMEOUT_MS, () => humanApi.calls.length > wentAt + FAILED_CALLS);
    for (const applicant of applicants) expect(await applicant.query(stateQuery)).toMatchObject({ outcome: null });
    humanApi.outage = null;
    const cameBackAt = humanApi.calls.length;
    const results = await Promise.all(applicants.map((applicant) => applicant.result()));
    expect(results).toEqual(ids.map(() => ({ outcome: 'collected', reason: null, documents: 1 })));
    expect(ids.flatMap((id) => humanApi.upstreamOf(id).people)).toHaveLength(APPLICANTS);
    const calls = humanApi.calls.slice(cameBackAt);
    expect(mostWithin(calls, 1)).toBeLessThanOrEqual(BURST);
    expect(mostWithin(calls, WINDOW_SECONDS)).toBeLessThanOrEqual(CALLS_A_SECOND * WINDOW_SECONDS + BURST);
  },
  TEST_TIMEOUT_MS,
);
