import {
  DetailsConflict,
  InvalidInput,
  NotFound,
  NotNow,
  PreconditionFailed,
  Unavailable,
} from '../../src/use-cases/errors';
import type { UseCases } from '../../src/use-cases/use-cases';
import { START as BODY, KEYS, startApi } from './api-fixture';
import { APPLICANT, ETAG } from './fake-use-cases';

let api: Awaited<ReturnType<typeof startApi>>;
beforeAll(async () => {
  api = await startApi();
});
beforeEach(() => api.reset());
afterAll(() => api.close());

const lastArgs = () => api.calls.at(-1)?.args;
const fail = (name: keyof UseCases, error: Error) => api.answers.set(name, error);

const start: typeof api.start = (...request) => api.start(...request);

describe('POST /applicants', () => {
  test('a new applicant is 201 with its path and tag', async () => {
    const started = await start(BODY);
    expect(started.status).toBe(201);
    expect(started.headers).toMatchObject({ location: '/api/v1/applicants/POL-1', etag: `"${ETAG}"` });
    expect(started.json).toEqual({ ...APPLICANT, result: 'started' });
  });

  test.each(['running', 'closed'])('the same details of a %s applicant are 200', async (result) => {
    api.answers.set('start', { applicant: APPLICANT, etag: ETAG, result });
    const started = await start(BODY);
    expect([started.status, started.headers['location'], started.json['result']]).toEqual([200, undefined, result]);
  });

  test('the use case gets normalized details, the defaults and the actor', async () => {
    await start({ ...BODY, firstName: ' Ada ' }, { 'x-on-behalf-of': 'agent-12' });
    const details = { ...BODY, firstName: 'Ada' };
    const command = { details, autoInvite: true, again: false, ifMatch: null };
    expect(lastArgs()).toEqual([command, { who: 'intake-1', onBehalfOf: 'agent-12' }]);
    const all = {
      reports: { Unity: ['pdf', 'pdf'] },
      authorizationReference: 'AUTH-1',
      autoInvite: false,
      again: true,
    };
    await start({ ...BODY, ...all }, { 'if-match': `"${ETAG}"` });
    expect(lastArgs()?.[0]).toEqual({ ...all, details: BODY, reports: { unity: ['pdf'] }, ifMatch: ETAG });
  });

  test.each(['*', 'W/"a"', 'a', '"a", "b"'])('If-Match: %s is refused', async (tag) => {
    const refused = await start({ ...BODY, again: true }, { 'if-match': tag });
    expect(refused.json).toMatchObject({ type: '/problems/invalid-parameter', errors: [{ parameter: 'If-Match' }] });
    expect(api.calls).toEqual([]);
  });

  test.each([
    [new DetailsConflict(['clientUserEmail'], APPLICANT), 409, { differs: ['clientUserEmail'], current: APPLICANT }],
    [new DetailsConflict(null, APPLICANT), 409, { differs: null }],
    [new NotNow('open', APPLICANT), 409, { why: 'open', current: APPLICANT, actions: APPLICANT.actions }],
    [new PreconditionFailed(APPLICANT), 412, { current: APPLICANT }],
    [new Unavailable('temporal', 'unknown'), 503, { done: 'unknown', repeat: 'safe' }],
  ])('%p is a problem with its members', async (error, status, members) => {
    fail('start', error);
    const answer = await start(BODY);
    expect([answer.status, answer.json]).toEqual([status, expect.objectContaining(members)]);
    expect(answer.headers['retry-after']).toBe(status === 503 ? '5' : undefined);
  });
});

describe('GET /applicants', () => {
  const list = (query: string) => api.call('GET', `/api/v1/applicants${query}`, { role: 'read' });

  test('the filters reach the use case, and the next page has them too', async () => {
    api.answers.set('list', { items: [], nextCursor: 'c/2', asOf: APPLICANT.asOf, coverage: { since: null } });
    const at = '2026-01-30T21:20:54Z';
    const query = `?prefix=POL-&need=quiet&need=attention&need=quiet&open=true&dueBefore=${at}&limit=2`;
    const page = await list(query);
    expect(lastArgs()).toEqual([
      {
        prefix: 'POL-',
        needs: ['quiet', 'attention'],
        open: true,
        dueBeforeMs: Date.parse(at),
        limit: 2,
        cursor: null,
      },
    ]);
    expect(page.headers['link']).toBe(`</api/v1/applicants?${new URLSearchParams(query)}&cursor=c%2F2>; rel="next"`);
    await list('?need=quiet');
    expect(lastArgs()).toEqual([{ needs: ['quiet'], limit: 50, cursor: null }]);
  });

  test('the last page has no link', async () => {
    expect((await list('')).headers['link']).toBeUndefined();
  });

  test.each([
    ['outcom=collected', '', 'unknown'],
    ['closed_after=2026-01-30T00:00:00Z', 'closed_after', 'unknown'],
    ['need=bored&need=tired', 'need', 'value'],
    ['limit=0', 'limit', 'format'],
    ['limit=201', 'limit', 'format'],
    ['limit=1e1', 'limit', 'format'],
    ['limit=1&limit=2', 'limit', 'type'],
    ['need=bored', 'need', 'value'],
    ['open=yes', 'open', 'value'],
    ['stage=Invited', 'stage', 'value'],
    ['prefix=a%20b', 'prefix', 'format'],
    ['openedAfter=2026-02-30T00:00:00Z', 'openedAfter', 'format'],
    ['openedAfter=2026-01-30', 'openedAfter', 'format'],
    // Temporal has no time after the year 9999.
    ['openedBefore=9999-12-31T23:59:59-01:00', 'openedBefore', 'format'],
    ['openedAfter=1969-12-31T23:59:59Z', 'openedAfter', 'format'],
    ['cursor=', 'cursor', 'size'],
  ])('%s is refused', async (query, parameter, code) => {
    const answer = await list(`?${query}`);
    expect([answer.status, answer.json]).toEqual([
      400,
      expect.objectContaining({
        type: '/problems/invalid-parameter',
        errors: [{ parameter, code, expected: expect.any(String) }],
      }),
    ]);
  });

  test('a cursor that the use case rejects is an invalid parameter', async () => {
    fail('list', new InvalidInput('parameters', [{ parameter: 'cursor', code: 'format', expected: 'a cursor' }]));
    expect((await list('?cursor=zzz')).json).toMatchObject({ status: 400, errors: [{ parameter: 'cursor' }] });
  });
});

describe('GET /applicants/{clientUserId}', () => {
  test('has the ETag, and 304 for the same one', async () => {
    const show = (headers: Record<string, string>) =>
      api.call('GET', '/api/v1/applicants/POL-1', { role: 'read', headers });
    const shown = await show({});
    expect([shown.status, shown.headers['etag'], shown.json]).toEqual([200, `"${ETAG}"`, APPLICANT]);
    const same = await show({ 'if-none-match': `"other", "${ETAG}"` });
    expect([same.status, same.headers['etag'], same.text]).toEqual([304, `"${ETAG}"`, '']);
    expect((await show({ 'if-none-match': '"other"' })).status).toBe(200);
    // Without Temporal, another round may be open that the tag does not show.
    const applicant = { ...APPLICANT, degraded: ['temporal-unavailable'] };
    api.answers.set('show', { applicant, etag: ETAG });
    expect((await show({ 'if-none-match': `"${ETAG}"` })).status).toBe(200);
  });

  test('an unknown one is 404, an invalid id 400', async () => {
    fail('show', new NotFound('unknown'));
    const show = (id: string) => api.call('GET', `/api/v1/applicants/${id}`, { role: 'read' });
    expect((await show('POL-404')).json).toMatchObject({ type: '/problems/not-found', status: 404 });
    for (const id of ['a%20b', 'a'.repeat(101), 'a'.repeat(8_000)])
      expect((await show(id)).json).toMatchObject({ status: 400, errors: [{ parameter: 'clientUserId' }] });
    expect((await api.call('GET', `/api/v1/applicants/${'a'.repeat(101)}`)).status).toBe(401);
  });

  test.each([
    ['timeline', 'read', []],
    ['details', 'contact', [{ who: 'contact-1' }]],
    ['invitation', 'contact', [{ who: 'contact-1' }]],
    ['documents', 'records', [{ who: 'records-1' }]],
  ] as const)('/%s answers what the use case returns', async (name, role, actor) => {
    const shown = await api.call('GET', `/api/v1/applicants/POL-1/${name}`, { role });
    expect([shown.status, shown.json]).toEqual([200, api.answers.get(name)]);
    expect(lastArgs()).toEqual(['POL-1', ...actor]);
  });
});

describe('actions', () => {
  const AT = '2026-04-01T00:00:00.000Z';
  const act = (path: string, body?: unknown, method = 'POST') =>
    api.call(method, `/api/v1/applicants/POL-1/${path}`, { role: 'operate', body });

  test.each([
    ['cancel', { reasonCode: 'other', note: 'a note' }, 202, [{ reasonCode: 'other', note: 'a note' }]],
    ['check-now', undefined, 202, []],
    ['check-now', {}, 202, []],
    ['finish-now', { reasonCode: 'decision-made' }, 202, [{ reasonCode: 'decision-made' }]],
    ['withdraw', { reasonCode: 'duplicate' }, 202, [{ reasonCode: 'duplicate' }]],
    ['retry', undefined, 202, []],
    ['snooze', { until: AT, note: 'later' }, 200, [{ untilMs: Date.parse(AT), note: 'later' }]],
  ] as const)('%s with %j is accepted and answered with the applicant', async (path, body, status, args) => {
    const answer = await act(path, body);
    expect([answer.status, answer.headers['etag'], answer.json]).toEqual([status, `"${ETAG}"`, APPLICANT]);
    expect(lastArgs()).toEqual(['POL-1', ...args, { who: 'operate-1' }]);
  });

  test('a deadline is absolute', async () => {
    expect((await act('deadline', { at: '2026-04-01T02:00:00+02:00' }, 'PUT')).status).toBe(200);
    expect(lastArgs()).toEqual(['POL-1', { atMs: Date.parse(AT) }, { who: 'operate-1' }]);
    fail('setDeadline', new InvalidInput('body', [{ pointer: '/at', code: 'in-the-past', expected: 'the future' }]));
    expect((await act('deadline', { at: AT }, 'PUT')).json).toMatchObject({
      status: 422,
      errors: [{ pointer: '/at' }],
    });
  });

  test('a repeat of what was done before is 200', async () => {
    api.answers.set('cancel', { applicant: APPLICANT, etag: ETAG, done: 'already' });
    expect((await act('cancel', { reasonCode: 'other' })).status).toBe(200);
  });

  test.each([
    ['cancel', {}, '/reasonCode', 'required'],
    ['cancel', { reasonCode: 'bored' }, '/reasonCode', 'value'],
    ['cancel', { reasonCode: 'other', note: 'x'.repeat(501) }, '/note', 'size'],
    ['cancel', { reasonCode: 'other', note: 'A\uD800' }, '/note', 'format'],
    ['finish-now', { reasonCode: 'other', note: 'x' }, '', 'unknown'],
    ['snooze', { until: 'tomorrow' }, '/until', 'format'],
    ['check-now', { now: true }, '', 'unknown'],
    ['cancel', { reasonCode: 'other', NOTE: 'x' }, '/NOTE', 'unknown'],
    ['cancel', undefined, '', 'type'],
  ])('%s with %j is refused', async (path, body, pointer, code) => {
    expect((await act(path, body)).json).toMatchObject({ type: '/problems/invalid', errors: [{ pointer, code }] });
    expect(api.calls).toEqual([]);
  });

  test('without a worker it is 503, and the act may have happened', async () => {
    fail('finishNow', new Unavailable('worker', 'unknown'));
    const answer = await act('finish-now', { reasonCode: 'other' });
    expect(answer.json).toMatchObject({ type: '/problems/no-worker', done: 'unknown', repeat: 'safe' });
  });
});

describe('overview', () => {
  test.each([
    ['summary', 'read'],
    ['attention', 'read'],
    ['system', 'operate'],
    ['audit', 'audit'],
  ] as const)('/%s answers what the use case returns', async (name, role) => {
    const shown = await api.call('GET', `/api/v1/${name}`, { role });
    expect([shown.status, shown.json]).toEqual([200, api.answers.get(name)]);
  });

  test('the audit log is read by applicant and by actor', async () => {
    await api.call('GET', '/api/v1/audit?clientUserId=POL-1&who=cli:root&limit=10&cursor=c', { role: 'audit' });
    expect(lastArgs()).toEqual([
      { clientUserId: 'POL-1', who: 'cli:root', limit: 10, cursor: 'c' },
      { who: 'audit-1' },
    ]);
  });
});

test.each([
  ['GET', 'applicants/POL-1?full=true', 'read', undefined],
  ['GET', 'summary?full=true', 'read', undefined],
  ['POST', 'applicants?full=true', 'intake', BODY],
  ['POST', 'applicants/POL-1/retry?full=true', 'operate', undefined],
  ['GET', 'applicants/POL-1/documents?full=true', 'records', undefined],
] as const)('%s %s has an unknown query parameter', async (method, path, role, body) => {
  const answer = await api.call(method, `/api/v1/${path}`, { role, body });
  expect(answer.json).toMatchObject({ status: 400, errors: [{ parameter: '', code: 'unknown' }] });
  expect(api.calls).toEqual([]);
});

describe('at the root', () => {
  test('health and readiness need no login', async () => {
    expect((await api.call('GET', '/healthz')).json).toEqual({ status: 'ok' });
    expect((await api.call('GET', '/readyz')).json).toEqual({ status: 'ready' });
    const lost = await startApi({ isTemporalReady: async () => false });
    expect((await lost.call('GET', '/readyz')).json).toMatchObject({ type: '/problems/temporal-unavailable' });
    await lost.close();
  });
});

test('GET /stream sends server-sent events, and passes the last id of the client', async () => {
  const answer = await api.call('GET', '/api/v1/stream', {
    headers: { 'last-event-id': '0123abcd-0', authorization: `Bearer ${KEYS.read}` },
  });
  expect(answer.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  expect(answer.text).toMatch(
    /^retry: 2000\n\nid: 0123abcd-1\nevent: applicant\ndata: \{"clientUserId":"POL-1".*\}\n\n:\nid: 0123abcd-1\n\n$/,
  );
  expect(lastArgs()?.[0]).toBe('0123abcd-0');
});
