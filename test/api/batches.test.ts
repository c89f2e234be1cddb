import { BatchEnded, KeyReused } from '../../src/use-cases/errors';
import type { BatchUpload } from '../../src/use-cases/use-cases';
import type { BatchView } from '../../src/use-cases/views';
import { KEYS, startApi } from './api-fixture';

let api: Awaited<ReturnType<typeof startApi>>;
beforeAll(async () => {
  api = await startApi();
});
beforeEach(() => api.reset());
afterAll(() => api.close());

const ID = '0'.repeat(32);
const post = (body: string, headers: Record<string, string> = {}, query = '') =>
  api.call('POST', `/api/v1/batches${query}`, {
    role: 'intake',
    body,
    headers: { authorization: `Bearer ${KEYS.intake}`, 'content-type': 'text/csv', ...headers },
  });

test('a new batch is 201 with its path, the same file again 200, a dry run 200 without a batch', async () => {
  const created = await post('a,b\n');
  expect([created.status, created.headers['location']]).toEqual([201, `/api/v1/batches/${ID}`]);
  const [upload, actor] = (api.calls.at(-1)?.args ?? []) as [BatchUpload, object];
  expect(upload).toMatchObject({ format: 'csv', key: null });
  expect(actor).toEqual({ who: 'intake-1' });
  api.answers.set('startBatch', { batch: created.json, isNew: false });
  const again = await post('{}\n', { 'content-type': 'application/x-ndjson; charset=utf-8', 'idempotency-key': 'k~1' });
  expect([again.status, again.json['state'], again.headers['location']]).toEqual([200, 'running', undefined]);
  expect(api.calls.at(-1)?.args[0]).toMatchObject({ format: 'ndjson', key: 'k~1' });
  expect((await post('a', {}, '?dryRun=true')).json).toMatchObject({ batchId: null, rows: 1 });
  expect(api.calls.at(-1)?.name).toBe('checkBatch');
});

test.each([
  ['another type', { 'content-type': 'application/json' }, '', 415],
  ['a compressed body', { 'content-encoding': 'gzip' }, '', 415],
  ['an invalid key', { 'idempotency-key': 'a b' }, '', 400],
  ['a longer key', { 'idempotency-key': 'k'.repeat(65) }, '', 400],
  ['an unknown parameter', {}, '?dryrun=true', 400],
  ['another value', {}, '?dryRun=1', 400],
])('%s is refused', async (_, headers, query, status) => {
  expect((await post('[]', headers as Record<string, string>, query)).status).toBe(status);
  expect(api.calls).toEqual([]);
});

test('a key that was used with another file is 422', async () => {
  api.answers.set('startBatch', new KeyReused());
  expect((await post('x')).json).toMatchObject({ status: 422, type: '/problems/key-reused' });
});

test('an act is 202, 200 if it was so before, and 409 with the batch after the end', async () => {
  const act = (name: string) => api.call('POST', `/api/v1/batches/${ID}/${name}`, { role: 'operate' });
  for (const name of ['pause', 'resume', 'cancel']) {
    expect((await act(name)).status).toBe(202);
    expect(api.calls.at(-1)?.args).toEqual([ID, name, { who: 'operate-1' }]);
  }
  const batch = (await act('pause')).json as unknown as BatchView;
  api.answers.set('steerBatch', { batch, done: 'already' });
  expect((await act('pause')).status).toBe(200);
  api.answers.set('steerBatch', new BatchEnded(batch));
  expect((await act('pause')).json).toMatchObject({ status: 409, why: 'ended', current: { batchId: ID } });
});

test('results are lines of JSON, or CSV where the caller accepts it', async () => {
  const results = (accept: string) =>
    api.call('GET', `/api/v1/batches/${ID}/results`, {
      role: 'read',
      headers: { authorization: `Bearer ${KEYS.read}`, accept },
    });
  const json = await results('*/*');
  expect(json.headers['content-type']).toBe('application/x-ndjson');
  expect(JSON.parse(json.text)).toEqual({
    ...{ line: 2, clientUserId: 'POL-1', result: 'started', stage: 'invited', outcome: null, reason: null, errors: [] },
  });
  const csv = await results('text/csv');
  expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8');
  expect(csv.text).toBe('line,clientUserId,result,stage,outcome,reason,errors\r\n2,POL-1,started,invited,,,\r\n');
});
