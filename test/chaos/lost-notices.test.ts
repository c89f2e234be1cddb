import { Installation } from '../support/installation';
import { BUILD_TIMEOUT_MS, ensureBuilt, killLeftOvers, type RunningProcess } from '../support/processes';
import { readStored } from '../support/stored';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';
import { cohort, enrol, expectTrueEndings, type Member } from './cohort';
import { chaosFromEnvironment, Dice } from './dice';
import { NoticeGate } from './notice-gate';

const { seed, rounds } = chaosFromEnvironment();

/** Which share of the notices is lost, by the cohort's name. */
const LOST: Readonly<Record<string, number>> = { all: 1, half: 0.5, tenth: 0.1, none: 0 };
/** Each persona twice a cohort. */
const COHORT_SIZE = 14 * rounds;
const POLLS = ['INVITED', 'ENGAGED', 'SYNCING', 'ATTENTION', 'SOME_SYNCED', 'DISCONNECTED'];
const ENDINGS_TIMEOUT_MS = 150_000 * rounds;
const TEST_TIMEOUT_MS = 240_000 * rounds;

let server: TemporalServer;
let installation: Installation;
let gate: NoticeGate;
let worker: RunningProcess;

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

beforeAll(async () => {
  const dice = new Dice(seed);
  server = await startTemporalServer();
  installation = await Installation.start({
    temporalAddress: server.address,
    taskQueue: 'lost-notices',
    speed: 240,
    notices: 'sent',
    noticesBy: async (webhookUrl) => {
      gate = await NoticeGate.start(webhookUrl, (clientUserId) => dice.chance(LOST[cohortOf(clientUserId)] ?? 0));
      return gate.url;
    },
    policy: {
      SETTLE_ALL_SYNCED: '3s',
      SETTLE_SOME_SYNCED: '10s',
      SETTLE_ERROR: '3s',
      ...Object.fromEntries(POLLS.map((name) => [`POLL_${name}`, '2s'])),
    },
  });
  worker = await installation.startWorker();
}, 120_000);

afterAll(async () => {
  await installation?.remove();
  await gate?.close();
  await killLeftOvers();
  await server?.stop();
}, 120_000);

function cohortOf(clientUserId: string): string {
  return clientUserId.split('-')[1] ?? '';
}

test(
  `with none, a tenth, half or all of the notices lost the same applicants end alike (seed ${seed})`,
  async () => {
    const cohorts: Record<string, readonly Member[]> = {};
    for (const name of Object.keys(LOST)) {
      cohorts[name] = await cohort(installation, `POL-${name}`, COHORT_SIZE);
      await enrol(installation, cohorts[name]);
    }
    const members = Object.values(cohorts).flat();
    await expectTrueEndings(installation, members, ENDINGS_TIMEOUT_MS);
    expect(gate.lost).toBeGreaterThan(COHORT_SIZE);
    expect(gate.passed).toBeGreaterThan(COHORT_SIZE);
    // Whose last status no notice told, a poll told: the figure says how much the feed loses.
    expect(await foundByPolling('status')).toBeGreaterThanOrEqual(gate.endingsLost);

    const stored = await Promise.all(Object.keys(LOST).map((name) => currentDocuments(cohorts[name] ?? [])));
    for (const documents of stored) expect(documents).toEqual(stored[0]);
  },
  TEST_TIMEOUT_MS,
);

async function foundByPolling(of: string): Promise<number> {
  const text = await (await fetch(`${worker.addresses[0]}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith('chartway_facts_found') && each.includes(`of="${of}"`));
  return Number(line?.split(' ').at(-1) ?? 0);
}

/** What each member's manifest lists in its newest version, without what tells one member's documents from another's. */
async function currentDocuments(members: readonly Member[]): Promise<readonly (readonly string[])[]> {
  return Promise.all(
    members.map(async ({ clientUserId }) => {
      const { manifest } = await readStored(installation.reports, clientUserId);
      return manifest.documents
        .filter(({ superseded }) => !superseded)
        .map(({ type, organization, format }) => `${type} ${organization?.name} ${format}`)
        .sort();
    }),
  );
}
