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

/** Applicants who start with each stroke, each persona twice: whatever call it waits for, somebody makes it. Eight strokes: over a hundred. */
const WAVE_SIZE = 14;
/** After which of three strokes Temporal is killed as well: six times in eight. */
const TEMPORAL_SPARED = 2;
/** A dead worker is noticed within 30 s, a retry may wait a minute, and others use the cores too. */
const CALL_TIMEOUT_MS = 150_000;
const ENDINGS_TIMEOUT_MS = 300_000;
const TEST_TIMEOUT_MS = 900_000 * rounds;

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
    speed: 240,
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
    for (const [at, stroke] of strokes(dice).entries()) {
      const caught = lieInWait(stroke);
      // Tokens are kept for a day: only a worker that has just started asks for one.
      if (stroke.call === CLIENT_TOKEN) worker = await installation.replaceWorker(worker);
      const wave = await cohort(installation, `POL-${at}`, WAVE_SIZE);
      await enrol(installation, wave);
      members.push(...wave);
      await until(`${stroke.call} to be made`, CALL_TIMEOUT_MS, caught);
      worker = await installation.replaceWorker(worker);
      installation.proxy.release();
      if (at % 3 !== TEMPORAL_SPARED) await killTemporal();
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

/** Every kind of call in an order of luck; a single round takes one side of each, also by luck, more rounds take both. */
function strokes(dice: Dice): readonly Stroke[] {
  const round = () => {
    const both = Object.keys(CALLS).flatMap((call) =>
      SIDES.map((side) => ({ call, side, luck: dice.below(1_000_000) })).sort((a, b) => a.luck - b.luck),
    );
    return both.filter((_stroke, index) => rounds > 1 || index % 2 === 0).sort((a, b) => a.luck - b.luck);
  };
  return Array.from({ length: rounds }, round).flat();
}

/** Catches the next such call on its way there or back; tells whether it stands still. */
function lieInWait({ call, side }: Stroke): () => boolean {
  let caught = false;
  installation.proxy
    .catchNext((made) => CALLS[call]?.test(made) === true, side)
    .then(() => {
      caught = true;
    });
  return () => caught;
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
