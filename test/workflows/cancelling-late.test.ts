import { temporal } from '@temporalio/proto';
import { DEFAULT_POLICY, type Policy, SECOND_MS } from '../../src/domain/policy';
import { statusNoticeSignal } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { type FakeHumanApi, provider } from '../support/fake-human-api';
import { FakeStore } from '../support/fake-store';
import { BY_NOTICES } from '../support/time-skipping';
import { People } from './people';
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

/** An applicant of whom all is collected and whose window runs. */
async function setup(clientUserId: string) {
  const [people, store] = [new People(), new FakeStore()];
  await server.work({ taskQueue: clientUserId, humanApi: people, store });
  const humanApi = people.add(clientUserId, [{ afterMs: 0, status: 'All Synced', reports: provider('A') }]);
  const applicant = await server.begin(clientUserId, clientUserId, POLICY);
  const { humanId } = await until('the invitation', STEP_TIMEOUT_MS, () => humanApi.people[0]);
  await applicant.signal(statusNoticeSignal, { humanId, status: 'All Synced', updatedAt: new Date().toISOString() });
  await until('the documents', STEP_TIMEOUT_MS, () => store.manifests.get(clientUserId)?.documents.length === 3);
  const ended = applicant.result().then(
    (result) => result,
    () => null,
  );
  return { applicant, humanApi, store, manifest: () => store.manifests.get(clientUserId), ended };
}

async function asked(humanApi: FakeHumanApi, times: number): Promise<void> {
  await until('the list', STEP_TIMEOUT_MS, () => humanApi.count('listReports') >= times);
}

test(
  'while the last list before the conclusion is in flight: the cancel counts',
  async () => {
    const { applicant, humanApi, manifest, ended } = await setup('POL-listed');
    const listed = humanApi.count('listReports');
    const release = humanApi.hold('listReports');
    await asked(humanApi, listed + 1);
    await applicant.cancel();
    const { EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED: requested, EVENT_TYPE_WORKFLOW_TASK_COMPLETED: done } =
      temporal.api.enums.v1.EventType;
    await until('the workflow to hear of the cancel', STEP_TIMEOUT_MS, async () => {
      const events = (await applicant.fetchHistory()).events ?? [];
      const at = events.findIndex(({ eventType }) => eventType === requested);
      return at !== -1 && events.slice(at).some(({ eventType }) => eventType === done);
    });
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
    const { applicant, humanApi, store, manifest, ended } = await setup('POL-closing');
    const release = store.hold();
    await store.asked();
    await applicant.cancel();
    release();
    expect(await ended).toEqual({ outcome: 'collected', reason: null, documents: 3 });
    expect(manifest()?.outcome).toBe('collected');
    expect(humanApi.count('deleteUser')).toBe(0);
  },
  TEST_TIMEOUT_MS,
);
