import { existsSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { createFolderStore } from '../../src/report-store/folder/store';
import { until } from '../support/condition';
import { useInstallation } from '../support/installation';
import { createCohort, expectCorrectEndings, pollEvery, rowsOf, type SampleApplicant } from './sample-applicants';

/** One collects, one is withdrawn, one has several providers. */
const PERSONAS = ['eager', 'declines', 'several'];
const ENDINGS_TIMEOUT_MS = 120_000;
jest.setTimeout(300_000);

const installation = useInstallation({
  speed: 600,
  notices: 'lost',
  database: 'file',
  policy: { SETTLE_ALL_SYNCED: '2s', SETTLE_SOME_SYNCED: '5s', SETTLE_ERROR: '2s', ...pollEvery('1s') },
});

test('after a restore of Temporal from a backup, the engine finds what it collected and invites no one twice', async () => {
  const early = await createCohort(installation(), 'POL-early', PERSONAS.length, PERSONAS);
  const late = await createCohort(installation(), 'POL-late', PERSONAS.length, PERSONAS);
  await installation().startApplicants(rowsOf(early));
  await until('all early applicants to be invited', () => allInvited(early), ENDINGS_TIMEOUT_MS);
  await restartAfterCopy(installation().databaseFile, backup());
  await installation().startApplicants(rowsOf(late));
  await expectCorrectEndings(installation(), [...early, ...late], ENDINGS_TIMEOUT_MS);

  await restartAfterCopy(backup(), installation().databaseFile);
  // The caller sends again all applicants, those from before the backup too.
  const results = await installation().startApplicants(rowsOf([...early, ...late]));
  expect(results.filter((result) => result === 'started')).toHaveLength(late.length);
  await expectCorrectEndings(installation(), [...early, ...late], ENDINGS_TIMEOUT_MS);
});

test('after the loss of the report store, another round collects everything again and invites no one', async () => {
  // Without withdrawn applicants: upstream has no more records of them.
  const applicants = await createCohort(installation(), 'POL', 2, ['eager', 'several']);
  await installation().startApplicants(rowsOf(applicants));
  await expectCorrectEndings(installation(), applicants, ENDINGS_TIMEOUT_MS);

  await rm(installation().reports, { recursive: true });
  // The new store has a new identity, which a running worker does not accept.
  await createFolderStore(installation().reports).init();
  await installation().worker.stop();
  await installation().startWorker();
  expect(await installation().startApplicants(rowsOf(applicants), ['--again'])).toEqual(
    applicants.map(() => 'started'),
  );
  await expectCorrectEndings(installation(), applicants, ENDINGS_TIMEOUT_MS);
});

async function allInvited(applicants: readonly SampleApplicant[]): Promise<boolean> {
  const people = await Promise.all(applicants.map(({ clientUserId }) => installation().upstream.people(clientUserId)));
  return people.every(({ length }) => length === 1);
}

const backup = () => `${installation().databaseFile}.backup`;

/** Stops worker and Temporal, copies the database, and starts both again. */
async function restartAfterCopy(from: string, to: string): Promise<void> {
  await installation().worker.stop();
  await installation().restartTemporal(() => copyDatabase(from, to));
  await installation().startWorker();
}

/** Copies the write-ahead log too, because a stopped server leaves its last writes there. */
async function copyDatabase(from: string, to: string): Promise<void> {
  for (const suffix of ['-wal', '-shm']) await rm(to + suffix, { force: true });
  for (const suffix of ['', '-wal'].filter((each) => existsSync(from + each))) await cp(from + suffix, to + suffix);
}
