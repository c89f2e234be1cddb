import { execFile } from 'node:child_process';
import { rename, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { applicantWorkflowId } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { useInstallation } from '../support/installation';
import { filesIn } from '../support/stored';
import { createCohort, expectCorrectEndings, pollEvery, type SampleApplicant, startCohort } from './sample-applicants';

/** Smaller than each document of the sandbox, so that each write fails in its middle. */
const FILE_LIMIT_BYTES = 300;
const DOWNLOAD = /^GET \/data\/v1\/human\/medical\/reports\/[^/]+\/raw/;
const ENDINGS_TIMEOUT_MS = 120_000;
jest.setTimeout(200_000);

const installation = useInstallation({
  speed: 600,
  notices: 'sent',
  policy: { SETTLE_ALL_SYNCED: '1s', SETTLE_SOME_SYNCED: '3s', SETTLE_ERROR: '3s', ...pollEvery('2s') },
});

test('a disk that is full in the middle of each document shows no partial file, and the same worker continues when there is space', async () => {
  await limitFileSize(FILE_LIMIT_BYTES);
  const applicants = await createCohort(installation(), 'POL-full', 1, ['eager']);
  await startCohort(installation(), applicants);
  await untilStoreFails(applicants, 'EFBIG');
  expect(await finalFiles()).toEqual([]);
  await limitFileSize('unlimited');
  await expectCorrectEndings(installation(), applicants, ENDINGS_TIMEOUT_MS);
  expect([...(await filesIn(installation().reports)).keys()].filter((file) => file.startsWith('.incoming/'))).toEqual(
    [],
  );
});

test('an unreachable store loses no applicant, and the same worker continues when the store is back', async () => {
  const applicants = await createCohort(installation(), 'POL-away', 1, ['eager']);
  const downloading = installation().proxy.catchNext((call) => DOWNLOAD.test(call), 'before');
  await startCohort(installation(), applicants);
  await downloading;
  const away = `${installation().reports}-away`;
  await rename(installation().reports, away);
  await writeFile(installation().reports, '');
  installation().proxy.release();
  await untilStoreFails(applicants, 'store.json');
  await rm(installation().reports);
  await rename(away, installation().reports);
  await expectCorrectEndings(installation(), applicants, ENDINGS_TIMEOUT_MS);
});

/** Limits the files of the worker: at the limit a write is short and the next write fails, as on a full disk. */
async function limitFileSize(bytes: number | 'unlimited'): Promise<void> {
  await promisify(execFile)('prlimit', ['--pid', String(installation().worker.pid), `--fsize=${bytes}:unlimited`]);
}

/** Waits until the store fails an activity of one of these applicants. Temporal retries the activity. */
async function untilStoreFails(applicants: readonly SampleApplicant[], code: string): Promise<void> {
  await until(`the store to fail with ${code}`, async () => {
    const failures = await Promise.all(applicants.map(({ clientUserId }) => failuresOf(clientUserId)));
    return failures.flat().some(({ type, message }) => type === 'StoreUnavailable' && message.includes(code));
  });
}

async function failuresOf(clientUserId: string) {
  const { raw } = await installation().client.workflow.getHandle(applicantWorkflowId(clientUserId)).describe();
  return (raw.pendingActivities ?? []).map(({ lastFailure }) => ({
    type: lastFailure?.applicationFailureInfo?.type ?? null,
    message: lastFailure?.message ?? '',
  }));
}

/** Returns the files that a reader of the store sees. */
async function finalFiles(): Promise<string[]> {
  const files = [...(await filesIn(installation().reports)).keys()];
  return files.filter((file) => !file.startsWith('.') && !file.includes('/.'));
}
