import { getEventListeners } from 'node:events';
import type { Client, WorkflowStartOptions } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { UNDECODABLE } from '../../src/domain/encryption';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import { createDataConverter } from '../../src/temporal/data-converter';
import { generateKey, parseKeyRing } from '../../src/temporal/key-ring';
import { createOperations, type OperationStep } from '../../src/temporal/operations';
import { readStuckApplicant } from '../../src/temporal/run-health';
import { Unavailable } from '../../src/upstream/errors';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  WITHDRAW_PERSON,
  withdrawWorkflowId,
} from '../../src/workflows/contract';
import { until } from '../support/condition';
import { facts } from '../support/fake-upstream';
import { setup } from './erasing-carrier';

const TIMEOUT_MS = 90_000;
/** A task that fails is tried again after that time. */
const SOON = { workflowTaskTimeout: 2_000 } as const;

function convertedBy(...keys: string[]) {
  const ring = parseKeyRing(keys.join(','));
  return createDataConverter({ ring, encrypts: true }, 'default');
}

type Started = Partial<WorkflowStartOptions> & { readonly workflowId: string; readonly args: readonly unknown[] };

async function begin(client: Client, taskQueue: string, type: string, options: Started) {
  return client.workflow.start(type, { taskQueue, ...SOON, ...options, args: [...options.args] });
}

const { EventType } = temporal.api.enums.v1;
/** What the history ends with while another try is under way. */
const NEXT_TRY: readonly unknown[] = [
  EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
  EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
];

/** Until a failure stands in the history: one that took too long on a busy machine is not told of, so another event makes a new first try. */
function tasksFail(client: Client, workflowId: string) {
  const handle = client.workflow.getHandle(workflowId);
  return until(`${workflowId} to fail`, TIMEOUT_MS, async () => {
    const { events } = await handle.fetchHistory();
    const last = (events ?? []).findLast((event) => !NEXT_TRY.includes(event.eventType));
    if (last?.workflowTaskTimedOutEventAttributes) await handle.signal('nothing');
    return last?.workflowTaskFailedEventAttributes;
  });
}

test(
  'an applicant whose task fails for ever is ended, withdrawn all the same and erased; one who only waits is waited for',
  async () => {
    const { client, operator, humanApi, applicants, invite, erase, said, printed, runs } = await setup();
    const { taskQueue, signal } = operator;
    // One who was invited and cannot be decoded any more, and one whose withdrawal upstream refuses for a while.
    const { humanId } = humanApi.enrol('STUCK-1', 'stuck-1@example.org', 0);
    const searchAttributes = { HumanId: [humanId] };
    const workflowId = applicantWorkflowId('STUCK-1');
    await begin(client, taskQueue, COLLECT_RECORDS, { workflowId, args: [UNDECODABLE], searchAttributes });
    const slow = await invite('SLOW-1');
    humanApi.faults.push({
      ...{ route: 'withdraw', error: new Unavailable(facts(503), 'scripted'), of: slow, times: 3 },
    });
    const ended = applicants.waitForClose('SLOW-1', signal).catch(() => null);
    expect(await Promise.all([erase('STUCK-1', '--yes'), erase('SLOW-1', '--yes')])).toEqual([0, 0]);
    await ended;
    const erased = [...printed].sort((a, b) => (String(a['clientUserId']) < String(b['clientUserId']) ? -1 : 1));
    expect(erased).toMatchObject([
      { clientUserId: 'SLOW-1', result: 'erased', people: 1 },
      { clientUserId: 'STUCK-1', result: 'erased', people: 1 },
    ]);
    expect(humanApi.people).toMatchObject([
      { humanId, deleted: true },
      { humanId: slow, deleted: true },
    ]);
    expect([await runs('applicant-STUCK-1'), await runs('applicant-SLOW-1')]).toEqual([0, 0]);
    // Each look of a wait takes its listener with it.
    expect(getEventListeners(signal, 'abort')).toEqual([]);

    const lines = said.join('');
    expect(lines).toMatch(/applicant-STUCK-1 stands still: its workflow task (fails|times out) again and again/);
    expect(lines).not.toMatch('applicant-SLOW-1 stands still');
    expect(lines).not.toMatch('example.org');
    const order = [
      'withdrawing: ',
      'waiting for its end',
      'withdrawing the people',
      'deleting 1 run of applicant-SLOW-1',
      'folder',
    ];
    const at = order.map((step) => lines.lastIndexOf(step));
    expect(at).toEqual([...at].sort((a, b) => a - b));
    expect(at[0]).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

test(
  'a withdrawal gives way to a true one where what stands under its id is forged, or can never end',
  async () => {
    const { client, operator, humanApi, said } = await setup();
    const { taskQueue } = operator;
    const ids = ['FORGED-1', 'FORGED-2', 'FORGED-3', 'FORGED-4'] as const;
    const [undecodable, type, later, elsewhere] = ids.map(withdrawWorkflowId) as [string, string, string, string];
    for (const id of ids) humanApi.enrol(id, `${id}@example.org`, 0);
    const forged = await Promise.all([
      begin(client, taskQueue, WITHDRAW_PERSON, { workflowId: undecodable, args: [UNDECODABLE] }),
      begin(client, taskQueue, 'nothingOfOurs', { workflowId: type, args: [] }),
      begin(client, taskQueue, WITHDRAW_PERSON, { workflowId: later, args: [], startDelay: '1 day' }),
      begin(client, 'nobody', WITHDRAW_PERSON, { workflowId: elsewhere, args: [] }),
    ]);
    await tasksFail(client, undecodable);
    const told: OperationStep[] = [];
    const tell = (step: OperationStep) => void told.push(step);
    const operations = createOperations({ client, taskQueue });
    const results = await Promise.all(ids.map((id) => operations.withdraw(id, { onStep: tell })));
    expect(results).toMatchObject(ids.map((clientUserId) => ({ clientUserId, result: 'withdrawn', people: 1 })));
    expect(humanApi.people.every(({ deleted }) => deleted)).toBe(true);
    expect(told.map((step) => ('why' in step ? [step.workflowId, step.why] : step)).sort()).toEqual([
      [undecodable, 'its workflow task fails again and again (UndecodablePayload)'],
      [type, 'it is a workflow of another type'],
      [later, 'its start is delayed'],
      [elsewhere, 'no worker polls its task queue'],
    ]);
    const ends = forged.map((handle) => client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId));
    const statuses = await Promise.all(ends.map(async (handle) => (await handle.describe()).status.name));
    expect(statuses).toEqual(ids.map(() => 'TERMINATED'));
    expect(said).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'of an applicant who waits for a key, a withdrawal says what to do and ends nothing; erasing ends it',
  async () => {
    const [ours, lost] = [generateKey('ours'), generateKey('lost')];
    const { client, clientWith, operator, humanApi, run, said, printed, runs } = await setup({
      ...{ dataConverter: convertedBy(ours) },
    });
    const { humanId } = humanApi.enrol('KEY-1', 'key-1@example.org', 0);
    const workflowId = applicantWorkflowId('KEY-1');
    const searchAttributes = { HumanId: [humanId] };
    const started = { workflowId, args: [{}], searchAttributes };
    await begin(clientWith(convertedBy(lost)), operator.taskQueue, COLLECT_RECORDS, started);
    await tasksFail(client, workflowId);
    await until('a second try', TIMEOUT_MS, async () => {
      said.length = 0;
      printed.length = 0;
      expect(await run('withdraw', 'KEY-1', '--json')).toBe(1);
      return said.join('').includes('stands still');
    });
    expect(said.join('')).toMatch(
      /KEY-1: its applicant is open and stands still: .* \(key "lost" is missing in the workers' PAYLOAD_KEYS\).*npm run erase -- KEY-1/,
    );
    expect(printed).toEqual([{ clientUserId: 'KEY-1', result: 'open', people: 0, recorded: false }]);
    expect(humanApi.people).toMatchObject([{ deleted: false }]);
    expect((await client.workflow.getHandle(workflowId).describe()).status.name).toBe('RUNNING');

    expect(await run('erase', 'KEY-1', '--yes')).toBe(0);
    expect(printed.at(-1)).toMatchObject({ result: 'erased', people: 1 });
    expect([humanApi.people[0]?.deleted, await runs(workflowId)]).toEqual([true, 0]);
  },
  TIMEOUT_MS,
);

test.each([
  ['failed once', 2, EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED, null],
  [
    'failed, and failed again',
    3,
    EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    'its workflow task fails again and again (Any)',
  ],
  ['lost some workers', 4, EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT, null],
  ['lost each worker', 5, EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT, 'its workflow task times out again and again'],
  ['succeeded before', 5, EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, null],
])('a run that %s (attempt %i) stands still or does not', async (_, attempt, eventType, why) => {
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

test(
  'where an applicant was ended with a create under way, the withdrawal waits until it shows',
  async () => {
    const { client, applicants, operator, humanApi, runs } = await setup();
    humanApi.faults.push({ route: 'invite', error: new Unavailable(facts(503), 'scripted') });
    const details = { clientUserId: 'ENDED-1', clientUserEmail: 'ended-1@example.org' };
    await applicants.start({ details, detailsDigest: 'd', policy: DEFAULT_POLICY });
    await until('a create', TIMEOUT_MS, () => humanApi.count('invite') > 0);
    await client.workflow.getHandle(applicantWorkflowId('ENDED-1')).terminate();
    const stopping = new AbortController();
    const told: OperationStep[] = [];
    const tell = (step: OperationStep) => {
      told.push(step);
      stopping.abort(new Error('seen'));
    };
    const { signal } = stopping;
    const operations = createOperations({ client, taskQueue: operator.taskQueue });
    await expect(operations.withdraw('ENDED-1', { signal, onStep: tell })).rejects.toThrow();
    expect(told).toEqual([{ step: 'create-in-flight', forMs: expect.any(Number) }]);
    expect(await runs(withdrawWorkflowId('ENDED-1'))).toBe(0);
  },
  TIMEOUT_MS,
);
