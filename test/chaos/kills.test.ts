import { join } from 'node:path';
import { until } from '../support/condition';
import { useInstallation } from '../support/installation';
import { filesIn } from '../support/stored';
import type { Side } from '../support/upstream-proxy';
import { createCohort, expectCorrectEndings, pollEvery, type SampleApplicant, startCohort } from './sample-applicants';
import { chaosFromEnvironment, SeededRandom } from './seeded-random';

const { seed, rounds } = chaosFromEnvironment();

const CLIENT_TOKEN = 'a client token';
const DOWNLOAD = 'a download';
/** Each kind of call that upstream receives for a collected and a declined applicant: the boundaries of the activities. */
const CALLS: Readonly<Record<string, RegExp>> = {
  [CLIENT_TOKEN]: /^POST \/auth\/v1\/admin\/token/,
  'the look-up before the invitation': /^GET \/admin\/api\/v1\/users\?/,
  'the invitation': /^POST \/admin\/api\/v1\/users$/,
  'a read of the status': /^GET \/admin\/api\/v1\/users\/[^?]+$/,
  'an access token': /^POST \/auth\/v1\/connect\/token/,
  'a list of reports': /^GET \/data\/v1\/human\/medical\/reports$/,
  [DOWNLOAD]: /^GET \/data\/v1\/human\/medical\/reports\/[^/]+\/raw/,
  'a withdrawal': /^DELETE \/admin\/api\/v1\/users\//,
};
/** Interrupted alone: all other calls wait for a client token, and a retry of a download would store the document. */
const ALONE = [CLIENT_TOKEN, DOWNLOAD];
/** In CI one kill interrupts several of the other calls. */
const CALLS_PER_KILL = rounds > 1 ? 1 : 3;

/** Applicants that start before each kill: each persona twice, so that each kind of call occurs. */
const COHORT_SIZE = 14;
/** Temporal is killed too, except after the third kill of three. */
const TEMPORAL_SPARED = 2;
/** Temporal notices a dead worker within 30 s, and a retry may wait for a minute. */
const CALL_TIMEOUT_MS = 150_000;
const ENDINGS_TIMEOUT_MS = 300_000;
jest.setTimeout(900_000 * rounds);

const installation = useInstallation({
  speed: 240,
  notices: 'sent',
  database: 'file',
  // Polls find what a killed webhook missed.
  policy: { SETTLE_ALL_SYNCED: '2s', SETTLE_SOME_SYNCED: '10s', SETTLE_ERROR: '3s', ...pollEvery('2s') },
});

test(`kill -9 of the worker during each kind of call, of the webhook and of Temporal loses no applicant and shows no partial file (seed ${seed})`, async () => {
  const random = new SeededRandom(seed);
  const applicants: SampleApplicant[] = [];
  for (const [index, interruptions] of planKills(random).entries()) {
    const caught = interruptions.map(interrupt);
    // A worker keeps its client token for a day; only a new worker requests one.
    if (interruptions[0]?.call === CLIENT_TOKEN) await installation().replaceWorker();
    const cohort = await createCohort(installation(), `POL-${index}`, COHORT_SIZE);
    await startCohort(installation(), cohort);
    applicants.push(...cohort);
    for (const { call, held } of caught) await until(call, () => held() !== null, CALL_TIMEOUT_MS);
    const download = caught.find(({ side }) => side === 'middle')?.held();
    if (download) await until('half a document', hasIncomingBytes, CALL_TIMEOUT_MS);
    await installation().worker.stop('SIGKILL');
    if (download) await expectNotStored(download);
    await installation().replaceWorker();
    installation().proxy.release();
    if (index % 3 !== TEMPORAL_SPARED) await killTemporal();
    if (random.happens(0.5)) await installation().replaceWebhook();
  }
  expect(applicants.length).toBeGreaterThanOrEqual(rounds > 1 ? 100 : 50);
  await expectCorrectEndings(installation(), applicants, ENDINGS_TIMEOUT_MS);
});

/** A call that a kill interrupts, and where. */
interface Interruption {
  readonly call: string;
  readonly side: Side;
}

/** Returns the calls that each kill interrupts: each kind once a round, in random order, on a random side; a download in its middle first. */
function planKills(random: SeededRandom): readonly (readonly Interruption[])[] {
  return Array.from({ length: rounds }, (_, round) => {
    const toInterruption = (call: string): Interruption => {
      const side = random.happens(0.5) ? 'before' : 'after';
      return { call, side: call === DOWNLOAD && round === 0 ? 'middle' : side };
    };
    const calls = random.shuffle(Object.keys(CALLS).filter((call) => !ALONE.includes(call)));
    const kills = ALONE.map((call) => [call]);
    while (calls.length > 0) kills.push(calls.splice(0, CALLS_PER_KILL));
    return random.shuffle(kills).map((kill) => kill.map(toInterruption));
  }).flat();
}

/** Holds the next call of this kind; `held` returns it (method, path and query) once it is held. */
function interrupt({ call, side }: Interruption) {
  let heldCall: string | null = null;
  void installation()
    .proxy.catchNext((made) => CALLS[call]?.test(made) === true, side)
    .then((made) => {
      heldCall = made;
    });
  return { call, side, held: () => heldCall };
}

async function hasIncomingBytes(): Promise<boolean> {
  return [...(await filesIn(join(installation().reports, '.incoming'))).values()].some(({ length }) => length > 0);
}

/** Expects that no file under a final name belongs to this interrupted download. */
async function expectNotStored(download: string): Promise<void> {
  const [, reportId = '', format = ''] = /\/reports\/([^/]+)\/raw\?format=(\w+)/.exec(download) ?? [];
  const names = [...(await filesIn(installation().reports)).keys()];
  const isStored = (name: string) => name.split('/').at(-1)?.startsWith(`${reportId}.`) && name.endsWith(`.${format}`);
  expect(reportId).not.toBe('');
  expect(names.filter(isStored)).toEqual([]);
}

/** Kills Temporal as a power cut does, except for what the disk itself loses. */
async function killTemporal(): Promise<void> {
  process.kill(installation().temporal.pid, 'SIGKILL');
  await installation().restartTemporal();
}
