import { temporal } from '@temporalio/proto';
import { DEFAULT_POLICY, type Policy, SECOND_MS } from '../../src/domain/policy';
import { statusNoticeSignal } from '../../src/workflows/contract';
import type { Handle } from '../support/applicant-under-test';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { type FakeUpstream, provider, type Route } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';
import { FakePeople } from './fake-people';
import { RealServer } from './real-server';

const TEST_TIMEOUT_MS = 60_000;
const STEP_TIMEOUT_MS = 30_000;

/** The window is long enough to be prepared for its end. */
const POLICY: Policy = { ...BY_NOTICES, settleMs: { ...DEFAULT_POLICY.settleMs, allSynced: 3 * SECOND_MS } };

/** A real server, because the clock of the one that skips time stands still for ever where a cancel meets the end of a window. */
let server: RealServer;
beforeAll(async () => {
  server = await RealServer.start();
}, TEST_TIMEOUT_MS);
afterAll(() => server?.stop(), TEST_TIMEOUT_MS);

/** An applicant at All Synced; downloads wait where `held` says so. */
async function setup(clientUserId: string, { held = false } = {}) {
  const [people, store] = [new FakePeople(), new FakeStore()];
  await server.startWorkers({ taskQueue: clientUserId, humanApi: people, store });
  const humanApi = people.add(clientUserId, [{ afterMs: 0, status: 'All Synced', reports: provider('A') }]);
  const release = held ? humanApi.hold('openReport') : () => {};
  const applicant = await server.startApplicant(clientUserId, clientUserId, POLICY);
  const { humanId } = await until('the invitation', STEP_TIMEOUT_MS, () => humanApi.people[0]);
  await applicant.signal(statusNoticeSignal, { humanId, status: 'All Synced', updatedAt: new Date().toISOString() });
  const ended = applicant.result().then(
    (result) => result,
    () => null,
  );
  return { applicant, humanApi, store, manifest: () => store.manifests.get(clientUserId), ended, release };
}

/** One of whom all is collected and whose window runs. */
async function collected(clientUserId: string) {
  const one = await setup(clientUserId);
  await until('the documents', STEP_TIMEOUT_MS, () => one.manifest()?.documents.length === 3);
  return one;
}

async function asked(humanApi: FakeUpstream, route: Route, times: number): Promise<void> {
  await until(`a call of ${route}`, STEP_TIMEOUT_MS, () => humanApi.count(route) >= times);
}

/** Cancels, and resolves to the history once the workflow has heard of it. */
async function cancel(applicant: Handle) {
  await applicant.cancel();
  const { EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED: requested, EVENT_TYPE_WORKFLOW_TASK_COMPLETED: done } =
    temporal.api.enums.v1.EventType;
  return until('the workflow to hear of the cancel', STEP_TIMEOUT_MS, async () => {
    const events = (await applicant.fetchHistory()).events ?? [];
    const at = events.findIndex(({ eventType }) => eventType === requested);
    return at !== -1 && events.slice(at).some(({ eventType }) => eventType === done) && events;
  });
}

test(
  'while documents come: nobody is withdrawn before they are stored, and the manifest tells of them',
  async () => {
    const { applicant, humanApi, manifest, ended, release } = await setup('POL-downloading', { held: true });
    await asked(humanApi, 'openReport', 3);
    const events = await cancel(applicant);
    release();
    expect(await ended).toBeNull();
    const begun = events.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name);
    expect(begun).toContain('fetchDocument');
    expect(begun).not.toContain('withdraw');
    expect(humanApi.people).toMatchObject([{ deleted: true }]);
    expect(manifest()?.documents).toHaveLength(3);
  },
  TEST_TIMEOUT_MS,
);

test(
  'while the last list before the conclusion is in flight: the cancel counts',
  async () => {
    const { applicant, humanApi, manifest, ended } = await collected('POL-listed');
    const listed = humanApi.count('listReports');
    const release = humanApi.hold('listReports');
    await asked(humanApi, 'listReports', listed + 1);
    await cancel(applicant);
    release();
    expect(await ended).toBeNull();
    const { status, searchAttributes } = await applicant.describe();
    expect([status.name, searchAttributes['ApplicantOutcome']]).toEqual(['CANCELLED', ['cancelled']]);
    expect(humanApi.people).toMatchObject([{ deleted: true }]);
    expect(manifest()).toMatchObject({ outcome: 'cancelled', reason: 'operator' });
    expect(manifest()?.documents).toHaveLength(3);
  },
  TEST_TIMEOUT_MS,
);

test(
  'while closing: the applicant keeps its own outcome',
  async () => {
    const { applicant, humanApi, store, manifest, ended } = await collected('POL-closing');
    const release = store.hold();
    await store.waitForCall();
    await applicant.cancel();
    release();
    expect(await ended).toEqual({ outcome: 'collected', reason: null, documents: 3 });
    expect(manifest()?.outcome).toBe('collected');
    expect(humanApi.count('withdraw')).toBe(0);
  },
  TEST_TIMEOUT_MS,
);
