import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter, type PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import { createApplicants } from '../../src/temporal/applicants';
import { isTransient } from '../../src/temporal/rpc';
import { listApplicantRuns } from '../../src/temporal/runs';
import { until } from '../support/condition';
import { useTemporalServer } from '../support/temporal-server';

const { COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: COMPLETE, COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: UPSERT } =
  temporal.api.enums.v1.CommandType;

const temporalServer = useTemporalServer();
const HUMAN_ID = 'h-1';
let count = 0;

/** A new applicant in a task queue of its own, without a worker. */
function setup(codec?: PayloadCodec) {
  const { connection } = temporalServer();
  const client = new Client({ connection, ...(codec && { dataConverter: { payloadCodecs: [codec] } }) });
  const clientUserId = `POL-${++count}`;
  const requestFor = (id: string) => ({
    details: { clientUserId: id, clientUserEmail: 'max@example.org' },
    detailsDigest: 'a'.repeat(64),
    policy: DEFAULT_POLICY,
  });
  const handle = client.workflow.getHandle(`applicant-${clientUserId}`);
  const taskQueue = `queue-${count}`;
  const complete = (result: unknown) => completeNext(client, taskQueue, result);
  const applicants = createApplicants({ client, taskQueue });
  return {
    client,
    clientUserId,
    requestFor,
    request: requestFor(clientUserId),
    handle,
    complete,
    taskQueue,
    applicants,
  };
}

/** Plays the worker of one workflow task: sets the humanId and completes the run. */
async function completeNext(client: Client, taskQueue: string, result: unknown): Promise<void> {
  const { namespace } = client.options;
  const service = client.workflowService;
  const task = await client.withDeadline(Date.now() + 10_000, () =>
    service.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
  );
  const HumanId = defaultPayloadConverter.toPayload(HUMAN_ID);
  await service.respondWorkflowTaskCompleted({
    taskToken: task.taskToken,
    commands: [
      {
        commandType: UPSERT,
        upsertWorkflowSearchAttributesCommandAttributes: { searchAttributes: { indexedFields: { HumanId } } },
      },
      {
        commandType: COMPLETE,
        completeWorkflowExecutionCommandAttributes: {
          result: { payloads: [defaultPayloadConverter.toPayload(result)] },
        },
      },
    ],
  });
}

test('a start returns the open run, and stores the stage and the digest of the details', async () => {
  const { applicants, request, clientUserId, handle } = setup();
  expect(await applicants.start({ ...request, batch: true })).toEqual({
    clientUserId,
    workflowId: `applicant-${clientUserId}`,
    runId: expect.any(String),
    result: 'started',
    standing: 'open',
    startedAtMs: expect.any(Number),
    closedAtMs: null,
    stage: 'inviting',
    outcome: null,
    reason: null,
    humanId: null,
  });
  const { memo, searchAttributes, type } = await handle.describe();
  expect(type).toBe('collectRecords');
  expect(memo).toEqual({ detailsDigest: 'a'.repeat(64) });
  expect(searchAttributes).toMatchObject({ ApplicantStage: ['inviting'], ApplicantStageSince: [expect.any(Date)] });
  expect(await readInput(handle)).toEqual({ ...request, batch: true });
  await handle.terminate();
});

test('autoInvite is part of the input, and not of the details that are compared', async () => {
  const { applicants, request, handle } = setup();
  await applicants.start({ ...request, autoInvite: false });
  expect(await readInput(handle)).toMatchObject({ autoInvite: false });
  expect(await applicants.start({ ...request, autoInvite: true })).toMatchObject({ result: 'running' });
  await handle.terminate();
});

test('the link of a terminated applicant is not returned, and an unknown applicant has none', async () => {
  const { applicants, request, handle, clientUserId } = setup();
  expect(await applicants.readInvitation(clientUserId)).toBeNull();
  await applicants.start(request);
  await handle.terminate();
  expect(await applicants.readInvitation(clientUserId)).toEqual({ inviteLink: null, why: 'closed' });
});

test('a second start changes nothing: it finds the same details, or is a conflict, whether the applicant runs or has closed', async () => {
  const { applicants, request, handle } = setup();
  const other = { ...request, detailsDigest: 'b'.repeat(64) };
  await applicants.start(request);
  expect(await applicants.start(request)).toMatchObject({ result: 'running', stage: 'inviting', standing: 'open' });
  expect(await applicants.start({ ...request, again: true })).toMatchObject({ result: 'running' });
  expect(await applicants.start(other)).toMatchObject({ result: 'conflict', standing: 'open' });
  await handle.terminate();
  expect(await applicants.start(other)).toMatchObject({ result: 'conflict', standing: 'forced' });
});

test('a closed applicant is found with its humanId and reason, and only `again` starts a new round', async () => {
  const { applicants, request, clientUserId, handle, complete } = setup();
  await applicants.start(request);
  const humanIds: (string | null)[] = [];
  const closed = applicants.waitForClose(clientUserId, undefined, ({ humanId }) => humanIds.push(humanId));
  await complete({ outcome: 'partial', reason: 'deadline', documents: 2 });
  expect(await closed).toMatchObject({ standing: 'ended', reason: 'deadline', humanId: HUMAN_ID });
  expect(humanIds.at(-1)).toBe(HUMAN_ID);
  expect(await applicants.start(request)).toMatchObject({ result: 'closed', reason: 'deadline', humanId: HUMAN_ID });
  expect(await applicants.read(clientUserId)).toMatchObject({ standing: 'ended' });
  const again = await applicants.start({ ...request, detailsDigest: 'b'.repeat(64), again: true });
  expect(again).toMatchObject({ result: 'started' });
  await handle.terminate();
});

test('an unreadable result hides the reason only', async () => {
  const { applicants, request, complete } = setup();
  await applicants.start(request);
  await complete(null);
  expect(await applicants.start(request)).toMatchObject({ result: 'closed', reason: null });
});

test('a memo that cannot be decoded is a conflict of this applicant, not an error', async () => {
  const undecodable: PayloadCodec = {
    encode: async (payloads) =>
      payloads.map(({ data }) => ({ metadata: { encoding: Buffer.from('encrypted') }, data: data ?? null })),
    decode: async () => {
      throw new Error('the key is lost');
    },
  };
  const { applicants, request, handle } = setup(undecodable);
  await applicants.start(request);
  expect(await applicants.start(request)).toMatchObject({ result: 'conflict', stage: 'inviting' });
  await handle.terminate();
});

test('an applicant that was never started is null, even if its id contains "namespace"', async () => {
  const { applicants } = setup();
  expect(await applicants.read('namespace-1')).toBeNull();
  expect(await applicants.waitForClose('namespace-1')).toBeNull();
});

test('a cancellation is requested, and the workflow does not end by it', async () => {
  const { applicants, request, clientUserId, handle } = setup();
  await applicants.start(request);
  await applicants.requestCancel(clientUserId);
  expect(await applicants.read(clientUserId)).toMatchObject({ standing: 'open' });
  const { events } = await handle.fetchHistory();
  expect(events?.some((event) => event.workflowExecutionCancelRequestedEventAttributes)).toBe(true);
  await handle.terminate();
});

test('a signal ends the wait for the closing', async () => {
  const { applicants, request, clientUserId, handle } = setup();
  await applicants.start(request);
  const stop = new AbortController();
  const waiting = applicants.waitForClose(clientUserId, stop.signal).catch((error: Error) => error.message);
  stop.abort(new Error('stopped'));
  expect(await waiting).toBe('stopped');
  await handle.terminate();
});

test('an unreachable server is a transient error, a missing namespace is not', async () => {
  const { request, taskQueue } = setup();
  const { connection } = temporalServer();
  const startThrough = (client: Client) =>
    createApplicants({ client, taskQueue })
      .start(request)
      .catch((error: Error) => error);
  expect(isTransient(await startThrough(new Client({ connection, namespace: 'missing' })))).toBe(false);
  const unreachable = Connection.lazy({ address: '127.0.0.1:1', interceptors: [] });
  expect(isTransient(await startThrough(new Client({ connection: unreachable })))).toBe(true);
  await unreachable.close();
});

test('a list has the applicants of its task queue, the open ones first, each by its newest run', async () => {
  const { applicants, client, taskQueue, clientUserId, requestFor } = setup();
  const closedId = `${clientUserId}-closed`;
  for (const id of [clientUserId, closedId]) await applicants.start(requestFor(id));
  const other = setup();
  await other.applicants.start(other.request);
  await client.workflow.getHandle(`applicant-${closedId}`).terminate();
  const listed = await until('two applicants, one of them closed', async () => {
    const all = await listApplicantRuns(client, taskQueue, 10);
    return all.length === 2 && all[1]?.standing === 'forced' ? all : null;
  });
  expect(listed).toMatchObject([
    { clientUserId, standing: 'open', stage: 'inviting', closedAtMs: null },
    { clientUserId: closedId, standing: 'forced', closedAtMs: expect.any(Number) },
  ]);
  expect(await listApplicantRuns(client, taskQueue, 1)).toHaveLength(1);
});

test('an undecodable run, or a run of another kind, hides no other from a list', async () => {
  const { applicants, client, taskQueue, clientUserId, request } = setup();
  await applicants.start(request);
  const options = { taskQueue, args: [] };
  await client.workflow.start('collectRecords', {
    ...options,
    workflowId: `applicant-${clientUserId}-2`,
    searchAttributes: { ApplicantStage: ['unknown stage'], ApplicantOutcome: ['unknown outcome'] },
  });
  await client.workflow.start('collectRecords', { ...options, workflowId: `another-id-${clientUserId}` });
  const listed = await until('both applicants', async () => {
    const all = await listApplicantRuns(client, taskQueue, 10);
    return all.length === 2 ? all : null;
  });
  expect(listed).toContainEqual(
    expect.objectContaining({ clientUserId: `${clientUserId}-2`, stage: null, outcome: null }),
  );
  // A server stores no attribute that it cannot read, so the answer is replaced.
  const broken = { metadata: { encoding: Buffer.from('binary/unknown') }, data: Buffer.from('?') };
  const list = jest.spyOn(client.workflowService, 'listWorkflowExecutions').mockResolvedValue({
    executions: ['POL-A', 'POL-B'].map((id) => ({
      execution: { workflowId: `applicant-${id}`, runId: id },
      searchAttributes: { indexedFields: id === 'POL-B' ? { ApplicantStage: broken } : {} },
    })),
  } as never);
  const ids = (await listApplicantRuns(client, taskQueue, 10)).map((run) => run.clientUserId);
  expect(ids).toEqual(['POL-A', 'POL-B']);
  list.mockRestore();
});

async function readInput(handle: ReturnType<Client['workflow']['getHandle']>): Promise<unknown> {
  const { events } = await handle.fetchHistory();
  const { data } = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0] ?? {};
  return JSON.parse(Buffer.from(data ?? []).toString());
}
