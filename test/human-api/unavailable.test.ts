import { Unavailable } from '../../src/upstream/errors';
import { TRAVERSALS } from '../privacy/planting-upstream';
import { bytesOf } from './conformance';
import { envelope } from './dialects';
import { breakOffAfter, breakOffChunked, drip, hangUp, page, stall, stallAfter, text } from './faults';
import { everyCall, failureOf, startClient } from './fixture';
import { type Answer, json, REPORT_ID } from './recorded-upstream';

const RAW = `GET /data/v1/human/medical/reports/${REPORT_ID}/raw`;

/** Every call with this answer fails after one request, and is known to be dead. */
async function expectUnavailable(answer: Answer, except: RegExp = /^$/): Promise<void> {
  const { upstream, api, humanId } = await startClient();
  for (const [call, make] of Object.entries(everyCall(api, humanId))) {
    if (except.test(call)) continue;
    upstream.answer(call, answer);
    const error = await failureOf(make());
    expect([call, error]).toEqual([call, expect.any(Unavailable)]);
    expect([call, (error as Unavailable).callMayBeAlive]).toEqual([call, false]);
    expect([call, upstream.calls(call)]).toEqual([call, 1]);
    upstream.received.length = 0;
  }
}

/** An access token may be denied. */
const ACCESS_TOKEN = /connect/;
/** A report may have any content. */
const REPORT = /raw/;

/** What was answered, and the calls for which it means something else. */
const ANSWERS: [string, Answer, RegExp?][] = [
  ['a reset before the headers', hangUp],
  ['an HTML page with 502', page(502)],
  ['a 500 in an envelope', json(500, envelope('code', 500))],
  ['a 503 without Retry-After', json(503, envelope('statusCode', 503))],
  ['a 408', json(408, envelope('code', 408))],
  ...[400, 403, 404, 405, 415].flatMap((status): [string, Answer][] => [
    [`a ${status} with a page`, page(status)],
    [`a ${status} with other JSON`, json(status, { message: 'Bad Request' })],
    [`a ${status} without a body`, text(status, '')],
  ]),
  ['a 403', json(403, envelope('code', 403)), ACCESS_TOKEN],
  ['a 404 that is cut off', breakOffAfter('{"code":404,', 404)],
  ['an error in an envelope with 200', json(200, envelope('code', 404)), REPORT],
  ['a 203', text(203, '[]')],
  ['a 206', text(206, '[]')],
  ['JSON that is cut off', breakOffAfter('[{"humanId":'), REPORT],
  ['JSON that is cut off between chunks', breakOffChunked('[{}'), REPORT],
  ['a 200 with a page', page(200), REPORT],
  ...['"mallory"', '{"status":"error"}', '{"message":"OK"}', '[{"message":"OK"}]'].map(
    (body): [string, Answer, RegExp] => [`a 200 with ${body}`, text(200, body), REPORT],
  ),
  ['more than 5 MiB, except a list', text(200, `["${'x'.repeat(5 * 1_024 * 1_024)}"]`), /raw|GET .*(users|reports)$/],
];

describe('unavailable, without a second call', () => {
  for (const [name, answer, except] of ANSWERS) it(name, () => expectUnavailable(answer, except));

  it('a list of more than 64 MiB', async () => {
    const { upstream, api } = await startClient();
    upstream.answer('GET /data/v1/human/medical/reports', text(200, `["${'x'.repeat(64 * 1_024 * 1_024)}"]`));
    const { message } = await failureOf(api.listReports('POL-1'));
    expect(message).toContain('the answer is larger than 67108864 bytes');
  });
});

it('a redirect is not followed, and its body is not used', async () => {
  const trap = await startClient();
  const { upstream, api, humanId } = await startClient();
  const location = `${trap.upstream.settings.adminUrl}api/v1/users`;
  for (const status of [300, 301, 302, 303, 305, 308])
    await expectUnavailable(page(status, { location }), ACCESS_TOKEN);
  upstream.answer(`GET /admin/api/v1/users/${humanId}`, json(307, { humanId, status: 'Declined' }, { location }));
  expect((await failureOf(api.readStatus(humanId))).message).toContain('redirect (307), which is never followed');
  expect(trap.upstream.received).toEqual([]);
});

it('an error shows the route and the request id of its call', async () => {
  const { upstream, api, humanId } = await startClient();
  upstream.answer(`GET /admin/api/v1/users/${humanId}`, json(404, envelope('code', 404)));
  expect((await failureOf(api.readStatus(humanId))).call).toEqual({
    method: 'GET',
    route: '/api/v1/users/{humanId}',
    status: 404,
    requestId: 'b3b7c1de-0000-4000-8000-000000000001',
  });
});

describe('a call that timed out may still be alive', () => {
  it('without an answer', async () => {
    const { upstream, api, humanId } = await startClient({ timeoutMs: 2_000 });
    const calls = Object.entries(everyCall(api, humanId));
    for (const [call] of calls) upstream.answer(call, stall);
    const failures = await Promise.all(calls.map(([, make]) => failureOf(make())));
    expect(failures).toEqual(calls.map(() => expect.objectContaining({ kind: 'unavailable', callMayBeAlive: true })));
  });

  it('with an answer that stalls or takes longer than the timeout', async () => {
    const { upstream, api } = await startClient({ timeoutMs: 2_000 });
    for (const answer of [stallAfter('[{'), drip(10, 1_000)]) {
      upstream.answer('GET /admin/api/v1/users', answer);
      const error = await failureOf(api.findPeople({ clientUserId: 'POL-1' }));
      expect(error).toMatchObject({ kind: 'unavailable', callMayBeAlive: true });
    }
  });
});

it('an unreachable host is unavailable', async () => {
  const { api } = await startClient({ dataUrl: 'http://127.0.0.1:1/data' });
  const error = await failureOf(api.listReports('POL-1'));
  expect(error).toMatchObject({ kind: 'unavailable', callMayBeAlive: false });
  expect(error.message).toContain('ECONNREFUSED');
});

it('a closed client is unavailable', async () => {
  const { api, humanId } = await startClient();
  await api.close();
  expect(await failureOf(api.readStatus(humanId))).toBeInstanceOf(Unavailable);
});

it('an id that would name another resource is never sent', async () => {
  const { upstream, api } = await startClient();
  for (const id of ['', '.', '..', '\ud800']) {
    expect(await failureOf(api.withdraw(id))).toBeInstanceOf(Unavailable);
    expect(await failureOf(api.readStatus(id))).toBeInstanceOf(Unavailable);
  }
  expect(upstream.received).toEqual([]);
});

it('any other id is one segment of a path', async () => {
  const { upstream, api } = await startClient();
  for (const id of TRAVERSALS) {
    await api.openReport('POL-1', id, 'pdf').catch(() => {});
    const [, segment = ''] =
      /^\/up\/data\/v1\/human\/medical\/reports\/([A-Za-z0-9%._~!'()*-]+)\/raw$/.exec(
        upstream.received.at(-1)?.path ?? '',
      ) ?? [];
    expect(decodeURIComponent(segment)).toBe(id);
  }
});

describe('a report', () => {
  it.each([
    ['that is cut off', breakOffAfter('%PDF'), false],
    ['that is cut off between chunks', breakOffChunked('%PDF'), false],
    ['that stalls', stallAfter('%PDF'), true],
  ])('%s is unavailable, never shorter', async (_, answer, callMayBeAlive) => {
    const { upstream, api } = await startClient({ timeoutMs: 3_000 });
    upstream.answer(RAW, answer);
    const body = await api.openReport('POL-1', REPORT_ID, 'pdf');
    expect(await failureOf(bytesOf(body))).toMatchObject({ kind: 'unavailable', callMayBeAlive });
  });

  it('that keeps coming may take longer than the timeout', async () => {
    const { upstream, api } = await startClient({ timeoutMs: 3_000 });
    upstream.answer(RAW, drip(100, 35));
    const body = await api.openReport('POL-1', REPORT_ID, 'json');
    expect(body.contentLength).toBeNull();
    expect((await bytesOf(body)).toString().replaceAll(' ', '')).toBe('[]');
  });

  it('beyond the size limit is a bad document', async () => {
    const { upstream, api } = await startClient({ maxReportBytes: 10 });
    upstream.answer(RAW, text(200, '0123456789'), 1);
    expect((await bytesOf(await api.openReport('POL-1', REPORT_ID, 'json'))).length).toBe(10);
    upstream.answer(RAW, text(200, '0123456789+'));
    const body = await api.openReport('POL-1', REPORT_ID, 'json');
    expect(await failureOf(bytesOf(body))).toMatchObject({ kind: 'bad-document' });
  });

  it('can be discarded at any time, which ends its connection', async () => {
    const { upstream, api } = await startClient();
    const closed = new Promise<void>((resolve) => {
      upstream.answer(RAW, (response, request) => {
        response.on('close', resolve);
        stallAfter('%PDF')(response, request);
      });
    });
    const body = await api.openReport('POL-1', REPORT_ID, 'pdf');
    await body.discard();
    await closed;
    await body.discard();
    expect(await failureOf(bytesOf(body))).toBeInstanceOf(Unavailable);
  });
});
