import { getEventListeners } from 'node:events';
import type { Client, WorkflowStartOptions } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { UNDECODABLE } from '../../src/domain/encryption';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import { createDataConverter } from '../../src/temporal/data-converter';
import { generateKey } from '../../src/temporal/key-ring';
import { createOperations, type OperationStep } from '../../src/temporal/operations';
import { readStuckApplicant } from '../../src/temporal/run-health';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  WITHDRAW_PERSON,
  withdrawWorkflowId,
} from '../../src/workflows/contract';
import { until } from '../support/condition';
import { DOWN } from '../support/fake-upstream';
import { keyRingOf } from '../support/keys';
import { setup } from './erasing-fixture';

const TIMEOUT_MS = 90_000;
/** Temporal retries a failed task after this time. */
const SHORT_TASKS = { workflowTaskTimeout: 2_000 } as const;

function converterFor(...keys: string[]) {
  return createDataConverter({ ring: keyRingOf(...keys), encrypts: true }, 'default');
}

type RunOptions = Partial<WorkflowStartOptions> & { readonly workflowId: string; readonly args: readonly unknown[] };

async function start(client: Client, taskQueue: string, type: string, options: RunOptions) {
  return client.workflow.start(type, { taskQueue, ...SHORT_TASKS, ...options, args: [...options.args] });
}

const { EventType } = temporal.api.enums.v1;
/** The last events of a history during the next attempt. */
const NEXT_ATTEMPT: readonly unknown[] = [
  EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
  EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
];

/** Waits for a failure in the history. A task that times out on a busy machine leaves none, so a signal starts a new first attempt. */
function untilTaskFails(client: Client, workflowId: string) {
  const handle = client.workflow.getHandle(workflowId);
  return until(
    `${workflowId} to fail`,
    async () => {
      const { events } = await handle.fetchHistory();
      const last = (events ?? []).findLast((event) => !NEXT_ATTEMPT.includes(event.eventType));
      if (last?.workflowTaskTimedOutEventAttributes) await handle.signal('nothing');
      return last?.workflowTaskFailedEventAttributes;
    },
    TIMEOUT_MS,
  );
}

test('an erasure ends an applicant whose task always fails, withdraws and erases it, and waits for one that only takes time', async () => {
  const { client, operator, upstream, applicants, invite, erase, messages, printed, runs } = await setup();
  const { taskQueue, signal } = operator;
  // STUCK-1 was invited and has an undecodable input; for SLOW-1 the first withdrawals fail upstream.
  const { humanId } = upstream.addPerson('STUCK-1', 'stuck-1@example.org', 0);
  const searchAttributes = { HumanId: [humanId] };
  const workflowId = applicantWorkflowId('STUCK-1');
  await start(client, taskQueue, COLLECT_RECORDS, { workflowId, args: [UNDECODABLE], searchAttributes });
  const slow = await invite('SLOW-1');
  upstream.faults.push({
    route: 'withdraw',
    error: DOWN,
    target: slow,
    times: 3,
  });
  const ended = applicants.waitForClose('SLOW-1', signal).catch(() => null);
  expect(await Promise.all([erase('STUCK-1', '--yes'), erase('SLOW-1', '--yes')])).toEqual([0, 0]);
  await ended;
  const erased = [...printed].sort((a, b) => (String(a['clientUserId']) < String(b['clientUserId']) ? -1 : 1));
  expect(erased).toMatchObject([
    { clientUserId: 'SLOW-1', result: 'erased', people: 1 },
    { clientUserId: 'STUCK-1', result: 'erased', people: 1 },
  ]);
  expect(upstream.people).toMatchObject([
    { humanId, deleted: true },
    { humanId: slow, deleted: true },
  ]);
  expect([await runs('applicant-STUCK-1'), await runs('applicant-SLOW-1')]).toEqual([0, 0]);
  // Each poll of a wait removes its listener.
  expect(getEventListeners(signal, 'abort')).toEqual([]);

  const output = messages.join('');
  expect(output).toMatch(/applicant-STUCK-1 makes no progress: its workflow task (fails|times out) in every attempt/);
  expect(output).not.toMatch('applicant-SLOW-1 makes no progress');
  expect(output).not.toMatch('example.org');
  const order = [
    'cancelling the open applicant',
    'waiting until the applicant has closed',
    'withdrawing the people',
    'deleting 1 run of applicant-SLOW-1',
    'folder',
  ];
  const at = order.map((step) => output.lastIndexOf(step));
  expect(at).toEqual([...at].sort((a, b) => a - b));
  expect(at[0]).toBeGreaterThan(0);
});

test('a withdrawal replaces a run under its id that is forged or can never end', async () => {
  const { client, operator, upstream, messages } = await setup();
  const { taskQueue } = operator;
  const ids = ['FORGED-1', 'FORGED-2', 'FORGED-3', 'FORGED-4'] as const;
  const [undecodable, type, later, elsewhere] = ids.map(withdrawWorkflowId) as [string, string, string, string];
  for (const id of ids) upstream.addPerson(id, `${id}@example.org`, 0);
  const forged = await Promise.all([
    start(client, taskQueue, WITHDRAW_PERSON, { workflowId: undecodable, args: [UNDECODABLE] }),
    start(client, taskQueue, 'unknownType', { workflowId: type, args: [] }),
    start(client, taskQueue, WITHDRAW_PERSON, { workflowId: later, args: [], startDelay: '1 day' }),
    start(client, 'no-worker', WITHDRAW_PERSON, { workflowId: elsewhere, args: [] }),
  ]);
  await untilTaskFails(client, undecodable);
  const steps: OperationStep[] = [];
  const onStep = (step: OperationStep) => void steps.push(step);
  const operations = createOperations({ client, taskQueue });
  const results = await Promise.all(ids.map((id) => operations.withdraw(id, { onStep })));
  expect(results).toMatchObject(ids.map((clientUserId) => ({ clientUserId, result: 'withdrawn', people: 1 })));
  expect(upstream.people.every(({ deleted }) => deleted)).toBe(true);
  expect(steps.map((step) => ('why' in step ? [step.workflowId, step.why] : step)).sort()).toEqual([
    [undecodable, 'its workflow task fails in every attempt (UndecodablePayload)'],
    [type, 'it is a workflow of another type'],
    [later, 'its start is delayed'],
    [elsewhere, 'no worker polls its task queue'],
  ]);
  const ends = forged.map((handle) => client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId));
  const statuses = await Promise.all(ends.map(async (handle) => (await handle.describe()).status.name));
  expect(statuses).toEqual(ids.map(() => 'TERMINATED'));
  expect(messages).toEqual([]);
});

test('a withdrawal does not end an applicant that waits for a key, and prints what to do; an erasure ends it', async () => {
  const [known, lost] = [generateKey('known'), generateKey('lost')];
  const { client, clientWith, operator, upstream, run, messages, printed, runs } = await setup({
    dataConverter: converterFor(known),
  });
  const { humanId } = upstream.addPerson('KEY-1', 'key-1@example.org', 0);
  const workflowId = applicantWorkflowId('KEY-1');
  const searchAttributes = { HumanId: [humanId] };
  const started = { workflowId, args: [{}], searchAttributes };
  await start(clientWith(converterFor(lost)), operator.taskQueue, COLLECT_RECORDS, started);
  await untilTaskFails(client, workflowId);
  await until(
    'a second attempt',
    async () => {
      messages.length = 0;
      printed.length = 0;
      expect(await run('withdraw', 'KEY-1', '--json')).toBe(1);
      return messages.join('').includes('"lost"');
    },
    TIMEOUT_MS,
  );
  expect(messages.join('')).toMatch(
    /KEY-1: its applicant is open but makes no progress: .* \(key "lost" is missing in the workers' PAYLOAD_KEYS\).*npm run chartway -- erase KEY-1/s,
  );
  expect(printed).toEqual([{ clientUserId: 'KEY-1', result: 'open', people: 0, recorded: false }]);
  expect(upstream.people).toMatchObject([{ deleted: false }]);
  expect((await client.workflow.getHandle(workflowId).describe()).status.name).toBe('RUNNING');

  expect(await run('erase', 'KEY-1', '--yes')).toBe(0);
  expect(printed.at(-1)).toMatchObject({ result: 'erased', people: 1 });
  expect([upstream.people[0]?.deleted, await runs(workflowId)]).toEqual([true, 0]);
});

test.each([
  ['failed once', 2, EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED, null],
  [
    'failed, and failed again',
    3,
    EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    'its workflow task fails in every attempt (Any)',
  ],
  ['lost some workers', 4, EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT, null],
  ['lost each worker', 5, EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT, 'its workflow task times out in every attempt'],
  ['succeeded before', 5, EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, null],
])('a run whose task %s (attempt %i) is stuck or not', async (_, attempt, eventType, why) => {
  const failed = eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED;
  const failure = { applicationFailureInfo: { type: 'Any' } };
  const events = [{ eventType, ...(failed && { workflowTaskFailedEventAttributes: { failure } }) }];
  const client = {
    options: { namespace: 'default', loadedDataConverter: {} },
    withDeadline: (_: number, call: () => Promise<unknown>) => call(),
    workflowService: {
      describeWorkflowExecution: async () => ({ workflowExecutionInfo: {}, pendingWorkflowTask: { attempt } }),
      getWorkflowExecutionHistoryReverse: async () => ({ history: { events } }),
    },
  } as unknown as Client;
  const stuck = await readStuckApplicant(client, 'POL-1');
  expect(stuck).toEqual(why === null ? null : { workflowId: 'applicant-POL-1', runId: '', why });
});

test('after a termination during a create, a withdrawal waits until the create is visible', async () => {
  const { client, applicants, operator, upstream, runs } = await setup();
  upstream.faults.push({ route: 'invite', error: DOWN });
  const details = { clientUserId: 'ENDED-1', clientUserEmail: 'ended-1@example.org' };
  await applicants.start({ details, detailsDigest: 'd', policy: DEFAULT_POLICY });
  await until('a create', () => upstream.count('invite') > 0, TIMEOUT_MS);
  await client.workflow.getHandle(applicantWorkflowId('ENDED-1')).terminate();
  const stopping = new AbortController();
  const steps: OperationStep[] = [];
  const onStep = (step: OperationStep) => {
    steps.push(step);
    stopping.abort(new Error('seen'));
  };
  const { signal } = stopping;
  const operations = createOperations({ client, taskQueue: operator.taskQueue });
  await expect(operations.withdraw('ENDED-1', { signal, onStep })).rejects.toThrow();
  expect(steps).toEqual([{ step: 'create-in-flight', forMs: expect.any(Number) }]);
  expect(await runs(withdrawWorkflowId('ENDED-1'))).toBe(0);
});
