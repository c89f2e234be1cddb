import { TemporalUnreachable } from '../../../src/temporal/connection';
import { NotFound, Unavailable } from '../../../src/use-cases/errors';
import type { UseCases } from '../../../src/use-cases/use-cases';
import { CLOSED, createFakeFixture, tagged } from './fake-use-cases';

test('prints the fields of the api with the etag, or the same as text', async () => {
  const running = { call: 'listReports', attempt: 7, failure: 'Un\u001Bavailable', since: null, nextAttemptAt: null };
  const waiting = { ...running, attempt: 8, failure: null, nextAttemptAt: '2026-12-01T09:00:00.000Z' };
  const seen = tagged({ needs: ['stuck-call'], pendingCalls: [running, waiting], status: 'In\u001B[2Jvited' });
  const { run, printed, out, messages, audited } = await createFakeFixture({ show: async () => seen });
  expect(await run('show', 'POL-1', '--json')).toBe(0);
  expect(printed()).toEqual([{ ...seen.applicant, etag: seen.etag }]);
  expect(await run('show', 'POL-1')).toBe(0);
  expect(out).toEqual(
    expect.arrayContaining([
      'stage\tinvited',
      'needs\tstuck-call',
      'failing call\tlistReports: attempt 7, Un?available, runs now',
      'failing call\tlistReports: attempt 8, unknown, next at 2026-12-01T09:00:00Z',
      'actions\tcancel, check, finish, extend, retry',
    ]),
  );
  // Upstream's text cannot control the terminal.
  expect(out).toContain('status\tIn?[2Jvited');
  expect(messages()).toBe('');
  expect(audited).toEqual([]);
});

test.each([
  ['no-worker', 0, 'no worker answered, so values are missing or old'],
  ['temporal-unavailable', 3, 'Temporal did not answer, so values are missing or old'],
] as const)('a view that is %s has a warning and status %i', async (degradation, status, text) => {
  const { run, messages } = await createFakeFixture({ show: async () => tagged({ degraded: [degradation] }) });
  expect(await run('show', 'POL-1')).toBe(status);
  expect(messages()).toContain(text);
});

test.each([
  [new NotFound('no applicant'), 1, 'check the id'],
  [new Unavailable('store', 'nothing'), 3, 'the report store did not answer'],
] as const)('a missing applicant is status 1, an outage status 3: case %#', async (error, status, text) => {
  const { run, messages } = await createFakeFixture({ show: () => Promise.reject(error) });
  expect(await run('show', 'POL-1')).toBe(status);
  expect(messages()).toContain(text);
});

test('if Temporal does not answer, prints the last state that the report store has', async () => {
  const settings = { namespace: 'default', connection: { address: '127.0.0.1:9' } };
  const seen = tagged({ ...CLOSED, source: 'manifest', degraded: ['temporal-unavailable'] });
  const { run, printed, messages } = await createFakeFixture(
    {},
    {
      useCases: () => Promise.reject(new TemporalUnreachable(settings, 3_000, null)),
      offlineUseCases: () => ({ show: async () => seen }) as unknown as UseCases,
    },
  );
  expect(await run('show', 'POL-1', '--json')).toBe(3);
  expect(printed()).toEqual([{ ...seen.applicant, etag: seen.etag }]);
  expect(messages()).toContain('no Temporal server answered at 127.0.0.1:9');
});
