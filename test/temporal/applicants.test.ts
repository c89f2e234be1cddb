import { Client, Connection } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import { createApplicants } from '../../src/temporal/applicants';
import { isTransient } from '../../src/temporal/rpc';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';

const { COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: COMPLETE, COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: UPSERT } =
  temporal.api.enums.v1.CommandType;

let server: TemporalServer;
let connection: Connection;
beforeAll(async () => {
  const searchAttributes = {
    ...{ ApplicantStage: 'Keyword', ApplicantStageSince: 'Datetime', ApplicantOutcome: 'Keyword', HumanId: 'Keyword' },
  };
  server = await startTemporalServer({ searchAttributes });
  connection = await Connection.connect({ address: server.address });
});
afterAll(async () => {
  await connection?.close();
  await server?.stop();
});

const HUMAN_ID = 'h-1';
let count = 0;

function setup(codec?: PayloadCodec) {
  const client = new Client({ connection, ...(codec && { dataConverter: { payloadCodecs: [codec] } }) });
  const clientUserId = `POL-${++count}`;
  const request = {
    details: { clientUserId, clientUserEmail: 'max@example.org' },
    detailsDigest: 'a'.repeat(64),
    policy: DEFAULT_POLICY,
  };
  const handle = client.workflow.getHandle(`applicant-${clientUserId}`);
  // A queue of its own that no worker serves.
  const taskQueue = `queue-${count}`;
  const complete = (result: unknown) => completeNext(client, taskQueue, result);
  return { clientUserId, request, handle, complete, taskQueue, applicants: createApplicants({ client, taskQueue }) };
}

/** Plays the worker for one workflow task: there is none here, and no workflow code is needed to end a run. */
async function completeNext(client: Client, taskQueue: string, result: unknown): Promise<void> {
  const { namespace } = client.options;
  const service = client.workflowService;
  const task = await client.withDeadline(Date.now() + 10_000, () =>
    service.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
  );
  const payloadOf = (value: unknown) => ({
    metadata: { encoding: Buffer.from('json/plain') },
    data: Buffer.from(JSON.stringify(value)),
  });
  const HumanId = payloadOf(HUMAN_ID);
  await service.respondWorkflowTaskCompleted({
    taskToken: task.taskToken,
    commands: [
      {
        commandType: UPSERT,
        upsertWorkflowSearchAttributesCommandAttributes: { searchAttributes: { indexedFields: { HumanId } } },
      },
      {
        commandType: COMPLETE,
        completeWorkflowExecutionCommandAttributes: { result: { payloads: [payloadOf(result)] } },
      },
    ],
  });
}

test('a start is told as started, with stage and digest where the console and the next start look', async () => {
  const { applicants, request, clientUserId, handle } = setup();
  expect(await applicants.start({ ...request, batch: true })).toEqual({
    clientUserId,
    humanId: null,
    workflowId: `applicant-${clientUserId}`,
    runId: expect.any(String),
    startedAtMs: expect.any(Number),
    closedAtMs: null,
    result: 'started',
    standing: 'open',
    stage: 'inviting',
    outcome: null,
    reason: null,
  });
  const { memo, searchAttributes, type } = await handle.describe();
  expect(type).toBe('collectRecords');
  expect(memo).toEqual({ detailsDigest: 'a'.repeat(64) });
  expect(searchAttributes).toMatchObject({ ApplicantStage: ['inviting'], ApplicantStageSince: [expect.any(Date)] });
  const { events } = await handle.fetchHistory();
  const { data } = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0] ?? {};
  expect(JSON.parse(Buffer.from(data ?? []).toString())).toEqual({ ...request, batch: true });
  await handle.terminate();
});

test('a carrier that invites by itself stands in the input, and is the same applicant as one that does not', async () => {
  const { applicants, request, handle } = setup();
  await applicants.start({ ...request, autoInvite: false });
  const { events } = await handle.fetchHistory();
  const { data } = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0] ?? {};
  expect(JSON.parse(Buffer.from(data ?? []).toString())).toMatchObject({ autoInvite: false });
  expect(await applicants.start({ ...request, autoInvite: true })).toMatchObject({ result: 'running' });
  await handle.terminate();
});

test('the link of an applicant that has ended, be it by force, is not shown, and of an unknown one nothing is known', async () => {
  const { applicants, request, handle, clientUserId } = setup();
  expect(await applicants.readInvitation(clientUserId)).toBeNull();
  await applicants.start(request);
  await handle.terminate();
  expect(await applicants.readInvitation(clientUserId)).toEqual({ inviteLink: null, why: 'closed' });
});

test('starting twice with the same details changes nothing and finds the applicant running', async () => {
  const { applicants, request, handle } = setup();
  await applicants.start(request);
  expect(await applicants.start(request)).toMatchObject({ result: 'running', stage: 'inviting', standing: 'open' });
  expect(await applicants.start({ ...request, again: true })).toMatchObject({ result: 'running' });
  await handle.terminate();
});

test('other details are a conflict, running or closed, and start nothing', async () => {
  const { applicants, request, handle } = setup();
  await applicants.start(request);
  const other = { ...request, detailsDigest: 'b'.repeat(64) };
  expect(await applicants.start(other)).toMatchObject({ result: 'conflict', standing: 'open' });
  await handle.terminate();
  expect(await applicants.start(other)).toMatchObject({ result: 'conflict', standing: 'forced' });
});

test('a closed applicant is found with humanId, outcome and reason, and begins a new round only with again', async () => {
  const { applicants, request, clientUserId, handle, complete } = setup();
  await applicants.start(request);
  const seen: (string | null)[] = [];
  const waiting = applicants.waitForClose(clientUserId, undefined, ({ humanId }) => seen.push(humanId));
  await complete({ outcome: 'partial', reason: 'deadline', documents: 2 });
  expect(await waiting).toMatchObject({ standing: 'ended', reason: 'deadline', humanId: HUMAN_ID });
  expect(seen.at(-1)).toBe(HUMAN_ID);
  expect(await applicants.start(request)).toMatchObject({ result: 'closed', reason: 'deadline', humanId: HUMAN_ID });
  expect(await applicants.read(clientUserId)).toMatchObject({ standing: 'ended' });
  const again = await applicants.start({ ...request, detailsDigest: 'b'.repeat(64), again: true });
  expect(again).toMatchObject({ result: 'started' });
  await handle.terminate();
});

test('a result that is no longer readable hides the reason and nothing else', async () => {
  const { applicants, request, complete } = setup();
  await applicants.start(request);
  await complete(null);
  expect(await applicants.start(request)).toMatchObject({ result: 'closed', reason: null });
});

test('a memo that cannot be decoded is a conflict of this applicant, not an error', async () => {
  const sealed: PayloadCodec = {
    encode: async (payloads) =>
      payloads.map(({ data }) => ({ metadata: { encoding: Buffer.from('sealed') }, data: data ?? null })),
    decode: async () => {
      throw new Error('the key is lost');
    },
  };
  const { applicants, request, handle } = setup(sealed);
  await applicants.start(request);
  expect(await applicants.start(request)).toMatchObject({ result: 'conflict', stage: 'inviting' });
  await handle.terminate();
});

test('an applicant that was never started is not there, whatever its name', async () => {
  const { applicants } = setup();
  expect(await applicants.read('namespace-1')).toBeNull();
});

test('cancelling asks the workflow and does not end it by itself', async () => {
  const { applicants, request, clientUserId, handle } = setup();
  await applicants.start(request);
  await applicants.requestCancel(clientUserId);
  expect(await applicants.read(clientUserId)).toMatchObject({ standing: 'open' });
  const { events } = await handle.fetchHistory();
  expect(events?.some((event) => event.workflowExecutionCancelRequestedEventAttributes)).toBe(true);
  await handle.terminate();
});

test('waiting for the end can be given up', async () => {
  const { applicants, request, clientUserId, handle } = setup();
  await applicants.start(request);
  const stop = new AbortController();
  const waiting = applicants.waitForClose(clientUserId, stop.signal).catch((error: Error) => error.message);
  stop.abort(new Error('stopped'));
  expect(await waiting).toBe('stopped');
  await handle.terminate();
});

test('a server that is away is a failure that may be retried, a wrong namespace is not', async () => {
  const { request, taskQueue } = setup();
  const lost = await Connection.connect({ address: server.address, interceptors: [] });
  const elsewhere = createApplicants({
    client: new Client({ connection: lost, namespace: 'nowhere' }),
    taskQueue,
  });
  expect(isTransient(await elsewhere.start(request).catch((error: Error) => error))).toBe(false);
  await lost.close();
  const away = Connection.lazy({ address: '127.0.0.1:1', interceptors: [] });
  const unreachable = createApplicants({ client: new Client({ connection: away }), taskQueue });
  expect(isTransient(await unreachable.start(request).catch((error: Error) => error))).toBe(true);
  await away.close();
});
