import { DAY_MS } from '../../../src/domain/policy';
import { AuditUnavailable } from '../../../src/observability/audit';
import { InvalidInput, NotNow, Unavailable } from '../../../src/use-cases/errors';
import type { SteeredApplicant } from '../../../src/use-cases/views';
import { applicantView, CLOSED, createFakeFixture, tagged } from './fake-use-cases';
import { wrongUsageError } from './wrong-usage';

const accepted: SteeredApplicant = { ...tagged(), done: 'accepted' };
/** An error of gRPC, with its status UNAUTHENTICATED. */
const REJECTED = Object.assign(new Error('rejected'), { code: 16, details: '', metadata: {} });
const WHO = { who: 'cli:tester' };

test.each([
  [['check', 'POL-1'], 'checkNow', [], 'check requested'],
  [['finish', 'POL-1'], 'finishNow', [{ reasonCode: 'other' }], 'finish requested'],
  [
    ['finish', 'POL-1', '--reason', 'decision-made'],
    'finishNow',
    [{ reasonCode: 'decision-made' }],
    'finish requested',
  ],
  [['retry', 'POL-1'], 'retry', [], 'the failing call runs now'],
  [
    ['extend', 'POL-1', '--until', '2027-01-24T12:00:00Z'],
    'setDeadline',
    [{ atMs: Date.parse('2027-01-24T12:00:00Z') }],
    'the deadline is 2026-12-31T08:00:00Z',
  ],
] as const)('%j calls %s and prints what follows', async (argv, name, request, text) => {
  const { run, calls, printed, messages } = await createFakeFixture({ [name]: async () => accepted });
  expect(await run(...argv)).toBe(0);
  expect(calls).toEqual([[name, 'POL-1', ...request, WHO]]);
  expect(messages()).toContain(`POL-1: ${text}`);
  expect(await run(...argv, '--json')).toBe(0);
  expect(printed()).toEqual([{ ...accepted.applicant, result: 'accepted', etag: accepted.etag }]);
});

test('extend also takes a duration from now', async () => {
  const { run, calls } = await createFakeFixture({ setDeadline: async () => accepted });
  const beforeMs = Date.now();
  expect(await run('extend', 'POL-1', '--until', '14d')).toBe(0);
  const atMs = (calls[0]?.[2] as { atMs: number } | undefined)?.atMs ?? 0;
  expect(atMs - 14 * DAY_MS).toBeGreaterThanOrEqual(beforeMs);
  expect(atMs - 14 * DAY_MS).toBeLessThanOrEqual(Date.now());
});

test.each([
  [
    new NotNow('closed', applicantView(CLOSED)),
    1,
    '(collected); `npm run chartway -- start POL-1 --email <address> --again` begins',
  ],
  [new NotNow('in-the-past', applicantView()), 1, '--until: expected a time in the future'],
  [new NotNow('no-call-waits', applicantView()), 1, 'no failing call waits'],
  [
    new InvalidInput('body', [{ pointer: '/at', code: 'past', expected: 'a time in the future' }]),
    2,
    '--until: expected a time',
  ],
  [new Unavailable('worker', 'unknown'), 3, 'no worker answered'],
  [new Unavailable('temporal', 'nothing', REJECTED), 1, 'Temporal rejected the API key'],
  [new AuditUnavailable('full'), 3, 'the audit log cannot be written, so nothing more was done'],
] as const)('a refusal or outage has its exit status and prints what to do: case %#', async (error, status, text) => {
  const { run, messages, out } = await createFakeFixture({ setDeadline: () => Promise.reject(error) });
  expect(await run('extend', 'POL-1', '--until', '2d', '--json')).toBe(status);
  expect(messages()).toContain(text);
  expect(out).toEqual([]);
});

test.each([
  ['extend POL-1', /required option '--until <time>'/],
  ['extend POL-1 --until robin', /Expected a date/],
  ['extend POL-1 --until 0d', /Expected a date/],
  ['finish POL-1 --reason robin', /decision-made/],
])('%s: status 2', (line, expected) => {
  const error = wrongUsageError(line.split(' '));
  expect(error).toMatch(expected);
  expect(error).not.toContain('robin');
});
