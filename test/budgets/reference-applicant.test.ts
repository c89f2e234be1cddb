import { temporal } from '@temporalio/proto';
import { generateKey } from '../../src/temporal/key-ring';
import { applicantWorkflowId, stateQuery } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { type Installation, useInstallation } from '../support/installation';
import { readStored } from '../support/stored';

const REFERENCE = 'POL-1';
const { History } = temporal.api.history.v1;

/** The budgets of an applicant without failures: 3 status notices, 1 provider, 3 documents; notices arrive together, and no poll is due. */
const MAX_EVENTS = 96;
const [MAX_PLAIN_BYTES, MAX_ENCRYPTED_BYTES] = [20_000, 24_000];
const MAX_UPSTREAM_CALLS = 11;

/** Longer than any text that a report shares with its list (its id with its type). */
const SLICE_BYTES = 64;

/** Sends all notices after the story, in order, while the worker is stopped. */
async function sendAllNotices(installation: Installation): Promise<void> {
  const { client, upstream, worker } = installation;
  const applicant = client.workflow.getHandle(applicantWorkflowId(REFERENCE));
  await until('the invitation to be answered', async () => (await applicant.query(stateQuery)).humanId);
  const person = await until('the end of the story', async () => {
    const [person] = await upstream.people(REFERENCE);
    return person?.status === 'All Synced' && person;
  });
  const { clientUserId, humanId } = person;
  // In production days pass before the first report; Temporal's search lags by a second at most.
  await until('Temporal to find the humanId', async () => {
    const { count } = await client.workflow.count(`HumanId = "${humanId}"`);
    return count === 1;
  });
  const syncedMs = Date.parse(person.updatedAt);
  const statuses = ['Engaged', 'Syncing', 'All Synced'].map((value, index) => ({
    clientUserId,
    humanId,
    endpoint: 'https://admin.humanapi.co/api/v1/users',
    property: 'status',
    value,
    updatedAt: new Date(syncedMs - 2 + index).toISOString(),
  }));
  const reports = (await upstream.reports(REFERENCE)).map(({ id, name, updatedAt }) => ({
    humanId,
    endpoint: 'https://api.humanapi.co/v1/human/medical/reports',
    action: 'created',
    type: name,
    objectId: id,
    updatedAt,
  }));
  process.kill(worker.pid, 'SIGSTOP');
  for (const notice of statuses) expect(await installation.notify([notice])).toEqual({ accepted: 1, ignored: 0 });
  expect(await installation.notify(reports)).toEqual({ accepted: 2, ignored: 0 });
  process.kill(worker.pid, 'SIGCONT');
}

describe.each([
  { name: 'in clear', keys: null, maxBytes: MAX_PLAIN_BYTES },
  { name: 'encrypted', keys: generateKey('main'), maxBytes: MAX_ENCRYPTED_BYTES },
])('$name', ({ keys, maxBytes }) => {
  let history: temporal.api.history.v1.IHistory;
  const installation = useInstallation({
    ...(keys !== null && { keys: { main: keys, webhook: keys } }),
    // The story ends before the notices are sent, so that they arrive together.
    speed: 20_000,
    notices: 'by hand',
    // Longer than the 2 s in which notices share a list, as in production.
    policy: { SETTLE_ALL_SYNCED: '5s' },
  });
  beforeAll(async () => {
    await installation().startSamples([{ clientUserId: REFERENCE, as: 'eager' }]);
    await sendAllNotices(installation());
    expect(await installation().waitForEnd(REFERENCE)).toEqual({ outcome: 'collected', reason: null, documents: 3 });
    history = await installation().client.workflow.getHandle(applicantWorkflowId(REFERENCE)).fetchHistory();
  });

  test('the applicant has the signals and activities of the budget', () => {
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

  test(`the history has at most ${MAX_EVENTS} events`, () => {
    expect(history.events?.length).toBeLessThanOrEqual(MAX_EVENTS);
  });

  test(`the history has at most ${maxBytes} bytes with summaries`, () => {
    const summaries = (history.events ?? []).filter(({ userMetadata }) => userMetadata?.summary);
    expect(summaries.length).toBeGreaterThan(0);
    expect(encoded().length).toBeLessThanOrEqual(maxBytes);
  });

  test('the history contains no bytes of a report', async () => {
    const { files } = await readStored(installation().reports, REFERENCE);
    const plain = encoded();
    for (const bytes of files.values()) {
      for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
        const slice = bytes.subarray(at, at + SLICE_BYTES);
        if (slice.length === SLICE_BYTES) expect(plain.includes(slice)).toBe(false);
      }
      // A payload can contain the text as base64, whose digits repeat every three bytes.
      for (const shift of [0, 1, 2]) {
        const digits = bytes.subarray(shift, shift + 3 * SLICE_BYTES).toString('base64');
        expect(plain.includes(digits)).toBe(false);
      }
    }
  });

  test(`the applicant costs at most ${MAX_UPSTREAM_CALLS} calls of Human API with one client token`, () => {
    const { calls } = installation().proxy;
    expect(calls.filter((call) => call === 'POST /auth/v1/admin/token')).toHaveLength(1);
    expect(calls.filter((call) => call.endsWith('/raw'))).toHaveLength(3);
    expect(calls.length).toBeLessThanOrEqual(MAX_UPSTREAM_CALLS);
  });

  function encoded(): Buffer {
    return Buffer.from(History.encode(history).finish());
  }
});
