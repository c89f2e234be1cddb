import { NotFound, Unavailable } from '../../src/upstream/errors';
import { bytesOf } from './conformance';
import { envelope } from './dialects';
import { breakOffAfter, breakOffChunked, drip, hangUp, page, stall, stallAfter, text } from './faults';
import { everyCall, failureOf, startClient } from './fixture';
import { type Answer, json, REPORT_ID } from './recorded-upstream';

const RAW = `GET /data/v1/human/medical/reports/${REPORT_ID}/raw`;

/** Every call of a fresh client that fails so, whatever it asks. */
async function expectUnavailable(answer: Answer, not: RegExp = /^$/): Promise<void> {
  const { upstream, api, humanId } = await startClient();
  for (const [call, make] of Object.entries(everyCall(api, humanId))) {
    if (not.test(call)) continue;
    upstream.answer(call, answer);
    const error = await failureOf(make());
    expect([call, error]).toEqual([call, expect.any(Unavailable)]);
    expect([call, (error as Unavailable).callMayBeAlive]).toEqual([call, false]);
    expect([call, upstream.calls(call)]).toEqual([call, 1]);
    upstream.received.length = 0;
  }
}

/** Only their own word is another value: an access token that upstream refuses, and a format that it does not offer. */
const ACCESS_TOKEN = /connect/;

describe('what upstream did not say is unavailable, asked once and known dead', () => {
  it('a reset before the headers', () => expectUnavailable(hangUp));
  it('an HTML page with 502', () => expectUnavailable(page(502)));
  it('a 500 in an envelope', () => expectUnavailable(json(500, envelope('code', 500))));
  it('a 503 without Retry-After', () => expectUnavailable(json(503, envelope('statusCode', 503))));
  it('a 408', () => expectUnavailable(json(408, envelope('code', 408))));
  it.each([400, 403, 404, 405, 415])('a %d with a page, with foreign JSON, with no body', async (status) => {
    await expectUnavailable(page(status));
    await expectUnavailable(json(status, { message: 'Bad Request' }));
    await expectUnavailable(text(status, ''));
  });
  it('a 403', () => expectUnavailable(json(403, envelope('code', 403)), ACCESS_TOKEN));
  it('a 404 that breaks off', () => expectUnavailable(breakOffAfter('{"code":404,', 404)));
  it('an error in an envelope with 200', () => expectUnavailable(json(200, envelope('code', 404)), /raw/));
  it('a 203 or a 206', async () => {
    for (const status of [203, 206]) await expectUnavailable(text(status, '[]'));
  });
  it('a JSON answer that breaks off', () => expectUnavailable(breakOffAfter('[{"humanId":'), /raw/));
  it('a JSON answer that breaks off between chunks', () => expectUnavailable(breakOffChunked('[{}'), /raw/));
  it('a 200 that is not JSON', () => expectUnavailable(page(200), /raw/));
  it('a 200 that is another JSON', async () => {
    for (const body of ['"mallory"', '{"status":"error"}', '{"message":"OK"}', '[{"message":"OK"}]'])
      await expectUnavailable(text(200, body), /raw/);
  });
  it('an answer of more than 5 MiB that is no list', () => {
    return expectUnavailable(text(200, `["${'x'.repeat(5 * 1_024 * 1_024)}"]`), /raw|GET .*(users|reports)$/);
  });
  it('a list of more than 64 MiB', async () => {
    const { upstream, api } = await startClient();
    upstream.answer('GET /data/v1/human/medical/reports', text(200, `["${'x'.repeat(64 * 1_024 * 1_024)}"]`));
    const { message } = await failureOf(api.listReports('POL-1'));
    expect(message).toContain('the answer is larger than 67108864 bytes');
  });
});

it('a redirect is refused, not followed, and its body is not believed', async () => {
  const trap = await startClient();
  const { upstream, api, humanId } = await startClient();
  const location = `${trap.upstream.settings.adminUrl}api/v1/users`;
  await expectUnavailable(page(302, { location }), ACCESS_TOKEN);
  upstream.answer(`GET /admin/api/v1/users/${humanId}`, json(307, { humanId, status: 'Declined' }, { location }));
  expect((await failureOf(api.readStatus(humanId))).message).toContain('redirect (307), which is never followed');
  expect(trap.upstream.received).toEqual([]);
});

it('a 404 that is no envelope of upstream never means that a person is gone', async () => {
  const { upstream, api, humanId } = await startClient();
  for (const body of ['', '{"message":"no Route matched"}', '[]', 'null']) {
    upstream.answer(`GET /admin/api/v1/users/${humanId}`, text(404, body));
    expect(await failureOf(api.readStatus(humanId))).toBeInstanceOf(Unavailable);
    upstream.answer('GET /admin/api/v1/users', text(404, body));
    expect(await failureOf(api.findPeople({ subjectId: humanId }))).toBeInstanceOf(Unavailable);
  }
  upstream.answer(`GET /admin/api/v1/users/${humanId}`, json(404, envelope('code', 404)));
  const gone = await failureOf(api.readStatus(humanId));
  expect(gone).toBeInstanceOf(NotFound);
  expect(gone.call).toEqual({
    method: 'GET',
    route: '/api/v1/users/{humanId}',
    status: 404,
    requestId: 'b3b7c1de-0000-4000-8000-000000000001',
  });
});

describe('a call that we gave up waiting for may still be alive', () => {
  it('when nothing is answered', async () => {
    const { upstream, api, humanId } = await startClient({ timeoutMs: 2_000 });
    const calls = Object.entries(everyCall(api, humanId));
    for (const [call] of calls) upstream.answer(call, stall);
    const failures = await Promise.all(calls.map(([, make]) => failureOf(make())));
    expect(failures).toEqual(calls.map(() => expect.objectContaining({ kind: 'unavailable', callMayBeAlive: true })));
  });

  it('when an answer stalls, or trickles longer than the time-out', async () => {
    const { upstream, api } = await startClient({ timeoutMs: 2_000 });
    for (const answer of [stallAfter('[{'), drip(10, 1_000)]) {
      upstream.answer('GET /admin/api/v1/users', answer);
      const error = await failureOf(api.findPeople({ clientUserId: 'POL-1' }));
      expect(error).toMatchObject({ kind: 'unavailable', callMayBeAlive: true });
    }
  });
});

it('a host that nobody listens on is unavailable', async () => {
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
  for (const id of ['', '.', '..', '\ud800']) expect(await failureOf(api.withdraw(id))).toBeInstanceOf(Unavailable);
  expect(upstream.calls('DELETE /admin/api/v1/users/')).toBe(0);
  await api.withdraw('../auth?x#y').catch(() => {});
  expect(upstream.received.at(-1)?.path).toBe('/up/admin/api/v1/users/..%2Fauth%3Fx%23y');
});

describe('a report', () => {
  it.each([
    ['that breaks off', breakOffAfter('%PDF'), false],
    ['that breaks off between chunks', breakOffChunked('%PDF'), false],
    ['that stalls', stallAfter('%PDF'), true],
  ])('%s is unavailable, never shorter', async (_, answer, callMayBeAlive) => {
    const { upstream, api } = await startClient({ timeoutMs: 3_000 });
    upstream.answer(RAW, answer);
    const body = await api.openReport('POL-1', REPORT_ID, 'pdf');
    expect(await failureOf(bytesOf(body))).toMatchObject({ kind: 'unavailable', callMayBeAlive });
  });

  it('that keeps coming may take longer than the time-out', async () => {
    const { upstream, api } = await startClient({ timeoutMs: 3_000 });
    upstream.answer(RAW, drip(100, 35));
    const body = await api.openReport('POL-1', REPORT_ID, 'json');
    expect(body.contentLength).toBeNull();
    expect((await bytesOf(body)).toString().replaceAll(' ', '')).toBe('[]');
  });

  it('beyond the size cap is a bad document', async () => {
    const { upstream, api } = await startClient({ maxReportBytes: 10 });
    upstream.answer(RAW, text(200, '0123456789'), 1);
    expect((await bytesOf(await api.openReport('POL-1', REPORT_ID, 'json'))).length).toBe(10);
    upstream.answer(RAW, text(200, '0123456789+'));
    const body = await api.openReport('POL-1', REPORT_ID, 'json');
    expect(await failureOf(bytesOf(body))).toMatchObject({ kind: 'bad-document' });
  });

  it('that is not wanted any more can be discarded, read or not, and ends its connection', async () => {
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
