import { temporal } from '@temporalio/proto';
import { generateKey } from '../../src/temporal/key-ring';
import { applicantWorkflowId, stateQuery } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { Installation } from '../support/installation';
import { BUILD_TIMEOUT_MS, ensureBuilt, killLeftOvers, type RunningProcess } from '../support/processes';
import { readStored } from '../support/stored';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';

const { History } = temporal.api.history.v1;

/** What one applicant may cost where nothing fails: 3 status notices, 1 provider, 3 documents, notices arriving together, no poll due. */
const EVENTS_MOST = 96;
const [PLAIN_BYTES_MOST, ENCRYPTED_BYTES_MOST] = [20_000, 24_000];
const UPSTREAM_CALLS_MOST = 11;

/** Longer than any text that a report and its list have in common (its id with its type). */
const SLICE_BYTES = 64;
const STEP_TIMEOUT_MS = 30_000;
const TEST_TIMEOUT_MS = 120_000;

let server: TemporalServer;
let installation: Installation;
let reference: string;
let history: temporal.api.history.v1.IHistory;

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

beforeAll(async () => {
  server = await startTemporalServer();
}, TEST_TIMEOUT_MS);

afterAll(async () => {
  await killLeftOvers();
  await server?.stop();
}, TEST_TIMEOUT_MS);

async function live(taskQueue: string, keys: string | null): Promise<void> {
  installation = await Installation.start({
    temporalAddress: server.address,
    taskQueue,
    ...(keys !== null && { keys: { ours: keys, webhooks: keys } }),
    // Over before the notices are sent: they arrive together, as the budget has it.
    speed: 20_000,
    notices: 'by hand',
    // Longer than the 2 s in which notices share a list, as the window of 10 min is.
    policy: { SETTLE_ALL_SYNCED: '5s' },
  });
  const worker = await installation.startWorker();
  await installation.enrol([{ clientUserId: reference, as: 'eager' }]);
  await tellEverything(worker);
  expect(await installation.ended(reference)).toEqual({ outcome: 'collected', reason: null, documents: 3 });
  history = await installation.client.workflow.getHandle(applicantWorkflowId(reference)).fetchHistory();
}

/** Sends the notices of the whole story once it has been lived: in order, and all before the worker looks at them. */
async function tellEverything(worker: RunningProcess): Promise<void> {
  const { client, upstream } = installation;
  const applicant = client.workflow.getHandle(applicantWorkflowId(reference));
  await until(
    'the invitation to be answered',
    STEP_TIMEOUT_MS,
    async () => (await applicant.query(stateQuery)).humanId,
  );
  const person = await until('the end of the story', STEP_TIMEOUT_MS, async () => {
    const [somebody] = await upstream.people(reference);
    return somebody?.status === 'All Synced' && somebody;
  });
  const { clientUserId, humanId } = person;
  // Days pass before a report comes: by then Temporal's search, which lags by a second at most, knows whose humanId it is.
  await until('Temporal to find the humanId', STEP_TIMEOUT_MS, async () => {
    const { count } = await client.workflow.count(`HumanId = "${humanId}"`);
    return count === 1;
  });
  const syncedMs = Date.parse(person.updatedAt);
  const statuses = ['Engaged', 'Syncing', 'All Synced'].map((value, index) => ({
    ...{ clientUserId, humanId, endpoint: 'https://admin.humanapi.co/api/v1/users', property: 'status', value },
    updatedAt: new Date(syncedMs - 2 + index).toISOString(),
  }));
  const reports = (await upstream.reports(reference)).map(({ id, name, updatedAt }) => ({
    ...{ humanId, endpoint: 'https://api.humanapi.co/v1/human/medical/reports', action: 'created' },
    ...{ type: name, objectId: id, updatedAt },
  }));
  process.kill(worker.pid, 'SIGSTOP');
  for (const notice of statuses) expect(await installation.notify([notice])).toEqual({ accepted: 1, ignored: 0 });
  expect(await installation.notify(reports)).toEqual({ accepted: 2, ignored: 0 });
  process.kill(worker.pid, 'SIGCONT');
}

describe.each([
  { taskQueue: 'reference', what: 'in clear', id: 'POL-1', keys: null, bytesMost: PLAIN_BYTES_MOST },
  {
    taskQueue: 'reference-encrypted',
    what: 'encrypted',
    id: 'POL-2',
    keys: generateKey('main'),
    bytesMost: ENCRYPTED_BYTES_MOST,
  },
])('$what', ({ taskQueue, id, keys, bytesMost }) => {
  beforeAll(async () => {
    reference = id;
    await live(taskQueue, keys);
  }, TEST_TIMEOUT_MS);
  afterAll(() => installation?.remove(), TEST_TIMEOUT_MS);

  test('the reference applicant is the one of the budget', () => {
    const signals = (history.events ?? []).flatMap(
      ({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName ?? [],
    );
    expect(signals.filter((name) => name === 'statusNotice')).toHaveLength(3);
    expect(signals.filter((name) => name === 'reportNotice')).toHaveLength(2);
    const activities = (history.events ?? []).flatMap(
      ({ activityTaskScheduledEventAttributes: activity }) => activity?.activityType?.name ?? [],
    );
    expect(activities.filter((name) => name === 'fetchDocument')).toHaveLength(3);
    expect(activities.filter((name) => name?.startsWith('watch'))).toEqual([]);
  });

  test(`its history has ${EVENTS_MOST} events at most`, () => {
    expect(history.events?.length).toBeLessThanOrEqual(EVENTS_MOST);
  });

  test(`its history takes ${bytesMost} bytes at most, summaries included`, () => {
    const summaries = (history.events ?? []).filter(({ userMetadata }) => userMetadata?.summary);
    expect(summaries.length).toBeGreaterThan(0);
    expect(encoded().length).toBeLessThanOrEqual(bytesMost);
  });

  test('its history holds no bytes of a report', async () => {
    const { files } = await readStored(installation.reports, reference);
    const plain = encoded();
    for (const bytes of files.values()) {
      for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
        const slice = bytes.subarray(at, at + SLICE_BYTES);
        if (slice.length === SLICE_BYTES) expect(plain.includes(slice)).toBe(false);
      }
      // A payload that carries a text carries it as base64, whose digits repeat every three bytes.
      for (const shift of [0, 1, 2]) {
        const digits = bytes.subarray(shift, shift + 3 * SLICE_BYTES).toString('base64');
        expect(plain.includes(digits)).toBe(false);
      }
    }
  });

  test(`it costs ${UPSTREAM_CALLS_MOST} calls of Human API at most, one client token included`, () => {
    const { calls } = installation.proxy;
    expect(calls.filter((call) => call === 'POST /auth/v1/admin/token')).toHaveLength(1);
    expect(calls.filter((call) => call.endsWith('/raw'))).toHaveLength(3);
    expect(calls.length).toBeLessThanOrEqual(UPSTREAM_CALLS_MOST);
  });
});

function encoded(): Buffer {
  return Buffer.from(History.encode(history).finish());
}
