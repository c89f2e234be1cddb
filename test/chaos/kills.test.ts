import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../support/condition';
import { Installation } from '../support/installation';
import { BUILD_TIMEOUT_MS, ensureBuilt, killLeftOvers, type RunningProcess } from '../support/processes';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';
import type { Side } from '../support/upstream-proxy';
import { cohort, enrol, expectTrueEndings, type Member } from './cohort';
import { chaosFromEnvironment, Dice } from './dice';

const { seed, rounds } = chaosFromEnvironment();

const CLIENT_TOKEN = 'a client token';
/** Every kind of call that a reference applicant makes, and a declined one: the activity boundaries as upstream sees them. */
const CALLS: Readonly<Record<string, RegExp>> = {
  [CLIENT_TOKEN]: /^POST \/auth\/v1\/admin\/token/,
  'the look-up before the invitation': /^GET \/admin\/api\/v1\/users\?/,
  'the invitation': /^POST \/admin\/api\/v1\/users$/,
  'a read of the status': /^GET \/admin\/api\/v1\/users\/[^?]+$/,
  'an access token': /^POST \/auth\/v1\/connect\/token/,
  'a list of reports': /^GET \/data\/v1\/human\/medical\/reports$/,
  'a download': /^GET \/data\/v1\/human\/medical\/reports\/[^/]+\/raw/,
  'a withdraw': /^DELETE \/admin\/api\/v1\/users\//,
};
const SIDES: readonly Side[] = ['before', 'after'];

/** Strokes between two waves of applicants: invitations are still made, and people still withdrawn, when the last strokes come. */
const WAVE_EVERY = 3;
/** Six waves a round: more than a hundred applicants. */
const WAVE_SIZE = 21;
/** Five times a round. */
const TEMPORAL_EVERY = 3;
/** A dead worker is noticed within 30 s, and a retry may wait a minute. */
const CALL_TIMEOUT_MS = 90_000;
const ENDINGS_TIMEOUT_MS = 180_000;
const TEST_TIMEOUT_MS = 600_000 * rounds;

const POLLS = ['INVITED', 'ENGAGED', 'SYNCING', 'ATTENTION', 'SOME_SYNCED', 'DISCONNECTED'];
/** The waits fit the speed of the stories; polls find what a killed webhook never heard. */
const POLICY = {
  SETTLE_ALL_SYNCED: '2s',
  SETTLE_SOME_SYNCED: '10s',
  SETTLE_ERROR: '3s',
  ...Object.fromEntries(POLLS.map((name) => [`POLL_${name}`, '2s'])),
};

let folder: string;
let server: TemporalServer;
let installation: Installation;
let worker: RunningProcess;

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chartway-kills-'));
  server = await startTemporalServer({ dbFile: join(folder, 'temporal.db') });
  installation = await Installation.start({
    temporalAddress: server.address,
    taskQueue: 'kills',
    speed: 120,
    notices: 'sent',
    policy: POLICY,
  });
  worker = await installation.startWorker();
}, 120_000);

afterAll(async () => {
  await installation?.remove();
  await killLeftOvers();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
}, 120_000);

test(
  `kill -9 of the worker at every call, of the webhook and of Temporal costs no applicant (seed ${seed})`,
  async () => {
    const dice = new Dice(seed);
    const members: Member[] = [];
    for (const [at, { call, side }] of strokes(dice).entries()) {
      if (at % WAVE_EVERY === 0) {
        const wave = await cohort(installation, `POL-${at}`, WAVE_SIZE);
        await enrol(installation, wave);
        members.push(...wave);
      }
      await killWorkerAt(call, side);
      if (at % TEMPORAL_EVERY === 1) await killTemporal();
      if (dice.chance(0.5)) await installation.replaceWebhook();
    }
    expect(members.length).toBeGreaterThanOrEqual(100);
    await expectTrueEndings(installation, members, ENDINGS_TIMEOUT_MS);
  },
  TEST_TIMEOUT_MS,
);

interface Stroke {
  readonly call: string;
  readonly side: Side;
}

/** Every kind of call on both sides, in an order of luck; the withdraw never last, for there must be one to come. */
function strokes(dice: Dice): readonly Stroke[] {
  const round = () =>
    Object.keys(CALLS)
      .flatMap((call) => SIDES.map((side) => ({ call, side, luck: dice.below(1_000_000) })))
      .sort((a, b) => a.luck - b.luck);
  return Array.from({ length: rounds }, round).flat();
}

/** Waits until such a call stands still, on its way there or back, and kills the worker that made it. */
async function killWorkerAt(call: string, side: Side): Promise<void> {
  const pattern = CALLS[call];
  let caught = false;
  installation.proxy
    .catchNext((made) => pattern?.test(made) === true, side)
    .then(() => {
      caught = true;
    });
  // Tokens are kept for a day: only a worker that has just started asks for one.
  if (call === CLIENT_TOKEN) worker = await installation.replaceWorker(worker);
  await until(`${call} to be made`, CALL_TIMEOUT_MS, () => caught);
  worker = await installation.replaceWorker(worker);
  installation.proxy.release();
}

/** As when the machine of a Temporal server loses its power, but for what the disk itself loses. */
async function killTemporal(): Promise<void> {
  process.kill(server.pid, 'SIGKILL');
  await server.stop();
  server = await startTemporalServer({
    dbFile: join(folder, 'temporal.db'),
    port: Number(server.address.split(':')[1]),
  });
}
