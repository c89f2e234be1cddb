import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderStore } from '../../src/report-store/folder/store';
import { until } from '../support/condition';
import { Installation } from '../support/installation';
import { BUILD_TIMEOUT_MS, ensureBuilt, killLeftOvers, type RunningProcess } from '../support/processes';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';
import { cohort, expectTrueEndings, type Member, rowsOf } from './cohort';

/** Each persona once a cohort. */
const COHORT_SIZE = 7;
const POLLS = ['INVITED', 'ENGAGED', 'SYNCING', 'ATTENTION', 'SOME_SYNCED', 'DISCONNECTED'];
const ENDINGS_TIMEOUT_MS = 120_000;
const TEST_TIMEOUT_MS = 300_000;

let folder: string;
let server: TemporalServer;
let installation: Installation;
let worker: RunningProcess;

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chartway-restore-'));
  server = await startTemporalServer({ dbFile: database('live') });
  installation = await Installation.start({
    temporalAddress: server.address,
    taskQueue: 'restore',
    speed: 360,
    notices: 'lost',
    policy: {
      SETTLE_ALL_SYNCED: '2s',
      SETTLE_SOME_SYNCED: '5s',
      SETTLE_ERROR: '2s',
      ...Object.fromEntries(POLLS.map((name) => [`POLL_${name}`, '1s'])),
    },
  });
  worker = await installation.startWorker();
}, 120_000);

afterEach(async () => {
  await installation?.remove();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
}, 120_000);

afterAll(killLeftOvers);

test(
  'after Temporal was restored from a backup, what was collected is found again and nobody is invited twice',
  async () => {
    const early = await cohort(installation, 'POL-early', COHORT_SIZE);
    const late = await cohort(installation, 'POL-late', COHORT_SIZE);
    await installation.intake(rowsOf(early));
    await until('all early ones to be invited', ENDINGS_TIMEOUT_MS, () => allInvited(early));
    await backUp();
    await installation.intake(rowsOf(late));
    await expectTrueEndings(installation, [...early, ...late], ENDINGS_TIMEOUT_MS);

    await restore();
    // Intake sends again what it has sent since the backup, and to be sure what came before it.
    const results = await installation.intake(rowsOf([...early, ...late]));
    expect(results.filter((result) => result === 'started')).toHaveLength(late.length);
    await expectTrueEndings(installation, [...early, ...late], ENDINGS_TIMEOUT_MS);
  },
  TEST_TIMEOUT_MS,
);

test(
  'after the store was lost, another round collects everything again and invites nobody',
  async () => {
    const members = (await cohort(installation, 'POL', COHORT_SIZE)).filter(isStillThere);
    await installation.intake(rowsOf(members));
    await expectTrueEndings(installation, members, ENDINGS_TIMEOUT_MS);

    await rm(installation.reports, { recursive: true });
    // A new store has an identity of its own, and a process keeps to the one that it has seen.
    await createFolderStore(installation.reports).init();
    await worker.end();
    worker = await installation.startWorker();
    expect(await installation.intake(rowsOf(members), ['--again'])).toEqual(members.map(() => 'started'));
    await expectTrueEndings(installation, members, ENDINGS_TIMEOUT_MS);
  },
  TEST_TIMEOUT_MS,
);

/** Not withdrawn: who was, is not to be had again. */
function isStillThere({ persona }: Member): boolean {
  return persona.outcome === 'collected' || persona.outcome === 'partial';
}

async function allInvited(members: readonly Member[]): Promise<boolean> {
  const people = await Promise.all(members.map(({ clientUserId }) => installation.upstream.people(clientUserId)));
  return people.every(({ length }) => length === 1);
}

async function backUp(): Promise<void> {
  await worker.end();
  await server.stop();
  await copyDatabase('live', 'backup');
  await startAgain();
}

async function restore(): Promise<void> {
  await worker.end();
  await server.stop();
  await copyDatabase('backup', 'live');
  await startAgain();
}

async function startAgain(): Promise<void> {
  const port = Number(server.address.split(':')[1]);
  server = await startTemporalServer({ dbFile: database('live'), port });
  worker = await installation.startWorker();
}

function database(name: string): string {
  return join(folder, `${name}.db`);
}

/** Copies the write-ahead log too, because a stopped server leaves its last writes there. */
async function copyDatabase(from: string, to: string): Promise<void> {
  for (const rest of ['-wal', '-shm']) await rm(database(to) + rest, { force: true });
  for (const file of ['', '-wal'].filter((rest) => existsSync(database(from) + rest)))
    await cp(database(from) + file, database(to) + file);
}
