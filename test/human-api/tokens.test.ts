import { AccessDenied, isOutage, Unavailable } from '../../src/upstream/errors';
import { envelope } from './dialects';
import { hangUp, page, text } from './faults';
import { failureOf, startClient } from './fixture';
import { type Answer, json, type Received, type RecordedUpstream } from './recorded-upstream';

const CLIENT_TOKEN = 'POST /auth/v1/admin/token';
const ACCESS_TOKEN = 'POST /auth/v1/connect/token';
const LIST = 'GET /data/v1/human/medical/reports';
const DAY_MS = 86_400_000;

const unauthorised = json(401, envelope('code', 401));

/** The tokens of the calls with a method. */
function tokensOf(upstream: RecordedUpstream, method: string): unknown[] {
  const admin = ({ path, method: made }: Received) => path.startsWith('/up/admin') && made === method;
  return upstream.received.filter(admin).map(({ headers }) => headers.authorization);
}

it('the token requests and the bearer header are as documented', async () => {
  const { upstream, api } = await startClient();
  await api.proveCredentials();
  await api.listReports('POL-1');
  const [client, access, list] = upstream.received;
  const credentials = { client_id: 'the-client', client_secret: 'the-secret' };
  expect(client?.body).toEqual({ ...credentials, type: 'client' });
  expect(access?.body).toEqual({ ...credentials, type: 'access', client_user_id: 'POL-1' });
  expect(client?.headers['content-type']).toBe('application/json');
  expect(list?.headers.authorization).toMatch(/^Bearer token-\d+$/);
  expect(list?.headers).toMatchObject({ 'accept-encoding': 'identity', 'cache-control': 'no-cache' });
});

it('concurrent callers share one mint of the client token, and one per person of the access token', async () => {
  const { upstream, api, humanId, clock } = await startClient();
  clock.nowMs += DAY_MS;
  await Promise.all(Array.from({ length: 10 }, () => api.readStatus(humanId)));
  await Promise.all(Array.from({ length: 10 }, () => api.listReports('POL-1')));
  expect(upstream.calls(CLIENT_TOKEN)).toBe(1);
  expect(upstream.calls(ACCESS_TOKEN)).toBe(1);
});

it.each([
  ['a day', 86_400, DAY_MS - 300_000],
  ['eight seconds', 8, 7_200],
  ['for an unknown time', undefined, 270_000],
  ['for an absurd time', 1e15, 270_000],
  ['for a negative time', -5, 270_000],
  ['a day, as text', '86400', DAY_MS - 300_000],
])(
  'a token that lives %s is used until shortly before it expires, then renewed',
  async (_, expires_in, renewedAfterMs) => {
    const { upstream, api, clock, humanId } = await startClient();
    upstream.answer(CLIENT_TOKEN, (response, request) => {
      const client_token = 'another-token';
      json(200, { client_token, expires_in })(response, request);
    });
    // The recorded upstream would answer 401 to that token.
    upstream.answer(`GET /admin/api/v1/users/${humanId}`, json(200, { humanId, status: 'Invited' }), 2);
    await api.proveCredentials();
    upstream.received.length = 0;
    await api.readStatus(humanId);
    clock.nowMs += renewedAfterMs - 1;
    await api.readStatus(humanId);
    expect(upstream.calls(CLIENT_TOKEN)).toBe(0);
    clock.nowMs += 1;
    await api.readStatus(humanId);
    expect(upstream.calls(CLIENT_TOKEN)).toBe(1);
  },
);

it('after a failed early renewal the old token is used until it expires', async () => {
  const { upstream, api, clock, humanId } = await startClient();
  clock.nowMs += DAY_MS - 1_000;
  upstream.answer(CLIENT_TOKEN, hangUp, 2);
  expect(await api.readStatus(humanId)).toMatchObject({ subjectId: humanId });
  clock.nowMs += 1_000;
  expect(await failureOf(api.readStatus(humanId))).toBeInstanceOf(Unavailable);
  expect(await api.readStatus(humanId)).toMatchObject({ subjectId: humanId });
});

it('an access that is denied at the renewal counts at once, because the person may be gone', async () => {
  const { upstream, api, clock } = await startClient();
  await api.listReports('POL-1');
  clock.nowMs += DAY_MS - 1_000;
  upstream.answer(ACCESS_TOKEN, json(403, envelope('code', 403)));
  expect(await failureOf(api.listReports('POL-1'))).toBeInstanceOf(AccessDenied);
});

it('after a 401 the call is repeated once with a new token, an invitation too', async () => {
  const { upstream, api, humanId } = await startClient();
  upstream.revokeTokens();
  await api.invite({ clientUserId: 'POL-2', clientUserEmail: 'eve@example.org' });
  expect(upstream.calls(CLIENT_TOKEN)).toBe(1);
  expect(new Set(tokensOf(upstream, 'POST')).size).toBe(2);
  await api.readStatus(humanId);
  expect(upstream.calls(CLIENT_TOKEN)).toBe(1);
});

it('a revoked access token is renewed once too', async () => {
  const { upstream, api } = await startClient();
  await api.listReports('POL-1');
  upstream.revokeTokens();
  expect(await api.listReports('POL-1')).toHaveLength(2);
  expect([upstream.calls(ACCESS_TOKEN), upstream.calls(LIST)]).toEqual([2, 3]);
});

it.each([401, 403])('%d with the new token is unavailable, without a third call', async (status) => {
  const { upstream, api, humanId } = await startClient();
  upstream.answer(`GET /admin/api/v1/users/${humanId}`, unauthorised);
  upstream.answer(`GET /admin/api/v1/users/${humanId}`, json(status, envelope('code', status)));
  const error = await failureOf(api.readStatus(humanId));
  expect(error).toMatchObject({ kind: 'unavailable', callMayBeAlive: false, call: { status } });
  expect(upstream.calls(`GET /admin/api/v1/users/${humanId}`)).toBe(2);
});

it('concurrent callers share one new token after a 401', async () => {
  const { upstream, api, humanId } = await startClient();
  upstream.revokeTokens();
  await Promise.all(Array.from({ length: 10 }, () => api.readStatus(humanId)));
  expect(upstream.calls(CLIENT_TOKEN)).toBe(1);
});

it.each([400, 401, 403, 404, 409, 422])(
  'an access token that Human API rejects with %d is a denied access',
  async (status) => {
    const { upstream, api } = await startClient();
    for (const form of ['code', 'statusCode'] as const) {
      upstream.answer(ACCESS_TOKEN, json(status, envelope(form, status)));
      expect(await failureOf(api.listReports('POL-1'))).toBeInstanceOf(AccessDenied);
    }
    expect(upstream.calls(LIST)).toBe(0);
  },
);

const FOREIGN: [string, (status: number) => Answer][] = [
  ['a page', (status) => page(status)],
  ['foreign JSON', (status) => json(status, { message: 'Forbidden' })],
  ["an API manager's JSON", (status) => json(status, { statusCode: status, message: 'Access denied' })],
  ['no body', (status) => text(status, '')],
];

it.each(FOREIGN)('400, 401, 403 or 404 with %s to an access token does not count as denied', async (_, answer) => {
  const { upstream, api } = await startClient();
  for (const status of [400, 401, 403, 404]) {
    upstream.answer(ACCESS_TOKEN, answer(status));
    expect(await failureOf(api.listReports('POL-1'))).toBeInstanceOf(Unavailable);
  }
  expect(await api.listReports('POL-1')).toHaveLength(2);
});

it("20 times a firewall's 403 page to an access token is an outage", async () => {
  const { upstream, api } = await startClient();
  upstream.answer(ACCESS_TOKEN, page(403), 20);
  for (let attempt = 0; attempt < 20; attempt++) {
    expect(isOutage(await failureOf(api.listReports('POL-1')))).toBe(true);
  }
  expect(await api.listReports('POL-1')).toHaveLength(2);
});

it("a gateway's 401 to an invitation drops the token without a repeat, because the person may be created", async () => {
  const { upstream, api } = await startClient();
  const invitation = { clientUserId: 'POL-2', clientUserEmail: 'eve@example.org' };
  upstream.answer('POST /admin/api/v1/users', page(401));
  const error = await failureOf(api.invite(invitation));
  expect(error).toMatchObject({ kind: 'unavailable', isFromUpstream: false });
  expect(upstream.calls('POST /admin/api/v1/users')).toBe(1);
  await api.invite(invitation);
  expect(upstream.calls(CLIENT_TOKEN)).toBe(1);
});

it.each([400, 401, 403])('a client token rejected with %d names the settings to check', async (status) => {
  const { upstream, api } = await startClient();
  upstream.answer(CLIENT_TOKEN, json(status, envelope('statusCode', status)));
  const error = await failureOf(api.proveCredentials());
  expect(error).toBeInstanceOf(Unavailable);
  expect(error.message).toContain('check HUMAN_API_CLIENT_ID and HUMAN_API_CLIENT_SECRET');
});

it('a token that no header can carry is unavailable', async () => {
  const { upstream, api } = await startClient();
  for (const client_token of ['with space', 'line\nbreak', '', 7, null, 'x'.repeat(9_000)]) {
    upstream.answer(CLIENT_TOKEN, json(200, { client_token, expires_in: 60 }));
    expect(await failureOf(api.proveCredentials())).toBeInstanceOf(Unavailable);
  }
});

it('proving the credentials mints a token even if one is cached', async () => {
  const { upstream, api } = await startClient();
  await api.proveCredentials();
  await api.proveCredentials();
  expect(upstream.calls(CLIENT_TOKEN)).toBe(2);
});
