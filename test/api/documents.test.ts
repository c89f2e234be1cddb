import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, Socket } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { BASE } from '../../src/api/access';
import type { StoredDocument } from '../../src/domain/reports';
import { AuditUnavailable, openAudit } from '../../src/observability/audit';
import { documentIdOf } from '../../src/report-store/document-id';
import type { DocumentToStore } from '../../src/report-store/port';
import { generateKey } from '../../src/temporal/key-ring';
import { GRPC } from '../../src/temporal/rpc';
import { createUseCases } from '../../src/use-cases/create-use-cases';
import type { UseCaseDeps, UseCases } from '../../src/use-cases/use-cases';
import { change, documentToStore, LONG_PDF, pdf, pieces, useStore } from '../report-store/fixtures';
import { useCleanup } from '../support/cleanup';
import { until } from '../support/condition';
import { useFolders } from '../support/folders';
import { grpcError } from '../support/grpc-error';
import { cipherOf } from '../support/keys';
import { countOpen, flipBits } from '../support/open-file';
import { sha256, storedDocument } from '../support/stored';
import { readZip } from '../support/zip';
import { useCaseDeps } from '../use-cases/deps';
import { auditEntries, KEYS, startApi } from './api-fixture';

const BODY = Buffer.from(LONG_PDF);
const SIZE = BODY.byteLength;
const ETAG = `"${sha256(BODY)}"`;
const MIB = 1024 * 1024;

const newFolder = useFolders();
const newStore = useStore();
const cleanup = useCleanup();
const cipher = cipherOf(generateKey('k1'));

let api: Awaited<ReturnType<typeof startApi>>;
/** Those of the test that runs: the api starts once, because that takes a second. */
let current: UseCases;

beforeAll(async () => {
  const useCases: Pick<UseCases, 'documents' | 'openDocument' | 'openZip'> = {
    documents: (...args) => current.documents(...args),
    openDocument: (...args) => current.openDocument(...args),
    openZip: (...args) => current.openZip(...args),
  };
  api = await startApi({ useCases: useCases as UseCases });
});
afterAll(() => api.close());

async function setup({ encrypts = true }: { readonly encrypts?: boolean } = {}) {
  const { root, store } = await newStore({ cipher, encrypts });
  const auditFolder = await newFolder();
  const logged = api.lines.length;
  const audit = await openAudit({ folder: auditFolder, process: 'api' });
  const state = { isTemporalDown: false, nowMs: Date.parse('2026-03-05T10:00:00.000Z'), isAuditBroken: false };
  const { deps } = useCaseDeps(
    fakeClient(() => state.isTemporalDown),
    {
      reportStore: store,
      audit: { record: async (entry) => (state.isAuditBroken ? rejectAudit() : audit.record(entry)) },
      nowMs: () => state.nowMs,
    },
  );
  current = createUseCases(deps);
  cleanup(() => audit.close());

  async function save(
    document: Partial<DocumentToStore> = {},
    body: AsyncIterable<Uint8Array> = pieces(BODY.toString(), 50_000),
  ) {
    const entry = await store.save(documentToStore(document), body);
    await store.updateManifest(change({ documents: [entry] }));
    return entry;
  }

  /** The answer, compared with the OpenAPI file. */
  async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
    const answer = await request(api.url + BASE + path, headers, method);
    const body = await buffer(answer);
    const { statusCode: status = 0, headers: got } = answer;
    api.check({ method, path: BASE + path, status, headers: got as Record<string, string>, body: body.toString() });
    return { status, headers: got, body };
  }

  return {
    root,
    store,
    state,
    save,
    pathOf: ({ file }: StoredDocument) => join(root, 'POL-1', file),
    get,
    /** The answer as it arrives. */
    stream: (path: string) => request(api.url + BASE + path, {}, 'GET'),
    brokenOff: () => api.lines.slice(logged).filter((line) => line.includes('was not sent to its end')).length,
    /** The acts in the audit log. */
    audited: async () => {
      const entries = await auditEntries(auditFolder);
      return entries
        .filter(({ did }) => did !== 'configure')
        .map(({ did, clientUserId, documentId, onBehalfOf, who }) => ({
          did,
          clientUserId,
          documentId,
          onBehalfOf,
          who,
        }));
    },
    /** Each route of the documents is rejected with this problem, before anything is done. */
    async expectUnavailable(entry: StoredDocument, slug: string) {
      const list = '/applicants/POL-1/documents';
      for (const path of [list, pathTo(entry), `${pathTo(entry)}/view`, `${list}.zip`]) {
        const { status, body } = await get(path);
        const problem = { type: `/problems/${slug}`, done: 'nothing' };
        expect([status, JSON.parse(body.toString())]).toMatchObject([503, problem]);
      }
    },
  };
}

const pathTo = ({ file }: StoredDocument) => `/applicants/POL-1/documents/${documentIdOf(file)}`;

describe.each([true, false])('a document (encrypted: %s)', (encrypts) => {
  it('is sent with its exact type, digest and length', async () => {
    const { get, save } = await setup({ encrypts });
    const entry = await save({ contentType: 'application/pdf; v=1' });
    const { status, headers, body } = await get(pathTo(entry));
    expect([status, body.equals(BODY)]).toEqual([200, true]);
    expect(headers).toMatchObject({
      'content-type': 'application/pdf; v=1',
      'content-length': String(SIZE),
      'content-disposition': `attachment; filename=POL-1-unity-${documentIdOf(entry.file)}.pdf`,
      'accept-ranges': 'bytes',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      etag: ETAG,
      'repr-digest': `sha-256=:${createHash('sha256').update(BODY).digest('base64')}:`,
    });
    expect(JSON.stringify(headers).toLowerCase()).not.toContain('starfleet');
  });

  it.each([
    ['bytes=10-99', 206, 10, 99],
    ['bytes=65530-65540', 206, 65_530, 65_540],
    ['bytes=200000-', 206, 200_000, SIZE - 1],
    ['bytes=-5', 206, SIZE - 5, SIZE - 1],
    ['bytes=-99999999', 206, 0, SIZE - 1],
    ['bytes=0-99999999', 206, 0, SIZE - 1],
    ['bytes=0-1,5-6', 200, 0, SIZE - 1],
    ['bytes=0-1,99999999-', 200, 0, SIZE - 1],
    ['bytes=5-4', 200, 0, SIZE - 1],
    ['bytes=a-b', 200, 0, SIZE - 1],
    ['bytes', 200, 0, SIZE - 1],
    ['items=0-1', 200, 0, SIZE - 1],
  ])('with Range: %s is answered %d', async (range, expected, start, end) => {
    const { get, save } = await setup({ encrypts });
    const { status, headers, body } = await get(pathTo(await save()), { range });
    expect([status, body.equals(BODY.subarray(start, end + 1))]).toEqual([expected, true]);
    expect(headers['content-length']).toBe(String(end - start + 1));
    expect(headers['content-range']).toBe(expected === 206 ? `bytes ${start}-${end}/${SIZE}` : undefined);
    expect(headers['etag']).toBe(ETAG);
  });

  it.each(['bytes=99999999-', 'bytes=-0'])('has no bytes for Range: %s', async (range) => {
    const { get, save } = await setup({ encrypts });
    const { status, headers, body } = await get(pathTo(await save()), { range });
    expect([status, headers['content-range']]).toEqual([416, `bytes */${SIZE}`]);
    expect(JSON.parse(body.toString())).toMatchObject({ type: '/problems/range-not-satisfiable' });
    expect(headers['etag']).toBeUndefined();
  });

  it('that was altered breaks off before its end, and the log has a line', async () => {
    const { get, save, pathOf, brokenOff } = await setup({ encrypts });
    const entry = await save();
    await flipBits(pathOf(entry), SIZE - 50);
    await expect(get(pathTo(entry))).rejects.toThrow(/aborted|socket hang up|ECONNRESET/);
    await until('a log line', () => brokenOff() > 0);
  });

  it('that is one altered piece is answered with a problem', async () => {
    const { get, save, pathOf } = await setup({ encrypts });
    const entry = await save({}, pieces(pdf('small')));
    await flipBits(pathOf(entry), 20);
    const { status, headers, body } = await get(pathTo(entry));
    expect([status, JSON.parse(body.toString()).type]).toEqual([500, '/problems/altered-document']);
    expect([headers['etag'], headers['content-disposition']]).toEqual([undefined, undefined]);
  });
});

describe('conditions', () => {
  it.each([
    [{ 'if-none-match': ETAG }, 304],
    [{ 'if-none-match': `"other", W/${ETAG}` }, 304],
    [{ 'if-none-match': '"other"' }, 200],
    [{ 'if-none-match': ETAG, range: 'bytes=0-1' }, 304],
    [{ 'if-range': ETAG, range: 'bytes=0-1' }, 206],
    [{ 'if-range': '"other"', range: 'bytes=0-1' }, 200],
    [{ 'if-range': `W/${ETAG}`, range: 'bytes=0-1' }, 200],
    [{ 'if-range': new Date().toUTCString(), range: 'bytes=0-1' }, 200],
    [{ 'if-range': '"other"', range: 'bytes=99999999-' }, 200],
  ])('%j are answered %d', async (headers, expected) => {
    const { get, save } = await setup();
    const { status, body, headers: got } = await get(pathTo(await save()), headers as Record<string, string>);
    expect([status, got['etag']]).toEqual([expected, ETAG]);
    expect(body.byteLength).toBe({ 200: SIZE, 206: 2, 304: 0 }[expected]);
  });
});

describe('HEAD', () => {
  it('has the headers of the whole document, and reads no file', async () => {
    const { get, save, pathOf } = await setup();
    const entry = await save();
    const whole = await get(pathTo(entry));
    await rm(pathOf(entry));
    const { status, headers, body } = await get(pathTo(entry), { range: 'bytes=0-1' }, 'HEAD');
    expect([status, body.byteLength]).toEqual([200, 0]);
    const ofRequest = { date: null, ratelimit: null, 'x-request-id': null };
    expect({ ...headers, ...ofRequest }).toEqual({ ...whole.headers, ...ofRequest });
  });

  it('of a document that the caller has is 304', async () => {
    const { get, save } = await setup();
    const entry = await save();
    const { status, headers } = await get(pathTo(entry), { 'if-none-match': ETAG }, 'HEAD');
    expect([status, headers.etag]).toEqual([304, ETAG]);
  });
});

describe('the view of the console', () => {
  it.each([
    ['pdf' as const, pdf('x'), 'application/pdf; v=1', 'application/pdf', "frame-ancestors 'self'"],
    [
      'html' as const,
      '<!DOCTYPE html><html><body><p>Report</p></body></html>',
      'text/html; charset=utf-8',
      'text/html; charset=utf-8',
      'sandbox; default-src',
    ],
    ['json' as const, '{"a":1}', 'application/fhir+json', 'application/json', 'sandbox; default-src'],
  ])('of %s is inline, without ranges, and inert', async (format, text, contentType, sent, policy) => {
    const { get, save, audited } = await setup();
    const entry = await save({ format, contentType }, pieces(text));
    const { status, headers, body } = await get(`${pathTo(entry)}/view`, { range: 'bytes=0-1', 'if-none-match': '*' });
    expect([status, body.toString()]).toEqual([200, text]);
    expect(headers['content-disposition']).toMatch(/^inline; filename=POL-1-unity-/);
    expect(headers).toMatchObject({
      'content-type': sent,
      'accept-ranges': 'none',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    expect(headers['content-security-policy']).toMatch(policy);
    expect(headers['x-frame-options']).toBeUndefined();
    expect(await audited()).toMatchObject([{ did: 'open-document', documentId: documentIdOf(entry.file) }]);
  });
});

describe('the list', () => {
  it('has every version with its id, and what is missing', async () => {
    const { get, save, store, audited } = await setup();
    const entry = await save();
    const missing = {
      type: 'ccdraw',
      organization: null,
      format: 'pdf',
      reason: 'not-listed',
      detail: 'may still come',
    } as const;
    await store.updateManifest(
      change({ documents: [storedDocument({ reportId: 'report-2', superseded: true })], missing: [missing] }),
    );
    const { status, body } = await get('/applicants/POL-1/documents');
    expect(status).toBe(200);
    const { file: _file, round: _round, encrypted: _encrypted, ...shown } = entry;
    expect(JSON.parse(body.toString())).toMatchObject({
      items: [{ reportId: 'report-2' }, { documentId: documentIdOf(entry.file), ...shown }],
      missing: [missing],
      asOf: '2026-03-05T10:00:00.000Z',
    });
    expect(body.toString()).not.toContain('"file"');
    expect(await audited()).toEqual([{ did: 'list', clientUserId: 'POL-1', who: 'records-1' }]);
  });

  it('is empty for an applicant that only Temporal has, and 404 for an unknown one', async () => {
    const { get, state } = await setup();
    const open = await get('/applicants/POL-OPEN/documents');
    expect([open.status, JSON.parse(open.body.toString()).items]).toEqual([200, []]);
    expect((await get('/applicants/POL-9/documents')).status).toBe(404);
    state.isTemporalDown = true;
    const unknown = await get('/applicants/POL-9/documents');
    expect([unknown.status, JSON.parse(unknown.body.toString()).type]).toEqual([503, '/problems/temporal-unavailable']);
  });

  it('is not empty but unavailable without the store', async () => {
    const { save, root, expectUnavailable } = await setup();
    const entry = await save();
    await rm(root, { recursive: true });
    await expectUnavailable(entry, 'store-unavailable');
  });
});

describe('the ZIP file', () => {
  const NEWER = { ...documentToStore().report, updatedAt: '2026-03-02T10:00:00.000Z' };
  const pathIn = ({ file, format }: StoredDocument) => `unity/${documentIdOf(file)}.${format}`;

  it.each([true, false])(
    'has the current documents and the manifest, without a provider in a name (encrypted: %s)',
    async (encrypts) => {
      const { get, save, audited } = await setup({ encrypts });
      const older = await save();
      const current = await save({ report: NEWER, newest: older }, pieces(pdf('newer')));
      const json = await save({ format: 'json', contentType: 'application/json' }, pieces('{"a":1}'));
      const { status, headers, body } = await get('/applicants/POL-1/documents.zip', { 'x-on-behalf-of': 'clerk-7' });
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-type': 'application/zip',
        'content-disposition': 'attachment; filename=POL-1-documents.zip',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
      const entries = readZip(body);
      expect(entries.map(({ name }) => name)).toEqual(['manifest.json', pathIn(json), pathIn(current)]);
      expect(entries.slice(1).map(({ bytes }) => bytes.toString())).toEqual(['{"a":1}', pdf('newer')]);
      expect(entries.slice(1).map(({ mtime }) => mtime)).toEqual(
        [json, current].map(({ storedAt }) => Math.floor(Date.parse(storedAt) / 1_000)),
      );
      const manifest = JSON.parse(entries[0]?.bytes.toString() ?? '');
      expect(manifest).toMatchObject({ clientUserId: 'POL-1', round: 1 });
      expect(manifest.documents.map(({ path }: { path: string | null }) => path)).toEqual([
        pathIn(json),
        null,
        pathIn(current),
      ]);
      expect((await get('/applicants/POL-1/documents.zip')).body.equals(body)).toBe(true);
      const line = { clientUserId: 'POL-1', who: 'records-1', onBehalfOf: 'clerk-7' };
      const opened = [json, current].map(({ file }) => ({
        ...line,
        did: 'open-document',
        documentId: documentIdOf(file),
      }));
      expect((await audited()).slice(0, 3)).toEqual([{ ...line, did: 'list' }, ...opened]);
    },
  );

  it('has only a manifest for an applicant without documents', async () => {
    const { get } = await setup();
    const { body } = await get('/applicants/POL-OPEN/documents.zip');
    expect(readZip(body).map(({ name }) => name)).toEqual(['manifest.json']);
    expect((await get('/applicants/POL-9/documents.zip')).status).toBe(404);
  });

  it.each([
    ['an altered one', (path: string) => flipBits(path, SIZE - 50)],
    ['a missing one', (path: string) => rm(path)],
  ])('with %s among its documents breaks off, and never ends as a valid file', async (_, damage) => {
    const { save, pathOf, stream, brokenOff } = await setup();
    await damage(pathOf(await save()));
    await save({ format: 'json', contentType: 'application/json' }, pieces('{"a":1}'));
    const answer = await stream('/applicants/POL-1/documents.zip');
    const parts: Buffer[] = [];
    await expect(
      (async () => {
        for await (const part of answer) parts.push(part);
      })(),
    ).rejects.toThrow('aborted');
    expect(() => readZip(Buffer.concat(parts))).toThrow('expected the end');
    await until('a log line', () => brokenOff() > 0);
  });

  it('resets the connection, because over HTTP/1.0 an orderly end would make the file complete', async () => {
    const { save, pathOf } = await setup();
    await flipBits(pathOf(await save()), SIZE - 50);
    // Not what the client receives: libuv reports a reset that arrives together with bytes as an orderly end.
    const reset = jest.spyOn(Socket.prototype, 'resetAndDestroy');
    cleanup(() => reset.mockRestore());
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    socket.resume();
    const line = `GET ${BASE}/applicants/POL-1/documents.zip HTTP/1.0`;
    socket.write(`${line}\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${KEYS.records}\r\n\r\n`);
    await once(socket, 'close').catch(() => undefined);
    expect(reset).toHaveBeenCalledTimes(1);
  });
});

describe('an unknown document', () => {
  it('is 404, also one of another applicant and one that was erased', async () => {
    const { get, save, store } = await setup();
    const entry = await save();
    expect((await get(`/applicants/POL-1/documents/${'0'.repeat(32)}`)).status).toBe(404);
    expect((await get(pathTo(entry).replace('POL-1', 'POL-2'))).status).toBe(404);
    await store.erase('POL-1');
    expect((await get(pathTo(entry))).status).toBe(404);
  });

  it('does not include one whose file is missing, because that is a fault of the store', async () => {
    const { get, save, pathOf } = await setup();
    const entry = await save();
    await rm(pathOf(entry));
    expect(JSON.parse((await get(pathTo(entry))).body.toString())).toMatchObject({
      type: '/problems/altered-document',
    });
  });
});

describe('the audit log', () => {
  it('has one line per document, caller and minute', async () => {
    const { get, save, state, audited } = await setup();
    const entry = await save();
    const ranges = [0, 70_000, 140_000].map((start) => get(pathTo(entry), { range: `bytes=${start}-${start + 9}` }));
    await Promise.all([...ranges, get(pathTo(entry)), get(pathTo(entry), {}, 'HEAD')]);
    const line = {
      did: 'open-document',
      clientUserId: 'POL-1',
      documentId: documentIdOf(entry.file),
      who: 'records-1',
    };
    expect(await audited()).toEqual([line]);
    await get(pathTo(entry), { 'x-on-behalf-of': 'clerk-7' });
    expect(await audited()).toEqual([line, { ...line, onBehalfOf: 'clerk-7' }]);
    state.nowMs += 60_000;
    await get(pathTo(entry));
    expect(await audited()).toHaveLength(3);
  });

  it('that cannot be written prevents every read', async () => {
    const { get, save, state, expectUnavailable } = await setup();
    const entry = await save();
    state.isAuditBroken = true;
    await expectUnavailable(entry, 'audit-unavailable');
    state.isAuditBroken = false;
    expect((await get(pathTo(entry))).status).toBe(200);
  });
});

describe('a large document', () => {
  it.each([
    ['the document', pathTo],
    ['its ZIP file', () => '/applicants/POL-1/documents.zip'],
  ])('is closed when the client of %s disconnects', async (_, pathOf) => {
    const { save, stream, brokenOff } = await setup();
    const entry = await save({}, largeBody());
    const answer = await stream(pathOf(entry));
    await until('the open file', async () => (await countOpen(entry.file)) > 0);
    answer.destroy();
    await until('the closed file', async () => (await countOpen(entry.file)) === 0);
    expect(brokenOff()).toBe(0);
  });

  it('is read only as fast as the client takes it, so it is never held in memory', async () => {
    const { store, save, stream } = await setup();
    const entry = await save({}, largeBody(48));
    const { readDocument } = store;
    let readBytes = 0;
    jest.spyOn(store, 'readDocument').mockImplementation(async function* (...args) {
      for await (const piece of readDocument.apply(store, args)) {
        readBytes += piece.byteLength;
        yield piece;
      }
    });
    const answer = await stream(pathTo(entry));
    let readBefore = -1;
    await until('the reading to pause', () => {
      const isPaused = readBytes > 0 && readBytes === readBefore;
      readBefore = readBytes;
      return isPaused;
    });
    // The buffers of both sockets take a few MiB.
    expect(readBytes).toBeLessThan(24 * MIB);
    const hash = createHash('sha256');
    for await (const piece of answer) hash.update(piece);
    expect(hash.digest('hex')).toBe(entry.sha256);
  });
});

/** Cannot be compressed. */
async function* largeBody(mib = 20) {
  yield Buffer.from('%PDF-1.4\n');
  for (let sent = 0; sent < mib; sent += 1) yield randomBytes(MIB);
  yield Buffer.from('\n%%EOF\n');
}

function request(url: string, headers: Record<string, string>, method: string): Promise<IncomingMessage> {
  const authorization = `Bearer ${KEYS.records}`;
  return new Promise((resolve, reject) => {
    httpRequest(url, { headers: { authorization, ...headers }, method, agent: false }, resolve)
      .once('error', reject)
      .end();
  });
}

/** Temporal, which knows POL-OPEN only. */
function fakeClient(isDown: () => boolean): UseCaseDeps['client'] {
  const client = {
    options: { namespace: 'default' },
    withDeadline: (_: number, work: () => Promise<unknown>) => work(),
    workflowService: {
      async describeWorkflowExecution({ execution }: { execution: { workflowId: string } }) {
        if (isDown()) throw grpcError(GRPC.UNAVAILABLE);
        if (execution.workflowId !== 'applicant-POL-OPEN') throw grpcError(GRPC.NOT_FOUND);
        return { workflowExecutionInfo: { execution: { ...execution, runId: 'run-1' }, status: 1 } };
      },
    },
  };
  return client as unknown as UseCaseDeps['client'];
}

function rejectAudit(): never {
  throw new AuditUnavailable(Object.assign(new Error('full'), { code: 'ENOSPC' }));
}
