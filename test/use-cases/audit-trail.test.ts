import { appendFile, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type AuditEntry, openAudit } from '../../src/observability/audit';
import { documentIdOf } from '../../src/report-store/document-id';
import { readAuditTrail } from '../../src/use-cases/audit-trail';
import { encodeCursor } from '../../src/use-cases/cursor';
import type { AuditItem } from '../../src/use-cases/views';
import { useCleanup } from '../support/cleanup';
import { useFolders } from '../support/folders';
import { storedDocument } from '../support/stored';
import { useCaseDeps } from './deps';

const makeFolder = useFolders();
const cleanup = useCleanup();
const ACTOR = { who: 'auditor-1', onBehalfOf: 'user-7' };
const T0 = Date.parse('2026-03-01T00:00:00.000Z');
const at = (second: number) => new Date(T0 + second * 1_000).toISOString();

/** An audit log with lines of several processes; `seconds`: their times after T0. */
async function setup() {
  const folder = await makeFolder();
  const write = async (process: string, lines: readonly (readonly [second: number, entry: AuditEntry])[]) => {
    let second = 0;
    const audit = await openAudit({ folder, process, now: () => new Date(T0 + second * 1_000), partMaxBytes: 600 });
    cleanup(() => audit.close().catch(() => undefined));
    for (const [next, entry] of lines) {
      second = next;
      await audit.record(entry);
    }
  };
  // The reading records into another log, so that the pages of the test do not change.
  const { deps, store, acts } = useCaseDeps({} as never, { auditFolder: folder });
  return { folder, write, deps, store, acts };
}

async function readAll(
  deps: Parameters<typeof readAuditTrail>[0],
  query: { clientUserId?: string; who?: string },
  limit: number,
) {
  const items: AuditItem[] = [];
  for (let cursor: string | null = null; ; ) {
    const page = await readAuditTrail(deps, { ...query, limit, cursor }, ACTOR);
    items.push(...page.items);
    cursor = page.nextCursor;
    if (cursor === null) return items;
    expect(page.items).toHaveLength(limit);
  }
}

test('merges the chains of all processes with the manifest of the applicant, newest first, page by page', async () => {
  const { write, deps, store, acts } = await setup();
  const [clientUserId, other] = ['POL-1', 'POL-10'];
  const document = storedDocument({ storedAt: at(4) });
  const documentId = documentIdOf(document.file);
  // More than one file a chain, and equal times in two chains.
  await write('api', [
    [1, { who: 'intake-1', did: 'start', clientUserId, authorizationReference: 'AUTH-1', onBehalfOf: 'user-1' }],
    [2, { who: 'intake-1', did: 'start', clientUserId: other }],
    [5, { who: 'records-1', did: 'open-document', clientUserId, documentId, detail: 'pdf' }],
    [5, { who: 'records-1', did: 'list', detail: `"clientUserId":"${clientUserId}"` }],
    [5, { who: 'records-1', did: 'list', clientUserId }],
  ]);
  await write('chartway', [
    [3, { who: 'cli:max', did: 'deadline', clientUserId }],
    [5, { who: 'cli:max', did: 'finish-now', clientUserId, detail: 'decision-made' }],
  ]);
  store.addManifest(clientUserId, {
    documents: [document],
    timeline: {
      omitted: 0,
      entries: [
        { atMs: T0, kind: 'started', source: 'start' },
        { atMs: T0 + 5_000, kind: 'finish-requested', source: 'operator' },
        { atMs: T0 + 5_500, kind: 'closed', source: 'operator' },
        { atMs: T0 + 6_000, kind: 'closed', source: 'worker', data: { outcome: 'collected' } },
      ],
    },
  });
  const items = await readAll(deps, { clientUserId }, 2);
  const line = ({ at: time, who, did, detail, source }: AuditItem) => [time, who, did, detail, source];
  expect(items.map(line)).toEqual([
    [at(6), 'worker', 'closed', 'collected', 'manifest'],
    [at(5), 'cli:max', 'finish-now', 'decision-made', 'audit'],
    [at(5), 'records-1', 'list', null, 'audit'],
    [at(5), 'records-1', 'open-document', 'pdf', 'audit'],
    [at(4), 'worker', 'document-stored', 'unity pdf', 'manifest'],
    [at(3), 'cli:max', 'deadline', null, 'audit'],
    [at(1), 'intake-1', 'start', null, 'audit'],
  ]);
  expect(items.at(-1)).toMatchObject({
    clientUserId,
    authorizationReference: 'AUTH-1',
    onBehalfOf: 'user-1',
    documentId: null,
  });
  for (const item of items.slice(3, 5)) expect(item).toMatchObject({ clientUserId, documentId });
  expect((await readAll(deps, { clientUserId }, 50)).map(line)).toEqual(items.map(line));
  expect((await readAll(deps, { who: 'intake-1' }, 50)).map((item) => item.clientUserId)).toEqual([
    other,
    clientUserId,
  ]);
  expect(acts.slice(0, 1)).toEqual([{ ...ACTOR, did: 'audit-read', clientUserId, detail: undefined }]);
  expect(acts.at(-1)).toEqual({ ...ACTOR, did: 'audit-read', clientUserId: undefined, detail: 'actor intake-1' });
});

test('a log that cannot be read completely is no answer; only a line that was never acknowledged is left out', async () => {
  const { folder, write, deps } = await setup();
  const query = { limit: 10, cursor: null };
  await write('api', [[1, { who: 'intake-1', did: 'start', clientUserId: 'POL-1' }]]);
  const [name = ''] = await readdir(folder);
  await appendFile(join(folder, name), '{"n":2,"before"');
  expect((await readAuditTrail(deps, query, ACTOR)).items).toHaveLength(1);
  await appendFile(join(folder, name), '\n');
  const fault = { kind: 'unavailable', what: 'audit', done: 'nothing' };
  await expect(readAuditTrail(deps, query, ACTOR)).rejects.toMatchObject({
    ...fault,
    cause: { message: expect.stringContaining(`${name}: it has text that is not a line`) },
  });
  await rm(join(folder, name));
  await mkdir(join(folder, name));
  await expect(readAuditTrail(deps, query, ACTOR)).rejects.toMatchObject({
    ...fault,
    cause: { message: expect.stringContaining('EISDIR') },
  });
  await expect(readAuditTrail({ ...deps, auditFolder: '' }, query, ACTOR)).rejects.toMatchObject(fault);
});

test('a cursor belongs to its filters, and nothing is read without a line of its own', async () => {
  const { write, deps } = await setup();
  const lines = [1, 2].map((second) => [second, { who: 'intake-1', did: 'start' }] as const);
  await write('api', lines);
  const { nextCursor } = await readAuditTrail(deps, { limit: 1, cursor: null }, ACTOR);
  const fault = { kind: 'invalid-input', errors: [{ parameter: 'cursor', code: 'other-filters' }] };
  const other = { who: 'intake-1', limit: 1, cursor: nextCursor };
  await expect(readAuditTrail(deps, other, ACTOR)).rejects.toMatchObject(fault);
  for (const token of ['no JSON', 'null', '{"at":1}']) {
    const cursor = encodeCursor({ token, beganAtMs: T0, listed: [] }, {}, Date.now());
    const altered = { kind: 'invalid-input', errors: [{ parameter: 'cursor', code: 'altered' }] };
    await expect(readAuditTrail(deps, { limit: 1, cursor }, ACTOR)).rejects.toMatchObject(altered);
  }
  const audit = { record: () => Promise.reject(new Error('full')) };
  await expect(readAuditTrail({ ...deps, audit }, { limit: 1, cursor: null }, ACTOR)).rejects.toThrow('full');
});
