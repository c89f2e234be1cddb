import { randomUUID } from 'node:crypto';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS } from '../../src/domain/policy';
import type { SweepFinding } from '../../src/domain/sweep';
import { UNDECIDED } from '../../src/human-api/undecided-reasons';
import { createOperations } from '../../src/temporal/operations';
import { createSweepSource } from '../../src/temporal/sweep-source';
import { Undecided } from '../../src/upstream/errors';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  type CollectRecordsInput,
  sweepWorkflowId,
  upstreamTaskQueue,
} from '../../src/workflows/contract';
import { useCleanup } from '../support/cleanup';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream, facts } from '../support/fake-upstream';
import { useTemporalServer } from '../support/temporal-server';
import { startWorkers } from '../support/workers';

const temporal = useTemporalServer();
const cleanup = useCleanup();

/** Workers over a fake upstream and a store; started applicants do not run. */
function setup({ refreshForMs = 30 * DAY_MS }: { refreshForMs?: number } = {}) {
  const { client, address } = temporal();
  const taskQueue = `sweep-${randomUUID()}`;
  const upstream = new FakeUpstream();
  const store = new FakeStore();
  const started: string[] = [];
  const source = createSweepSource({ client, taskQueue });
  const operations = createOperations({ client, taskQueue });
  return {
    client,
    taskQueue,
    upstream,
    store,
    operations,
    source,
    addPerson: (clientUserId: string) => upstream.addPerson(clientUserId, `${clientUserId}@example.org`, 0).humanId,
    async start(clientUserId: string, humanId: string | null) {
      started.push(clientUserId);
      return client.workflow.start(COLLECT_RECORDS, {
        workflowId: applicantWorkflowId(clientUserId),
        // No worker runs it before tomorrow.
        taskQueue,
        startDelay: '1 day',
        searchAttributes: humanId === null ? {} : { HumanId: [humanId], ApplicantStage: ['engaged'] },
      });
    },
    /** Waits until Temporal lists every applicant of the test. */
    async listed() {
      await until('the applicants in Temporal', async () => {
        const { applicants } = await source.listApplicants(null);
        return new Set(applicants.map(({ clientUserId }) => clientUserId)).size === new Set(started).size;
      });
    },
    async work() {
      cleanup(await startWorkers({ address, client, taskQueue, upstream, reportStore: store, refreshForMs }));
    },
    async findings(): Promise<SweepFinding[]> {
      const [name = ''] = (await store.shelf.list('sweeps/')).filter((each) => each.endsWith('.jsonl'));
      const lines = ((await store.shelf.get(name))?.toString('utf8') ?? '').split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as SweepFinding);
    },
  };
}

test('a sweep of people with open applicants has no findings, and stores only its list', async () => {
  const { addPerson, start, listed, work, operations, store } = setup();
  for (let at = 0; at < 25; at += 1) await start(`FIT-${at}`, addPerson(`FIT-${at}`));
  await listed();
  await work();
  const result = await operations.sweep();
  expect(result).toMatchObject({ people: 25, applicants: 25, unchecked: 0 });
  expect(result.counts).toEqual({ gone: 0, unattended: 0, terminated: 0, unread: 0 });
  const remaining = await store.shelf.list('sweeps/');
  expect(remaining).toEqual([`sweeps/${result.sweepId}.jsonl`, 'sweeps/latest.json']);
  expect(result.file).toBe(`.chartway/sweeps/${result.sweepId}.jsonl`);
});

test('the sweep finds people without applicants, applicants without people, and terminated applicants', async () => {
  const { addPerson, start, listed, work, operations, findings, upstream, store } = setup();
  const [alone, terminated] = [addPerson('ALONE-1'), addPerson('TERMINATED-1')];
  await (await start('TERMINATED-1', terminated)).terminate();
  await start('GONE-1', 'h-gone');
  await start('FIT-A', addPerson('FIT-A'));
  const recent = addPerson('RECENT-1');
  store.addManifest('RECENT-1', {
    humanId: recent,
    outcome: 'collected',
    closedAt: new Date(Date.now() - HOUR_MS).toISOString(),
  });
  const old = addPerson('OLD-1');
  store.addManifest('OLD-1', { humanId: old, outcome: 'collected', closedAt: '2020-01-01T00:00:00.000Z' });
  const lost = addPerson('LOST-1');
  store.addManifest('LOST-1', { humanId: lost, outcome: null });
  const unknown = { humanId: 'h-unknown', clientUserId: 'max@example.org', email: 'max@example.org' };
  upstream.people.push({ ...unknown, invitedAtMs: 0, visibleAtMs: 0, deleted: false });
  await listed();
  await work();
  const result = await operations.sweep();
  expect(result.counts).toEqual({ gone: 1, unattended: 3, terminated: 2, unread: 0 });
  expect(result.first).toEqual({
    gone: ['GONE-1'],
    unattended: expect.arrayContaining(['ALONE-1', 'OLD-1', 'h-unknown']),
    terminated: expect.arrayContaining(['TERMINATED-1', 'LOST-1']),
    unread: [],
  });
  const list = await findings();
  expect(list).toContainEqual({ kind: 'unattended', clientUserId: 'ALONE-1', humanId: alone });
  expect(list).toContainEqual({
    kind: 'terminated',
    clientUserId: 'TERMINATED-1',
    humanId: terminated,
    offer: 'npm run chartway -- withdraw TERMINATED-1',
  });
  expect(JSON.stringify(list)).not.toContain('@');
  // Nothing is deleted, and only people who are not listed are read one by one.
  expect(upstream.count('withdraw')).toBe(0);
  expect(upstream.callsTo('readStatus').map(({ target }) => target)).toEqual(['h-gone']);
});

test('the sweep calls Human API before every poll', async () => {
  const { start, listed, work, operations, client, taskQueue } = setup();
  await start('GONE-2', 'h-gone');
  await listed();
  await work();
  expect((await operations.sweep()).first.gone).toEqual(['GONE-2']);
  const { events } = await client.workflow.getHandle(sweepWorkflowId(taskQueue)).fetchHistory();
  const calls = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: call }) =>
    call?.taskQueue?.name === upstreamTaskQueue(taskQueue)
      ? [[call.activityType?.name, call.priority?.priorityKey]]
      : [],
  );
  expect(calls).toEqual([
    ['listPeople', 4],
    ['isThere', 4],
    ['isThere', 4],
  ]);
});

test('a sweep with a damaged working file fails, and the next one runs', async () => {
  const { addPerson, start, listed, work, operations, upstream, store } = setup();
  await start('DAMAGED-1', addPerson('DAMAGED-1'));
  await listed();
  const release = upstream.hold('listPeople');
  await work();
  const failed = expect(operations.sweep()).rejects.toThrow(/^sweep-\S+ does not finish: it failed\. /);
  await until('the list of people', () => upstream.count('listPeople') > 0);
  const [name = ''] = await store.shelf.list('sweeps/');
  await store.shelf.put(name, Buffer.from('{"clientUserId":"FIT'));
  release();
  await failed;
  expect(await store.shelf.list('sweeps/')).toEqual([]);
  expect(await operations.sweep()).toMatchObject({ people: 1, applicants: 1 });
});

test('an incomplete list makes no person gone', async () => {
  const { addPerson, start, listed, work, operations, upstream } = setup();
  const humanId = addPerson('MISSED-1');
  await start('MISSED-1', humanId);
  await listed();
  upstream.listPeople = async () => ({ people: [], received: 0 });
  await work();
  expect((await operations.sweep()).counts).toMatchObject({ gone: 0 });
  expect(upstream.count('readStatus')).toBe(1);
});

test('an open applicant without a worker is unread after twice its cadence', async () => {
  const { client, source } = setup();
  const workflowId = applicantWorkflowId(`UNREAD-${randomUUID()}`);
  const clientUserId = workflowId.slice(applicantWorkflowId('').length);
  await client.workflow.start(COLLECT_RECORDS, { workflowId, taskQueue: 'no-worker' });
  const pollMs = { invited: HOUR_MS, engaged: HOUR_MS, syncing: 1, attention: 1, someSynced: 1, disconnected: 1 };
  const observe = (aheadMs: number) => source.observe(clientUserId, pollMs, Date.now() + aheadMs);
  expect(await observe(HOUR_MS)).toMatchObject({ standing: 'open', unreadSinceMs: null });
  expect((await observe(2 * HOUR_MS + 60_000))?.unreadSinceMs).toBeGreaterThan(Date.now() - 60_000);
  expect(await source.observe('NEVER-STARTED', pollMs, Date.now())).toBeNull();
});

test('an applicant whose answers decide nothing is distinguished from an unread one', async () => {
  const { client, source, upstream, work, taskQueue } = setup();
  const error = new Undecided(facts(404), UNDECIDED.unidentified404);
  upstream.faults.push({ route: 'findPeople', error });
  await work();
  const details = { clientUserId: 'UNDECIDED-1', clientUserEmail: 'undecided-1@example.org' };
  const input: CollectRecordsInput = { details, detailsDigest: 'd', policy: DEFAULT_POLICY };
  const workflowId = applicantWorkflowId(details.clientUserId);
  await client.workflow.start(COLLECT_RECORDS, { workflowId, taskQueue, args: [input] });
  const observe = () => source.observe(details.clientUserId, DEFAULT_POLICY.pollMs, Date.now() + 2 * DAY_MS);
  const finding = await until('an undecided look-up', async () => {
    const run = await observe();
    return run?.isUndecided ? run : null;
  });
  expect(finding).toMatchObject({ standing: 'open', isUndecided: true, unreadSinceMs: expect.any(Number) });
  expect(Date.now() - (finding.unreadSinceMs ?? 0)).toBeLessThan(30_000);
});

test('an operator withdraws the person of a terminated applicant, and no later start invites again', async () => {
  const { addPerson, start, work, operations, upstream, store } = setup();
  const humanId = addPerson('HAND-1');
  await (await start('HAND-1', humanId)).terminate();
  await work();
  expect(await operations.withdraw('HAND-1')).toEqual({
    clientUserId: 'HAND-1',
    result: 'withdrawn',
    people: 1,
    recorded: true,
  });
  expect(upstream.people).toMatchObject([{ humanId, deleted: true }]);
  expect(store.manifests.get('HAND-1')).toMatchObject({ humanId, outcome: 'cancelled', reason: 'operator' });
  expect(await operations.withdraw('HAND-1')).toMatchObject({ result: 'nobody', recorded: false });
});

test('an operator cannot withdraw an open applicant, and an unknown id writes nothing', async () => {
  const { addPerson, start, work, operations, upstream, store } = setup();
  await start('OPEN-1', addPerson('OPEN-1'));
  await work();
  expect(await operations.withdraw('OPEN-1')).toMatchObject({ result: 'open', people: 0, recorded: false });
  expect(await operations.withdraw('UNKNOWN-1')).toMatchObject({ result: 'nobody', people: 0, recorded: false });
  expect(upstream.count('withdraw')).toBe(0);
  expect(store.manifests.size).toBe(0);
});
