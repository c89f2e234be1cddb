import { DAY_MS, DEFAULT_POLICY, type Policy, SECOND_MS } from '../../src/domain/policy';
import { DELIVER_NOTICES, mailboxWorkflowId, reportNoticeSignal } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { type Change, row } from '../support/fake-upstream';
import { FakePeople } from './fake-people';
import { RealServer } from './real-server';

const TIMEOUT_MS = 120_000;
const STEP_TIMEOUT_MS = 60_000;
const SLOW_APPLICANTS = 5;
/** Together more than the slots that a worker has for calls. */
const SLOW_DOCUMENTS = 30;

/** Polled every second; windows are short. */
const POLICY: Policy = {
  pollMs: {
    ...{ invited: SECOND_MS, engaged: SECOND_MS, syncing: SECOND_MS },
    ...{ attention: SECOND_MS, someSynced: SECOND_MS, disconnected: SECOND_MS },
  },
  settleMs: { ...DEFAULT_POLICY.settleMs, allSynced: SECOND_MS },
  expiresMs: { invitation: DAY_MS, applicant: DAY_MS },
  accessRefusedPatienceMs: SECOND_MS,
  wanted: { ccdraw: ['pdf'] },
  refreshCheckAfterMs: [],
};

let server: RealServer;
beforeAll(async () => {
  server = await RealServer.start();
}, TIMEOUT_MS);
afterAll(() => server?.stop(), TIMEOUT_MS);

test(
  'a worker whose downloads all hang withdraws a person all the same',
  async () => {
    const [humanApi, store] = [new FakePeople(), new FakeStore()];
    await server.startWorkers({ taskQueue: 'slow-downloads', humanApi, store });
    const reports = Array.from({ length: SLOW_DOCUMENTS }, (_, at) => row(`r${at}`, 'ccdraw', 'A'));
    const script: readonly Change[] = [{ afterMs: 0, status: 'All Synced', reports }];
    const slow = Array.from({ length: SLOW_APPLICANTS }, (_, at) => humanApi.add(`SLOW-${at}`, script));
    const releases = slow.map((life) => life.hold('openReport'));
    const cancelled = humanApi.add('CANCELLED', []);
    const applicant = await server.startApplicant('slow-downloads', 'CANCELLED', POLICY);
    await until('an invitation', STEP_TIMEOUT_MS, () => cancelled.people.length === 1);
    const followed = await Promise.all(
      slow.map((_, at) => server.startApplicant('slow-downloads', `SLOW-${at}`, POLICY)),
    );
    const downloads = () => slow.reduce((sum, life) => sum + life.count('openReport'), 0);
    await until('every slot for downloads to be taken', STEP_TIMEOUT_MS, () => downloads() >= 50);

    await applicant.cancel();
    await until('the withdrawal', STEP_TIMEOUT_MS, () => cancelled.people[0]?.deleted === true);

    expect(downloads()).toBeLessThanOrEqual(50);
    for (const release of releases) release();
    await Promise.all(followed.map((each) => each.result()));
    expect(downloads()).toBe(SLOW_APPLICANTS * SLOW_DOCUMENTS);
  },
  TIMEOUT_MS,
);

test(
  'the invitations of a file leave the polls of others their share of the calls',
  async () => {
    const [humanApi, store] = [new FakePeople(), new FakeStore()];
    const ROWS = 60;
    await server.startWorkers({ taskQueue: 'batch', humanApi, store, maxCallsPerSecond: 12 });
    const polled = Array.from({ length: 3 }, (_, at) => humanApi.add(`POLLED-${at}`, []));
    const rows = Array.from({ length: ROWS }, (_, at) => humanApi.add(`ROW-${at}`, []));
    const begin = (clientUserId: string, policy: Policy, batch: boolean) =>
      server.startApplicant('batch', clientUserId, policy, 10_000, { batch });
    await Promise.all(polled.map((_, at) => begin(`POLLED-${at}`, POLICY, false)));
    await until('each to be polled', STEP_TIMEOUT_MS, () => polled.every((life) => life.count('readStatus') > 0));

    // The rows wait a day for their first poll, so that every read is one of the others.
    await Promise.all(rows.map((_, at) => begin(`ROW-${at}`, DEFAULT_POLICY, true)));
    const reads = () => polled.reduce((sum, life) => sum + life.count('readStatus'), 0);
    const before = reads();
    await until('twelve more polls', STEP_TIMEOUT_MS, () => reads() >= before + 12);

    const invited = rows.filter((life) => life.people.length === 1).length;
    expect(invited).toBeGreaterThan(0);
    expect(invited).toBeLessThan(ROWS / 2);
  },
  TIMEOUT_MS,
);

test(
  'the mailboxes of made-up persons leave the polls of applicants their share of the calls',
  async () => {
    const [humanApi, store] = [new FakePeople(), new FakeStore()];
    const MAILBOXES = 60;
    const polled = Array.from({ length: 3 }, (_, at) => humanApi.add(`APPLICANT-${at}`, []));
    const inHouseActivities = { findApplicant: async () => null };
    await server.startWorkers({ taskQueue: 'made-up', humanApi, store, maxCallsPerSecond: 12, inHouseActivities });
    await Promise.all(polled.map((_, at) => server.startApplicant('made-up', `APPLICANT-${at}`, POLICY)));
    const reads = () => polled.reduce((sum, life) => sum + life.count('readStatus'), 0);
    await until('each to be polled', STEP_TIMEOUT_MS, () => polled.every((life) => life.count('readStatus') > 0));

    const lookUps = jest.spyOn(humanApi, 'readStatus');
    const before = { reads: reads(), calls: lookUps.mock.calls.length };
    await Promise.all(
      Array.from({ length: MAILBOXES }, (_, n) =>
        server.client.workflow.signalWithStart(DELIVER_NOTICES, {
          taskQueue: 'made-up',
          workflowId: mailboxWorkflowId(`made-up-${n}`),
          signal: reportNoticeSignal,
          signalArgs: [{ humanId: `made-up-${n}`, reportId: 'r', type: null, updatedAt: null }],
        }),
      ),
    );
    await until('twenty more polls', STEP_TIMEOUT_MS, () => reads() >= before.reads + 20);

    const made = lookUps.mock.calls.length - before.calls - (reads() - before.reads);
    expect(made).toBeLessThan(MAILBOXES / 2);
  },
  TIMEOUT_MS,
);
