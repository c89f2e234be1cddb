import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import { openBatchFiles } from '../../src/report-store/batch-files';
import { UnreadableManifest } from '../../src/report-store/errors';
import type { StartRequest } from '../../src/temporal/applicants';
import { createBatches } from '../../src/temporal/batches';
import { readBatchResults } from '../../src/use-cases/batch-results';
import { isStartedBy, startRow } from '../../src/use-cases/batch-row';
import { checkBatch, startBatch } from '../../src/use-cases/batch-upload';
import { listBatches, showBatch, steerBatch } from '../../src/use-cases/batches';
import { BatchEnded, InvalidInput, KeyReused, NotFound } from '../../src/use-cases/errors';
import type { BatchUpload } from '../../src/use-cases/use-cases';
import type { BatchResultRow } from '../../src/use-cases/views';
import { applicantWorkflowId } from '../../src/workflows/contract';
import { useCleanup } from '../support/cleanup';
import { until } from '../support/condition';
import { deferred } from '../support/deferred';
import { erasureRecordsOf } from '../support/erasure-records';
import { recordEventsIn } from '../support/event-recorder';
import { FakeUpstream } from '../support/fake-upstream';
import { cipherOf } from '../support/keys';
import { useTemporalServer } from '../support/temporal-server';
import { startWorkers } from '../support/workers';
import { useCaseDeps } from './deps';

const cleanup = useCleanup();
const temporal = useTemporalServer();
const INTAKE = { who: 'intake-1', onBehalfOf: 'agent-7' };
const HEADER = 'clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources\n';
let queues = 0;

const csvRow = (id: string, email = `${id}@example.org`) => `${id},${email},Ada,Lovelace,1968-02-13,\n`;
const csv = (...rows: readonly string[]) => upload(HEADER + rows.join(''));

function upload(text: string, more: Partial<BatchUpload> = {}): BatchUpload {
  // Pieces that end within a row.
  const pieces = text.match(/[\s\S]{1,1000}/g) ?? [];
  const body = (async function* () {
    for (const piece of pieces) yield Buffer.from(piece);
  })();
  return { format: 'csv', key: null, body, ...more };
}

/** Use cases with a store in memory, on a task queue of their own. `work` starts workers. */
function setup({ encrypted = false } = {}) {
  queues += 1;
  const { address, client } = temporal();
  const taskQueue = `batches-${queues}`;
  const cipher = cipherOf(`a:${Buffer.alloc(32, 1).toString('base64')}`);
  const encryption = encrypted ? { cipher, encrypts: true } : NO_ENCRYPTION;
  const { deps, store, acts } = useCaseDeps(client, { taskQueue, encryption, policy: DEFAULT_POLICY });
  const files = openBatchFiles(store.shelf, encryption);
  const { events, read, logs } = recordEventsIn(store);
  const started: StartRequest['details']['clientUserId'][] = [];
  const work = async (beforeRow: (id: string) => Promise<void> = async () => {}) => {
    const batches = {
      countInviting: createBatches({ client, taskQueue }).countInviting,
      isStartedBy: (id: string, batchId: string) => isStartedBy(deps, id, batchId),
      startRow: async (
        ...[applicant, record]: Parameters<typeof startRow> extends [unknown, ...infer Rest] ? Rest : never
      ) => {
        await beforeRow(applicant.details.clientUserId);
        started.push(applicant.details.clientUserId);
        return startRow(deps, applicant, record);
      },
    };
    const options = { address, client, taskQueue, upstream: new FakeUpstream([]), reportStore: store, batches, events };
    let stopping: Promise<void> | undefined;
    const stopWorkers = await startWorkers(options);
    const stop = () => {
      stopping ??= stopWorkers();
      return stopping;
    };
    cleanup(stop);
    return stop;
  };
  const untilDone = (batchId: string) =>
    until('the end of the batch', async () => (await showBatch(deps, batchId)).endedAt !== null, 30_000);
  const results = async (batchId: string) => {
    const rows: BatchResultRow[] = [];
    for await (const row of await readBatchResults(deps, batchId)) rows.push(row);
    return rows;
  };
  return { ...{ client, deps, store, acts, files, logs, read, started, work, untilDone, results, events } };
}

test('each row has one result, in the order of the file; a bad or repeated row stops no other', async () => {
  const { deps, work, untilDone, results, acts, logs } = setup();
  await work();
  const { batch, isNew } = await startBatch(
    deps,
    csv(csvRow('A-1'), csvRow('A-2', 'no-address'), csvRow('a-1'), csvRow('A-1', 'other@example.org'), csvRow('A-3')),
    INTAKE,
  );
  expect(isNew).toBe(true);
  expect(batch).toMatchObject({ state: 'running', rows: 5, valid: 2, invalid: 2, startedBy: 'intake-1' });
  expect(batch.firstErrors).toMatchObject([
    { line: 3, clientUserId: 'A-2', errors: [{ field: 'clientUserEmail' }] },
    { line: 4, clientUserId: 'a-1', errors: [{ field: 'clientUserId' }] },
  ]);
  await untilDone(batch.batchId);
  const rows = await results(batch.batchId);
  expect(rows.map(({ line, clientUserId, result }) => `${line} ${clientUserId} ${result}`)).toEqual([
    '2 A-1 started',
    '3 A-2 invalid',
    '4 a-1 invalid',
    '5 A-1 duplicate-in-file',
    '6 A-3 started',
  ]);
  expect(rows[0]).toMatchObject({ stage: expect.any(String), outcome: null, errors: [] });
  expect(await showBatch(deps, batch.batchId)).toMatchObject({
    state: 'done',
    counts: { started: 2, invalid: 2, 'duplicate-in-file': 1, pending: 0 },
    etaAt: null,
  });
  expect(
    acts
      .filter(({ did }) => did === 'start')
      .map(({ who, onBehalfOf, clientUserId, detail }) => [who, onBehalfOf, clientUserId, detail])
      .sort(),
  ).toEqual([
    ['intake-1', 'agent-7', 'A-1', `batch ${batch.batchId}`],
    ['intake-1', 'agent-7', 'A-3', `batch ${batch.batchId}`],
  ]);
  const [event] = (await logs.read({ kind: 'batch', id: batch.batchId }))?.events ?? [];
  expect(JSON.parse(event?.body ?? '{}')).toMatchObject({
    type: 'batch.done',
    data: { batchId: batch.batchId, rows: 5, counts: { started: 2, invalid: 2, 'duplicate-in-file': 1 } },
  });
});

test('the same file again is the same batch, also when it is done; a key is used with one file', async () => {
  const { deps, work, untilDone, store, started } = setup();
  await work();
  const file = () => csv(csvRow('B-1'));
  const [first, second] = await Promise.all([startBatch(deps, file(), INTAKE), startBatch(deps, file(), INTAKE)]);
  expect([first.isNew, second.isNew].sort()).toEqual([false, true]);
  expect(second.batch.batchId).toBe(first.batch.batchId);
  await untilDone(first.batch.batchId);
  expect(await startBatch(deps, file(), INTAKE)).toMatchObject({ isNew: false, batch: { state: 'done' } });
  const keyed = await startBatch(deps, { ...file(), key: 'k-1' }, INTAKE);
  expect(keyed.isNew).toBe(true);
  await untilDone(keyed.batch.batchId);
  // The applicant runs already, so the second batch finds it.
  expect((await showBatch(deps, keyed.batch.batchId)).counts).toMatchObject({ started: 0, running: 1 });
  await expect(startBatch(deps, { ...csv(csvRow('B-2')), key: 'k-1' }, INTAKE)).rejects.toThrow(KeyReused);
  expect(await store.shelf.list('batch-rows/')).toEqual([]);
  expect((await listBatches(deps, { limit: 1, cursor: null })).items[0]?.batchId).toBe(keyed.batch.batchId);
  expect(new Set(started)).toEqual(new Set(['B-1']));
});

test('a dry run, another kind of file and an empty one store and start nothing', async () => {
  const { deps, store, acts } = setup();
  expect(await checkBatch(csv(csvRow('C-1'), csvRow('C-2', 'x')))).toMatchObject({
    ...{ batchId: null, rows: 2, valid: 1, invalid: 1 },
  });
  for (const file of ['name,mail\n1,2\n', HEADER, '', '\u0000\u0001'])
    await expect(startBatch(deps, upload(file), INTAKE)).rejects.toThrow(InvalidInput);
  expect(await store.shelf.list('')).toEqual([]);
  expect(acts.map(({ did }) => did)).toEqual([
    'batch-start',
    'not-done',
    'batch-start',
    'not-done',
    'batch-start',
    'not-done',
    'batch-start',
    'not-done',
  ]);
  await expect(showBatch(deps, '0'.repeat(32))).rejects.toThrow(NotFound);
});

test('a row of JSON may have what a single start may have; its faults name fields, not values', async () => {
  const lines = [
    {
      clientUserId: 'D-1',
      clientUserEmail: 'd1@example.org',
      suggestedSources: ['Clinic'],
      autoInvite: false,
      reports: { unity: ['pdf'] },
      authorizationReference: 'AUTH-1',
    },
    { clientUserId: 'D-2', clientUserEmail: 'd2@example.org', secret: 'Lovelace' },
    { clientUserId: 'D-3', clientUserEmail: 7, autoInvite: 'yes', reports: { unity: ['gif'] } },
    ['D-4'],
  ].map((line) => JSON.stringify(line));
  const { deps, files } = setup();
  const text = `${[lines[0], '', ...lines.slice(1), '{"clientUserId":'].join('\n')}\n`;
  const { batch } = await startBatch(deps, upload(text, { format: 'ndjson' }), INTAKE);
  expect(batch).toMatchObject({ rows: 5, valid: 1, invalid: 4 });
  expect(
    batch.firstErrors.map(({ line, clientUserId, errors }) => [
      line,
      clientUserId,
      errors.map(({ field }) => field).sort(),
    ]),
  ).toEqual([
    [3, 'D-2', ['row']],
    [4, 'D-3', ['autoInvite', 'clientUserEmail', 'reports']],
    [5, null, ['row']],
    [6, null, ['row']],
  ]);
  expect(JSON.stringify(batch)).not.toMatch(/Lovelace|gif|secret/);
  const record = await files.read(batch.batchId);
  const rows = await files.readRows(record?.uploadId ?? '', 0);
  expect(rows?.[0]?.applicant).toEqual({
    details: { clientUserId: 'D-1', clientUserEmail: 'd1@example.org', suggestedSources: ['Clinic'] },
    autoInvite: false,
    reports: { unity: ['pdf'] },
    authorizationReference: 'AUTH-1',
  });
});

test('a paused batch starts no row until it is resumed, a cancelled one starts no further row and withdraws no one', async () => {
  const { client, deps, work, untilDone, results, started, acts } = setup();
  const gate = deferred();
  await work(async (id) => (id === 'E-000' ? gate.promise : undefined));
  const ids = Array.from({ length: 150 }, (_, index) => `E-${String(index).padStart(3, '0')}`);
  const { batch } = await startBatch(deps, csv(...ids.map((id) => csvRow(id))), INTAKE);
  const { batchId } = batch;
  await until('the first rows', () => started.length >= 19);
  expect(await steerBatch(deps, batchId, 'pause', INTAKE)).toMatchObject({
    done: 'accepted',
    batch: { state: 'paused' },
  });
  expect(await steerBatch(deps, batchId, 'pause', INTAKE)).toMatchObject({ done: 'already' });
  gate.resolve();
  await until('the workflow to wait', async () => {
    const { raw } = await client.workflow.getHandle(`batch-${batchId}`).describe();
    return (raw.pendingActivities ?? []).length === 0;
  });
  // The chunk that had begun was started.
  expect(new Set(started).size).toBe(50);
  expect((await results(batchId)).filter(({ result }) => result === 'pending')).toHaveLength(100);
  expect(await steerBatch(deps, batchId, 'resume', INTAKE)).toMatchObject({ batch: { state: 'running' } });
  await until('more rows', () => new Set(started).size > 50);
  expect(await steerBatch(deps, batchId, 'cancel', INTAKE)).toMatchObject({ batch: { state: 'cancelled' } });
  await untilDone(batchId);
  const rows = await results(batchId);
  expect(rows.map(({ clientUserId }) => clientUserId)).toEqual(ids);
  const counts = (await showBatch(deps, batchId)).counts;
  expect(counts.started + counts.cancelled).toBe(150);
  expect(counts.started).toBe(new Set(started).size);
  expect(acts.filter(({ did }) => did === 'start')).toHaveLength(counts.started);
  expect((await client.workflow.getHandle(applicantWorkflowId('E-000')).describe()).status.name).toBe('RUNNING');
  await expect(steerBatch(deps, batchId, 'resume', INTAKE)).rejects.toThrow(BatchEnded);
  expect(await steerBatch(deps, batchId, 'cancel', INTAKE)).toMatchObject({ done: 'already' });
  expect(acts.map(({ did }) => did)).toEqual(expect.arrayContaining(['batch-pause', 'batch-resume', 'batch-cancel']));
});

test('a worker that dies in the middle of a segment starts no one twice, and the next one finishes it with the same results', async () => {
  const { deps, work, untilDone, results, started } = setup();
  const ids = Array.from({ length: 60 }, (_, index) => `F-${String(index).padStart(2, '0')}`);
  const stuck = deferred();
  const stop = await work(async (id) =>
    id === 'F-30' ? stuck.promise.then(() => Promise.reject(new Error('killed'))) : undefined,
  );
  const { batch } = await startBatch(deps, csv(...ids.map((id) => csvRow(id))), INTAKE);
  await until('the rows before', () => started.length >= 45);
  stuck.resolve();
  await stop();
  await work();
  await untilDone(batch.batchId);
  expect((await results(batch.batchId)).map(({ clientUserId, result }) => `${clientUserId} ${result}`)).toEqual(
    ids.map((id) => `${id} started`),
  );
});

test('a damaged manifest costs its own row only, with the reason', async () => {
  const { deps, store, work, untilDone, results, acts } = setup();
  const readManifest = store.readManifest.bind(store);
  store.readManifest = async (id) => {
    if (id === 'J-1') throw new UnreadableManifest('expected JSON');
    return readManifest(id);
  };
  await work();
  const { batch } = await startBatch(deps, csv(csvRow('J-1'), csvRow('J-2')), INTAKE);
  await untilDone(batch.batchId);
  expect(await results(batch.batchId)).toMatchObject([
    { clientUserId: 'J-1', result: 'conflict', errors: [{ field: 'manifest' }], stage: null },
    { clientUserId: 'J-2', result: 'started', errors: [] },
  ]);
  expect(acts.filter(({ clientUserId }) => clientUserId === 'J-1').map(({ did }) => did)).toEqual([
    'start',
    'not-started',
  ]);
});

test('an applicant that is erased while its row waits is not started by it', async () => {
  const { deps, store, work, untilDone, results, started } = setup();
  const { batch } = await startBatch(deps, csv(csvRow('H-1'), csvRow('H-2')), INTAKE);
  await erasureRecordsOf(store).eraseFiles('H-1');
  await work();
  await untilDone(batch.batchId);
  expect((await results(batch.batchId)).map(({ result }) => result)).toEqual(['cancelled', 'started']);
  expect(started).toEqual(['H-2']);
  // Nothing of it stays.
  expect((await store.shelf.list('')).filter((name) => /batch-(erased|running|rows)/.test(name))).toEqual([]);
});

test('the rows of a batch are encrypted where there are keys', async () => {
  const { deps, store } = setup({ encrypted: true });
  const { batch } = await startBatch(deps, csv(csvRow('G-1')), INTAKE);
  const names = await store.shelf.list('batch-rows/');
  expect(names).toHaveLength(1);
  for (const name of await store.shelf.list(''))
    expect(String(await store.shelf.get(name))).not.toMatch(/Lovelace|G-1/);
  expect(batch.counts.pending).toBe(1);
});
