import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { T0, truthOf } from '../domain/model/upstream';
import { fc } from '../support/property';
import { NO_FAULTS, type SimulationCase, type SimulationResult, simulate } from './applicant';
import { POLICY } from './cases';
import { WorkflowCode } from './workflow-code';

const CASES = Number(process.env['SIMULATION_CASES'] ?? 60);
const TEST_TIMEOUT_MS = 3_600_000;
/** The look-ups take 50 s, less the time of the calls. */
const MAX_COMMIT_MS = 45 * SECOND_MS;

const code = new WorkflowCode(['recordManifest']);

const INVITED_ONLY: SimulationCase = {
  truth: truthOf([
    { atMs: T0, status: 'Invited' },
    { atMs: T0 + 2 * HOUR_MS, status: 'Declined' },
  ]),
  deliveries: [],
  ...NO_FAULTS,
};

async function simulateInvitation(testCase: Partial<SimulationCase>): Promise<SimulationResult> {
  return simulate(code, { ...INVITED_ONLY, ...testCase }, POLICY, T0 + 48 * HOUR_MS);
}

/** How many people were created while another one existed. */
function countDuplicates({ upstream }: SimulationResult): number {
  return upstream.created.filter(({ existing }) => existing > 0).length;
}

/** The queue is full until then and empty afterwards, as behind the last rows of a file. */
function fullUntil(opensAtMs: number): NonNullable<SimulationCase['queueDelayMs']> {
  return (atMs) => Math.max(0, opensAtMs - atMs);
}

test('behind a queue of a minute, a create without an answer that is visible after 30 s is looked up, not repeated', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const queueDelayMs = fullUntil(T0 + MINUTE_MS);
    const result = await simulateInvitation({ seed, queueDelayMs, commitMs: 30 * SECOND_MS, failing: 60 });
    expect({ seed, twice: countDuplicates(result) }).toEqual({ seed, twice: 0 });
    expect(result.closed).toMatchObject({ result: { outcome: 'declined' } });
  }
});

const cases = fc.record({
  seed: fc.nat(),
  failing: fc.constantFrom(30, 60),
  commitMs: fc.nat(MAX_COMMIT_MS),
  opensAfterMs: fc.nat(10 * MINUTE_MS),
  maxWaitMs: fc.constantFrom(0, 20 * SECOND_MS, 2 * MINUTE_MS),
  deaths: fc.array(
    fc.record({ atMs: fc.integer({ min: T0, max: T0 + 15 * MINUTE_MS }), downMs: fc.nat(2 * MINUTE_MS) }),
    { maxLength: 3 },
  ),
});

test(
  'no one is invited twice, in spite of waits in the queue, lost answers and killed workers',
  () =>
    fc.assert(
      fc.asyncProperty(cases, async ({ opensAfterMs, maxWaitMs, ...testCase }) => {
        const delayMs = fullUntil(T0 + opensAfterMs);
        const queueDelayMs: SimulationCase['queueDelayMs'] = (atMs, random) =>
          delayMs(atMs, random) + random() * maxWaitMs;
        expect(countDuplicates(await simulateInvitation({ ...testCase, queueDelayMs }))).toBe(0);
      }),
      { numRuns: CASES },
    ),
  TEST_TIMEOUT_MS,
);
