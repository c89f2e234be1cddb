import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { T0 } from '../domain/model/upstream';
import { fc } from '../support/property';
import { type Lived, live, type Story } from './applicant';
import { POLICY } from './stories';
import { WorkflowCode } from './workflow-code';

const CASES = Number(process.env['SIMULATION_CASES'] ?? 60);
const TEST_TIMEOUT_MS = 3_600_000;
/** As late as the look-ups can wait for: the rest of their 50 s is the time that calls and starts take. */
const COMMIT_MOST_MS = 45 * SECOND_MS;

const code = new WorkflowCode(['recordManifest']);

const INVITED_ONLY: Story = {
  truth: {
    statuses: [
      { atMs: T0, status: 'Invited' },
      { atMs: T0 + 2 * HOUR_MS, status: 'Declined' },
    ],
    ...{ reports: [], goneAtMs: null, outages: [], lagMs: 0, dated: true },
  },
  deliveries: [],
  ...{ cancelAtMs: null, deaths: [], forgetAfterTasks: null, suggestAfter: null, failing: 0, commitMs: 0, skewMs: 0 },
  seed: 1,
};

async function lifeOf(story: Partial<Story>): Promise<Lived> {
  return live(code, { ...INVITED_ONLY, ...story }, POLICY, T0 + 48 * HOUR_MS);
}

/** Who was invited while somebody else was there already. */
function invitedTwice({ upstream }: Lived): number {
  return upstream.created.filter(({ besides }) => besides > 0).length;
}

/** The queue lets nobody in before; afterwards it is empty, as behind the last rows of a file. */
function openFrom(opensAtMs: number): NonNullable<Story['queuedForMs']> {
  return (atMs) => Math.max(0, opensAtMs - atMs);
}

test('behind a queue of a minute, a create whose answer is lost and that shows 30 s late is looked for, not repeated', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const queuedForMs = openFrom(T0 + MINUTE_MS);
    const lived = await lifeOf({ seed, queuedForMs, commitMs: 30 * SECOND_MS, failing: 60 });
    expect({ seed, twice: invitedTwice(lived) }).toEqual({ seed, twice: 0 });
    expect(lived.closed).toMatchObject({ result: { outcome: 'declined' } });
  }
});

const stories = fc.record({
  seed: fc.nat(),
  failing: fc.constantFrom(30, 60),
  commitMs: fc.nat(COMMIT_MOST_MS),
  opensAfterMs: fc.nat(10 * MINUTE_MS),
  waitsMostMs: fc.constantFrom(0, 20 * SECOND_MS, 2 * MINUTE_MS),
  deaths: fc.array(
    fc.record({ atMs: fc.integer({ min: T0, max: T0 + 15 * MINUTE_MS }), downMs: fc.nat(2 * MINUTE_MS) }),
    { maxLength: 3 },
  ),
});

test(
  'nobody is invited twice, however long an attempt waits in the queue, whatever is lost, and whenever a worker dies',
  () =>
    fc.assert(
      fc.asyncProperty(stories, async ({ opensAfterMs, waitsMostMs, ...story }) => {
        const opens = openFrom(T0 + opensAfterMs);
        const queuedForMs: Story['queuedForMs'] = (atMs, luck) => opens(atMs, luck) + luck() * waitsMostMs;
        expect(invitedTwice(await lifeOf({ ...story, queuedForMs }))).toBe(0);
      }),
      { numRuns: CASES },
    ),
  TEST_TIMEOUT_MS,
);
