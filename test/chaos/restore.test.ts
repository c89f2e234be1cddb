import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderStore } from '../../src/report-store/folder/store';
import { until } from '../support/condition';
import { Installation } from '../support/installation';
import { BUILD_TIMEOUT_MS, ensureBuilt, killLeftOvers, type RunningProcess } from '../support/processes';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';
import { createCohort, expectCorrectEndings, pollEvery, rowsOf, type SampleApplicant } from './sample-applicants';

/** One collects, one is withdrawn, one has several providers. */
const PERSONAS = ['eager', 'declines', 'several'];
const ENDINGS_TIMEOUT_MS = 120_000;
jest.setTimeout(300_000);

let folder: string;
let server: TemporalServer;
let installation: Installation;
let worker: RunningProcess;

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chartway-restore-'));
  server = await startTemporalServer({ dbFile: database('live') });
  installation = await Installation.start({
    temporalAddress: server.address,
    taskQueue: 'restore',
    speed: 600,
    notices: 'lost',
    policy: { SETTLE_ALL_SYNCED: '2s', SETTLE_SOME_SYNCED: '5s', SETTLE_ERROR: '2s', ...pollEvery('1s') },
  });
  worker = await installation.startWorker();
});

afterAll(async () => {
  await installation?.remove();
  await killLeftOvers();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('after a restore of Temporal from a backup, the engine finds what it collected and invites no one twice', async () => {
  const early = await createCohort(installation, 'POL-early', PERSONAS.length, PERSONAS);
  const late = await createCohort(installation, 'POL-late', PERSONAS.length, PERSONAS);
  await installation.startApplicants(rowsOf(early));
  await until('all early applicants to be invited', () => allInvited(early), ENDINGS_TIMEOUT_MS);
  await restartTemporalWith('live', 'backup');
  await installation.startApplicants(rowsOf(late));
  await expectCorrectEndings(installation, [...early, ...late], ENDINGS_TIMEOUT_MS);

  await restartTemporalWith('backup', 'live');
  // The caller sends again all applicants, those from before the backup too.
  const results = await installation.startApplicants(rowsOf([...early, ...late]));
  expect(results.filter((result) => result === 'started')).toHaveLength(late.length);
  await expectCorrectEndings(installation, [...early, ...late], ENDINGS_TIMEOUT_MS);
});

test('after the loss of the report store, another round collects everything again and invites no one', async () => {
  // Without withdrawn applicants: upstream has no more records of them.
  const applicants = await createCohort(installation, 'POL', 2, ['eager', 'several']);
  await installation.startApplicants(rowsOf(applicants));
  await expectCorrectEndings(installation, applicants, ENDINGS_TIMEOUT_MS);

  await rm(installation.reports, { recursive: true });
  // The new store has a new identity, which a running worker does not accept.
  await createFolderStore(installation.reports).init();
  await worker.end();
  worker = await installation.startWorker();
  expect(await installation.startApplicants(rowsOf(applicants), ['--again'])).toEqual(applicants.map(() => 'started'));
  await expectCorrectEndings(installation, applicants, ENDINGS_TIMEOUT_MS);
});

async function allInvited(applicants: readonly SampleApplicant[]): Promise<boolean> {
  const people = await Promise.all(applicants.map(({ clientUserId }) => installation.upstream.people(clientUserId)));
  return people.every(({ length }) => length === 1);
}

/** Stops worker and Temporal, copies a database, and starts both again. */
async function restartTemporalWith(from: string, to: string): Promise<void> {
  await worker.end();
  await server.stop();
  await copyDatabase(from, to);
  const port = Number(server.address.split(':')[1]);
  server = await startTemporalServer({ dbFile: database('live'), port });
  worker = await installation.startWorker();
}

function database(name: string): string {
  return join(folder, `${name}.db`);
}

/** Copies the write-ahead log too, because a stopped server leaves its last writes there. */
async function copyDatabase(from: string, to: string): Promise<void> {
  for (const suffix of ['-wal', '-shm']) await rm(database(to) + suffix, { force: true });
  for (const file of ['', '-wal'].filter((suffix) => existsSync(database(from) + suffix)))
    await cp(database(from) + file, database(to) + file);
}
