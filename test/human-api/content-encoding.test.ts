import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { AccessDenied, Unavailable } from '../../src/upstream/errors';
import { bytesOf } from './conformance';
import { envelope } from './dialects';
import { failureOf, startClient } from './fixture';
import { type Answer, REPORT_ID } from './recorded-upstream';

const LIST = 'GET /data/v1/human/medical/reports';
const RAW = `${LIST}/${REPORT_ID}/raw`;
const PDF = Buffer.from('%PDF-1.4\nmade up\n%%EOF\n');
const ROWS = Buffer.from('[{"id":"r1","name":"unity"}]');

/** An encoded answer with its encoded length. */
function encoded(encoding: string, bytes: Buffer, status = 200): Answer {
  return (response) =>
    response.writeHead(status, { 'content-encoding': encoding, 'content-length': bytes.length }).end(bytes);
}

describe.each<[string, (bytes: Buffer) => Buffer]>([
  ['gzip', gzipSync],
  ['X-GZIP', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', brotliCompressSync],
  ['identity, gzip', gzipSync],
  ['deflate, br', (bytes) => brotliCompressSync(deflateSync(bytes))],
])('an answer with Content-Encoding %s', (encoding, encode) => {
  it('is decoded: a list, a report whose length is unknown, an error', async () => {
    const { upstream, api } = await startClient();
    upstream.answer(LIST, encoded(encoding, encode(ROWS)));
    expect(await api.listReports('POL-1')).toMatchObject([{ id: 'r1' }]);
    upstream.answer(RAW, encoded(encoding, encode(PDF)));
    const body = await api.openReport('POL-1', REPORT_ID, 'pdf');
    expect([body.contentLength, await bytesOf(body)]).toEqual([null, PDF]);
    const denied = Buffer.from(JSON.stringify(envelope('code', 403)));
    upstream.answer('POST /auth/v1/connect/token', encoded(encoding, encode(denied), 403));
    upstream.revokeTokens();
    expect(await failureOf(api.listReports('POL-1'))).toBeInstanceOf(AccessDenied);
  });

  it('that is truncated or has another encoding is unavailable, never shorter', async () => {
    const { upstream, api } = await startClient();
    for (const bytes of [encode(ROWS).subarray(0, -3), Buffer.from([0x1f, ...ROWS])]) {
      upstream.answer(LIST, encoded(encoding, bytes));
      expect(await failureOf(api.listReports('POL-1'))).toBeInstanceOf(Unavailable);
    }
    upstream.answer(RAW, encoded(encoding, encode(PDF).subarray(0, -3)));
    expect(await failureOf(bytesOf(await api.openReport('POL-1', REPORT_ID, 'pdf')))).toBeInstanceOf(Unavailable);
  });

  it('that decodes to more than the limit is not decoded completely', async () => {
    const { upstream, api, humanId } = await startClient({ maxReportBytes: 1_000 });
    const bomb = encode(Buffer.alloc(6 * 1_024 * 1_024, ' '));
    upstream.answer(`GET /admin/api/v1/users/${humanId}`, encoded(encoding, bomb));
    expect((await failureOf(api.readStatus(humanId))).message).toContain('the answer is larger than 5242880 bytes');
    upstream.answer(RAW, encoded(encoding, bomb));
    const body = await api.openReport('POL-1', REPORT_ID, 'pdf');
    expect(await failureOf(bytesOf(body))).toMatchObject({ kind: 'bad-document' });
    upstream.answer(`GET /admin/api/v1/users/${humanId}`, encoded(encoding, bomb, 404));
    expect(await failureOf(api.readStatus(humanId))).toMatchObject({ kind: 'unavailable' });
  });
});

it('an encoded body without bytes is empty: a deletion with 200 is confirmed', async () => {
  const { upstream, api, humanId } = await startClient();
  upstream.answer(`DELETE /admin/api/v1/users/${humanId}`, encoded('gzip', Buffer.alloc(0)));
  expect(await api.withdraw(humanId)).toBe('deleted');
});

it.each(['gzip', 'none', 'UTF-8'])('a plain body under Content-Encoding %s is accepted', async (encoding) => {
  const { upstream, api } = await startClient();
  upstream.answer(LIST, encoded(encoding, ROWS));
  expect(await api.listReports('POL-1')).toMatchObject([{ id: 'r1' }]);
  upstream.answer(RAW, encoded(encoding, PDF));
  expect(await bytesOf(await api.openReport('POL-1', REPORT_ID, 'pdf'))).toEqual(PDF);
});

it.each(['zstd', 'gzip, gzip, gzip', 'compress'])('a Content-Encoding of %s is unavailable', async (encoding) => {
  const { upstream, api } = await startClient();
  upstream.answer(LIST, encoded(encoding, ROWS));
  expect(await failureOf(api.listReports('POL-1'))).toBeInstanceOf(Unavailable);
  upstream.answer(RAW, encoded(encoding, PDF));
  expect(await failureOf(api.openReport('POL-1', REPORT_ID, 'pdf'))).toBeInstanceOf(Unavailable);
});
