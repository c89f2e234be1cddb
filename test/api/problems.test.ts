import { SLUGS } from '../../src/api/problem';
import { KeyMissing } from '../../src/domain/encryption';
import { AuditUnavailable } from '../../src/observability/audit';
import { AlteredDocument, NoSuchDocument, StoreUnavailable } from '../../src/report-store/errors';
import { cpuMs } from '../support/cpu';
import { START as BODY, startApi } from './api-fixture';

let api: Awaited<ReturnType<typeof startApi>>;
beforeAll(async () => {
  api = await startApi();
});
beforeEach(() => api.reset());
afterAll(() => api.close());

const start: typeof api.start = (...request) => api.start(...request);

test.each([
  ['not JSON', '{"clientUserId": ', {}, 400, 'malformed'],
  ['nested too deeply', `${'['.repeat(5_000)}${']'.repeat(5_000)}`, {}, 400, 'malformed'],
  ['a polluted prototype', '{"__proto__": {}}', {}, 400, 'malformed'],
  ['too large', `"${'x'.repeat(70_000)}"`, {}, 413, 'too-large'],
  ['another type', 'a,b', { 'content-type': 'text/csv' }, 415, 'unsupported-media-type'],
  ['a form', 'key=a', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'unsupported-media-type'],
  ['not an object', '[]', {}, 422, 'invalid'],
  ['empty', '', {}, 422, 'invalid'],
])('a body that is %s is a problem with the request id', async (_what, body, headers, status, slug) => {
  const answer = await start(body, headers);
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect([answer.status, answer.json]).toEqual([
    status,
    expect.objectContaining({ type: `/problems/${slug}`, status, requestId: answer.headers['x-request-id'] }),
  ]);
  expect((await api.call('GET', String(answer.json['type']))).status).toBe(200);
  expect(api.calls).toEqual([]);
});

test('all faults of the fields are in one problem, with pointers and without the values', async () => {
  const body = {
    clientUserId: 'Lovelace 1',
    clientUserEmail: 'Ada <ada@example.org>',
    firstName: 'x'.repeat(101),
    lastName: 'Love\u200blace',
    dateOfBirth: '13.2.68',
    suggestedSources: ['ok', 7],
    autoInvite: 'yes',
    reports: { unity: ['docx'] },
    authorizationReference: 'Ada Lovelace',
    first_name: 1,
    Lovelace: 1,
    'ada@example.org': 1,
  };
  const { status, text, json } = await start(body);
  expect(status).toBe(422);
  const errors = json['errors'] as { pointer: string; code: string }[];
  expect(errors.map(({ pointer, code }) => `${pointer} ${code}`).sort()).toEqual(
    [
      ...['/clientUserId format', '/clientUserEmail format', '/firstName format', '/lastName format'],
      ...['/dateOfBirth format', '/suggestedSources/1 type', '/autoInvite type', '/reports/unity/0 value'],
      // A name is repeated only if it is a documented one in another spelling.
      ...['/authorizationReference format', '/first_name unknown', ' unknown'],
    ].sort(),
  );
  expect(text).not.toMatch(/Love|ada@|13\.2\.68|docx/);
  expect(errors.find(({ pointer }) => pointer === '')).toMatchObject({
    expected: expect.stringMatching(/^only clientUserId, clientUserEmail, /),
  });
  expect((await start({})).json['errors']).toMatchObject([
    { pointer: '/clientUserId', code: 'required' },
    { pointer: '/clientUserEmail', code: 'required' },
  ]);
});

test.each([
  [{ ccdraw: ['json'] }, '/reports'],
  [{ 'a b': ['json'] }, '/reports'],
  [{}, '/reports'],
  [{ unity: [] }, '/reports/unity'],
  [{ Lovelace: ['docx'] }, '/reports'],
  [{ 'Ada Lovelace ada@example.org': ['docx'] }, '/reports'],
  [Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`type${index}`, ['pdf']])), '/reports'],
])('the reports %j are refused', async (reports, pointer) => {
  expect((await start({ ...BODY, reports })).json).toMatchObject({ status: 422, errors: [{ pointer }] });
});

test('thousands of faults are listed in linear time', async () => {
  const reports = { unity: Array.from({ length: 15_000 }, () => 'x') };
  const [{ json }, ms] = await cpuMs(() => start({ ...BODY, reports }));
  expect(json['errors']).toHaveLength(15_000);
  expect(ms).toBeLessThan(2_000);
});

test.each([
  [new AuditUnavailable(null), 503, 'audit-unavailable', { done: 'nothing', repeat: 'safe' }],
  [new KeyMissing('k1'), 503, 'store-unavailable', { done: 'nothing', repeat: 'safe' }],
  [new StoreUnavailable('EIO', 'read'), 503, 'store-unavailable', { done: 'unknown', repeat: 'safe' }],
  [new TypeError('ada@example.org'), 500, 'internal', {}],
])('%p is a problem, and only our own text is shown', async (error, status, slug, members) => {
  api.answers.set('start', error);
  const answer = await start(BODY);
  expect([answer.status, answer.json]).toEqual([
    status,
    expect.objectContaining({ type: `/problems/${slug}`, status, ...members }),
  ]);
  expect(answer.text + api.lines.join('')).not.toContain('ada@');
  expect(api.lines.join('')).toContain(answer.headers['x-request-id']);
});

test.each([
  [new NoSuchDocument('x'), 404, 'not-found'],
  [new AlteredDocument('x'), 500, 'altered-document'],
  [new StoreUnavailable('EIO', 'read'), 503, 'store-unavailable'],
])('%p of a document is a problem', async (error, status, slug) => {
  api.answers.set('openDocument', error);
  const answer = await api.call('GET', `/api/v1/applicants/POL-1/documents/${'0'.repeat(32)}`, { role: 'records' });
  expect([answer.status, answer.json['type'], answer.json['done']]).toEqual([
    status,
    `/problems/${slug}`,
    status === 503 ? 'nothing' : undefined,
  ]);
});

test('an answer that does not fit its schema is an unexpected failure', async () => {
  api.answers.set('details', { clientUserId: 'POL-1' });
  const answer = await api.call('GET', '/api/v1/applicants/POL-1/details', { role: 'contact' });
  expect([answer.status, answer.json['type']]).toEqual([500, '/problems/internal']);
});

test.each([
  ['GET', '/api/v1/nowhere'],
  ['PATCH', '/api/v1/applicants'],
  ['GET', '/problems/nothing'],
  ['POST', '/healthz'],
])('%s %s is not found', async (method, path) => {
  const answer = await api.call(method, path, { role: 'read' });
  expect([answer.status, answer.json['type']]).toEqual([404, '/problems/not-found']);
});

test.each(['a b', 'ada@example.org', ''])('X-On-Behalf-Of: %j is refused', async (user) => {
  const headers = { 'x-on-behalf-of': user };
  const answer = await api.call('GET', '/api/v1/summary', { role: 'read', headers });
  expect(answer.json).toMatchObject({ status: 400, errors: [{ parameter: 'X-On-Behalf-Of' }] });
});

test('every problem has a page', async () => {
  for (const slug of SLUGS) {
    const page = await api.call('GET', `/problems/${slug}`);
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.text).toContain(`<code>${slug}</code>`);
    expect(page.text).not.toContain('`');
  }
});

test('the limits of an address and of a key are in every answer', async () => {
  const answer = await api.call('GET', '/api/v1/summary', { role: 'read' });
  expect(answer.headers['ratelimit-policy']).toBe('"address";q=6000;w=60, "key";q=6000;w=60');
  expect(answer.headers['ratelimit']).toMatch(/^"address";r=\d+;t=\d+, "key";r=\d+;t=\d+$/);
});
