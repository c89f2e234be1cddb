import { execFile } from 'node:child_process';
import { rename, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { applicantWorkflowId } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { Installation } from '../support/installation';
import { BUILD_TIMEOUT_MS, ensureBuilt, killLeftOvers, type RunningProcess } from '../support/processes';
import { filesIn } from '../support/stored';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';
import { cohort, enrol, expectTrueEndings, type Member } from './cohort';

const POLLS = ['INVITED', 'ENGAGED', 'SYNCING', 'ATTENTION', 'SOME_SYNCED', 'DISCONNECTED'];
/** Less than any document of the sandbox, so that each is cut short in mid-write. */
const ROOM_BYTES = 300;
const DOWNLOAD = /^GET \/data\/v1\/human\/medical\/reports\/[^/]+\/raw/;
const FAILED_TIMEOUT_MS = 60_000;
const ENDINGS_TIMEOUT_MS = 120_000;
const TEST_TIMEOUT_MS = 200_000;

let server: TemporalServer;
let installation: Installation;
let worker: RunningProcess;

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

beforeAll(async () => {
  server = await startTemporalServer();
  installation = await Installation.start({
    temporalAddress: server.address,
    taskQueue: 'disk-faults',
    speed: 600,
    notices: 'sent',
    policy: {
      SETTLE_ALL_SYNCED: '1s',
      SETTLE_SOME_SYNCED: '3s',
      SETTLE_ERROR: '3s',
      ...Object.fromEntries(POLLS.map((name) => [`POLL_${name}`, '2s'])),
    },
  });
  worker = await installation.startWorker();
}, 120_000);

afterAll(async () => {
  await installation?.remove();
  await killLeftOvers();
  await server?.stop();
}, 120_000);

test(
  'a disk that is full in the middle of every document shows nothing half, and the same worker goes on when there is room',
  async () => {
    await giveRoom(ROOM_BYTES);
    const members = await eager('POL-full');
    await enrol(installation, members);
    await storeFailedFor(members, 'EFBIG');
    expect(await finalFiles()).toEqual([]);
    await giveRoom('unlimited');
    await expectTrueEndings(installation, members, ENDINGS_TIMEOUT_MS);
    expect([...(await filesIn(installation.reports)).keys()].filter((file) => file.startsWith('.incoming/'))).toEqual(
      [],
    );
  },
  TEST_TIMEOUT_MS,
);

test(
  'a store that cannot be reached costs no applicant, and the same worker goes on when it is back',
  async () => {
    const members = await eager('POL-away');
    const downloading = installation.proxy.catchNext((call) => DOWNLOAD.test(call), 'before');
    await enrol(installation, members);
    await downloading;
    const away = `${installation.reports}-away`;
    await rename(installation.reports, away);
    await writeFile(installation.reports, '');
    installation.proxy.release();
    await storeFailedFor(members, 'store.json');
    await rm(installation.reports);
    await rename(away, installation.reports);
    await expectTrueEndings(installation, members, ENDINGS_TIMEOUT_MS);
  },
  TEST_TIMEOUT_MS,
);

/** Somebody whose documents all come at once. */
async function eager(name: string): Promise<readonly Member[]> {
  return (await cohort(installation, name, 7)).filter(({ persona }) => persona.name === 'eager');
}

/** How large a file the worker may make from now on: at the limit a write is short, and the next one fails, as on a full disk. */
async function giveRoom(bytes: number | 'unlimited'): Promise<void> {
  await promisify(execFile)('prlimit', ['--pid', String(worker.pid), `--fsize=${bytes}:unlimited`]);
}

/** Waits until the store has failed an activity of one of them; each of those is tried again. */
async function storeFailedFor(members: readonly Member[], code: string): Promise<void> {
  await until(`the store to fail with ${code}`, FAILED_TIMEOUT_MS, async () => {
    const failures = await Promise.all(members.map(({ clientUserId }) => failuresOf(clientUserId)));
    return failures.flat().some(({ type, message }) => type === 'StoreUnavailable' && message.includes(code));
  });
}

async function failuresOf(clientUserId: string) {
  const { raw } = await installation.client.workflow.getHandle(applicantWorkflowId(clientUserId)).describe();
  return (raw.pendingActivities ?? []).map(({ lastFailure }) => ({
    type: lastFailure?.applicationFailureInfo?.type ?? null,
    message: lastFailure?.message ?? '',
  }));
}

/** Whatever has a name that somebody else would read. */
async function finalFiles(): Promise<string[]> {
  const files = [...(await filesIn(installation.reports)).keys()];
  return files.filter((file) => !file.startsWith('.') && !file.includes('/.'));
}
