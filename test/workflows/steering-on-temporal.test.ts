import { HOUR_MS } from '../../src/domain/policy';
import type { AuditEntry } from '../../src/observability/audit';
import {
  cancelApplicantSignal,
  finishNowUpdate,
  NOT_NOW,
  SNOOZED_UNTIL_MEMO,
  setDeadlineUpdate,
  snoozeUpdate,
  stateQuery,
} from '../../src/workflows/contract';
import type { Handle } from '../support/applicant-under-test';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';
import { useRealServer } from './real-server';

const server = useRealServer();

async function start(taskQueue: string, upstream = new FakeUpstream([])) {
  const { startWorkers, startApplicant } = server();
  const store = new FakeStore();
  const audited: AuditEntry[] = [];
  const audit = { record: async (entry: AuditEntry) => void audited.push(entry) };
  const handle = await startApplicant(taskQueue, `POL-${taskQueue}`, BY_NOTICES);
  return { handle, store, audited, startWorker: () => startWorkers({ taskQueue, upstream, store, audit }) };
}

const waitForInvitation = (handle: Handle) =>
  until('the invitation', async () => (await handle.query(stateQuery)).humanId);

test('a cancel by signal, then by request, completes the run, also if both come before a worker', async () => {
  const { handle, store, audited, startWorker } = await start('both');
  await handle.signal(cancelApplicantSignal, { reasonCode: 'duplicate' });
  await handle.cancel();
  await startWorker();
  expect(await handle.result()).toMatchObject({ outcome: 'cancelled', reason: 'operator' });
  expect([store.manifests.get('POL-both')?.outcome, audited]).toEqual(['cancelled', []]);
});

test('a cancel request alone ends the run as Canceled, and the worker writes the audit line', async () => {
  const { handle, audited, startWorker } = await start('request');
  await startWorker();
  await waitForInvitation(handle);
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow();
  expect((await handle.describe()).status.name).toBe('CANCELLED');
  expect(audited).toMatchObject([{ who: 'worker', did: 'cancel' }]);
});

test('updates are validated, change the run, and end with it', async () => {
  const { handle, startWorker } = await start('updates', new FakeUpstream([{ afterMs: 0, reports: provider('A') }]));
  await startWorker();
  await waitForInvitation(handle);
  const untilMs = Date.now() + HOUR_MS;
  await handle.executeUpdate(snoozeUpdate, { args: [{ untilMs, note: 'on holiday' }] });
  await handle.executeUpdate(setDeadlineUpdate, { args: [{ atMs: untilMs }] });
  const rejected = handle.executeUpdate(setDeadlineUpdate, { args: [{ atMs: 1 }] });
  await expect(rejected).rejects.toMatchObject({ cause: { type: NOT_NOW, message: 'in-the-past' } });
  const { memo, searchAttributes } = await handle.describe();
  expect(memo).toMatchObject({ [SNOOZED_UNTIL_MEMO]: untilMs });
  expect(searchAttributes).toMatchObject({ ApplicantDueAt: [new Date(untilMs)] });
  await handle.executeUpdate(finishNowUpdate, { args: [{ reasonCode: 'decision-made' }] });
  expect(await handle.result()).toEqual({ outcome: 'collected', reason: 'finished', documents: 3 });
  // A rejected update leaves no event.
  const { events } = await handle.fetchHistory();
  const updates = events?.filter(({ workflowExecutionUpdateAcceptedEventAttributes: update }) => update);
  expect(updates).toHaveLength(3);
});
