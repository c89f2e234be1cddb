import { useInstallation } from '../support/installation';
import { readStored } from '../support/stored';
import { NoticeGate } from './notice-gate';
import { createCohort, expectCorrectEndings, pollEvery, type SampleApplicant, startCohort } from './sample-applicants';
import { chaosFromEnvironment, SeededRandom } from './seeded-random';

const { seed, rounds } = chaosFromEnvironment();

/** Probability that a notice is lost, by the name of the cohort. */
const LOSS: Readonly<Record<string, number>> = { all: 1, half: 0.5, none: 0 };
/** Each persona once in a cohort. */
const COHORT_SIZE = 7 * rounds;
const ENDINGS_TIMEOUT_MS = 150_000 * rounds;
jest.setTimeout(240_000 * rounds);

let gate: NoticeGate;

const installation = useInstallation({
  speed: 240,
  notices: 'sent',
  noticesBy: async (webhookUrl) => {
    const random = new SeededRandom(seed);
    gate = await NoticeGate.start(webhookUrl, (clientUserId) => random.happens(LOSS[cohortOf(clientUserId)] ?? 0));
    return gate.url;
  },
  policy: { SETTLE_ALL_SYNCED: '3s', SETTLE_SOME_SYNCED: '10s', SETTLE_ERROR: '3s', ...pollEvery('2s') },
});
afterAll(() => gate?.close());

function cohortOf(clientUserId: string): string {
  return clientUserId.split('-')[1] ?? '';
}

test(`with none, half or all of the notices lost the same applicants end with the same documents (seed ${seed})`, async () => {
  const cohorts: Record<string, readonly SampleApplicant[]> = {};
  for (const name of Object.keys(LOSS)) {
    cohorts[name] = await createCohort(installation(), `POL-${name}`, COHORT_SIZE);
    await startCohort(installation(), cohorts[name]);
  }
  await expectCorrectEndings(installation(), Object.values(cohorts).flat(), ENDINGS_TIMEOUT_MS);
  expect(gate.lost).toBeGreaterThan(COHORT_SIZE);
  expect(gate.passed).toBeGreaterThan(COHORT_SIZE);
  // A poll finds each last status whose notice is lost.
  expect(await countFoundByPolling('status')).toBeGreaterThanOrEqual(gate.lastStatusesLost);

  const stored = await Promise.all(Object.keys(LOSS).map((name) => currentDocuments(cohorts[name] ?? [])));
  for (const documents of stored) expect(documents).toEqual(stored[0]);
});

async function countFoundByPolling(kind: string): Promise<number> {
  const text = await (await fetch(`${installation().worker.addresses[0]}/metrics`)).text();
  const line = text
    .split('\n')
    .find((each) => each.startsWith('chartway_facts_found') && each.includes(`of="${kind}"`));
  return Number(line?.split(' ').at(-1) ?? 0);
}

/** Returns the documents in their newest version, per applicant, without ids and dates, which differ between applicants. */
async function currentDocuments(applicants: readonly SampleApplicant[]): Promise<readonly (readonly string[])[]> {
  return Promise.all(
    applicants.map(async ({ clientUserId }) => {
      const { manifest } = await readStored(installation().reports, clientUserId);
      return manifest.documents
        .filter(({ superseded }) => !superseded)
        .map(({ type, organization, format }) => `${type} ${organization?.name} ${format}`)
        .sort();
    }),
  );
}
