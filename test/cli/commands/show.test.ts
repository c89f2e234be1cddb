import { NotFound, Unavailable } from '../../../src/use-cases/errors';
import { createFakeFixture, tagged } from './fake-use-cases';

test('prints the fields of the api with the etag, or the same as text', async () => {
  const failing = { call: 'listReports', attempt: 7, failure: 'Unavailable', since: null, nextAttemptAt: null };
  const seen = tagged({ needs: ['stuck-call'], pendingCalls: [failing], status: 'In\u001B[2Jvited' });
  const { run, printed, out, messages, audited } = await createFakeFixture({ show: async () => seen });
  expect(await run('show', 'POL-1', '--json')).toBe(0);
  expect(printed()).toEqual([{ ...seen.applicant, etag: seen.etag }]);
  expect(await run('show', 'POL-1')).toBe(0);
  expect(out).toEqual(
    expect.arrayContaining(['stage\tinvited', 'needs\tstuck-call', expect.stringContaining('listReports: attempt 7')]),
  );
  // Upstream's text cannot control the terminal.
  expect(out).toContain('status\tIn?[2Jvited');
  expect(messages()).toBe('');
  expect(audited).toEqual([]);
});

test('without a worker, says that fields are unknown', async () => {
  const { run, messages } = await createFakeFixture({ show: async () => tagged({ degraded: ['no-worker'] }) });
  expect(await run('show', 'POL-1')).toBe(0);
  expect(messages()).toContain('no worker answered');
});

test.each([
  [new NotFound('no applicant'), 1, 'check the id'],
  [new Unavailable('store', 'nothing'), 3, 'the report store did not answer'],
] as const)('a missing applicant is status 1, an outage status 3: case %#', async (error, status, text) => {
  const { run, messages } = await createFakeFixture({ show: () => Promise.reject(error) });
  expect(await run('show', 'POL-1')).toBe(status);
  expect(messages()).toContain(text);
});
