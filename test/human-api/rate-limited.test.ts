import { RateLimited } from '../../src/upstream/errors';
import { envelope } from './dialects';
import { page } from './faults';
import { everyCall, failureOf, startClient } from './fixture';
import { json } from './recorded-upstream';

const HOUR_MS = 3_600_000;

const limited = (status: number, retryAfter?: string) =>
  json(status, envelope('code', status), retryAfter === undefined ? {} : { 'retry-after': retryAfter });

it('429 means rate limited for every call, whatever its body', async () => {
  const { upstream, api, humanId } = await startClient();
  for (const [call, make] of Object.entries(everyCall(api, humanId))) {
    upstream.answer(call, limited(429));
    upstream.answer(call, page(429));
    for (const _ of ['envelope', 'page']) {
      expect([call, await failureOf(make())]).toEqual([call, expect.any(RateLimited)]);
    }
  }
});

it.each([
  ['429 with seconds', 429, '120', 120_000],
  ['429 with an HTTP date', 429, 'Fri, 01 Mar 2030 09:02:00 GMT', 120_000],
  ['429 without the header', 429, undefined, null],
  ['429 with an unreadable one', 429, 'soon', null],
  ['429 with a past date', 429, 'Fri, 01 Mar 2030 08:59:00 GMT', null],
  ['429 with a year', 429, '31536000', HOUR_MS],
  ['503 with seconds', 503, '2', 2_000],
])('%s sets the delay', async (_, status, retryAfter, expectedMs) => {
  const { upstream, api } = await startClient();
  upstream.answer('GET /admin/api/v1/users', limited(status, retryAfter));
  const error = await failureOf(api.findPeople({ clientUserId: 'POL-1' }));
  expect(error).toMatchObject({ kind: 'rate-limited', retryAfterMs: expectedMs, call: { status } });
});

it('a path is not called again before its Retry-After has passed, and then it is', async () => {
  const { upstream, api, clock, humanId } = await startClient();
  upstream.answer(`GET /admin/api/v1/users/${humanId}`, limited(429, '30'));
  await failureOf(api.readStatus(humanId));
  clock.nowMs += 29_000;
  const postponed = await failureOf(api.readStatus(humanId));
  expect(postponed).toMatchObject({ kind: 'rate-limited', retryAfterMs: 1_000, call: { status: null } });
  expect(upstream.calls(`GET /admin/api/v1/users/${humanId}`)).toBe(1);
  clock.nowMs += 1_000;
  expect(await api.readStatus(humanId)).toMatchObject({ subjectId: humanId });
});

it('a Retry-After holds only its own method and path', async () => {
  const { upstream, api, humanId } = await startClient();
  upstream.answer(`GET /admin/api/v1/users/${humanId}`, limited(429, '30'));
  await failureOf(api.readStatus(humanId));
  expect(await api.findPeople({ subjectId: humanId })).toHaveLength(1);
  expect(await api.withdraw(humanId)).toBe('deleted');
});

it('a Retry-After for a token holds the calls that need it', async () => {
  const { upstream, api } = await startClient();
  upstream.answer('POST /auth/v1/connect/token', limited(429, '30'));
  await failureOf(api.listReports('POL-1'));
  expect(await failureOf(api.listReports('POL-1'))).toMatchObject({ retryAfterMs: 30_000 });
  expect(upstream.calls('POST /auth/v1/connect/token')).toBe(1);
  expect(upstream.calls('GET /data/v1/human/medical/reports')).toBe(0);
});
