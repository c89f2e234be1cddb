import { DetailsConflict, NotNow, PreconditionFailed, Unavailable } from '../../../src/use-cases/errors';
import type { StartedApplicant } from '../../../src/use-cases/views';
import { applicantView, CLOSED, createFakeFixture, tagged } from './fake-use-cases';
import { wrongUsageError } from './wrong-usage';

const ARGV = ['start', 'POL-1', '--email', 'zephyrina@quorwhistle.example'];
const DETAILS = { clientUserId: 'POL-1', clientUserEmail: 'zephyrina@quorwhistle.example' };
const started: StartedApplicant = { ...tagged(), result: 'started' };

test('starts one applicant with its details and prints the fields of the api, without personal details', async () => {
  const { run, printed, calls, messages } = await createFakeFixture({ start: async () => started });
  const more = ['--first-name', 'Zephyrina', '--no-auto-invite', '--reports', 'unity:pdf'];
  expect(await run(...ARGV, ...more, '--authorization-reference', 'AUTH-7', '--json')).toBe(0);
  expect(calls).toEqual([
    [
      'start',
      {
        details: expect.objectContaining({ ...DETAILS, firstName: 'Zephyrina' }),
        autoInvite: false,
        reports: { unity: ['pdf'] },
        authorizationReference: 'AUTH-7',
        again: false,
        ifMatch: null,
      },
      { who: 'cli:tester' },
    ],
  ]);
  expect(printed()).toEqual([{ ...started.applicant, result: 'started', etag: started.etag }]);
  expect(messages()).not.toMatch(/zephyrina/i);
});

test.each([
  [{ ...started, result: 'running' }, 'was started before and is running, stage invited'],
  [{ ...tagged(CLOSED), result: 'closed' }, 'was started before and has closed: collected'],
  [
    { ...tagged({ ...CLOSED, outcome: null }), result: 'closed' },
    'was started before and has closed without an outcome',
  ],
] as const)('a repeat succeeds: %#', async (answer, text) => {
  const { run, messages } = await createFakeFixture({ start: async () => answer });
  expect(await run(...ARGV)).toBe(0);
  expect(messages()).toContain(text);
});

test.each([
  [new DetailsConflict(['clientUserEmail'], applicantView()), 1, 'started with other details (clientUserEmail)'],
  [new NotNow('open', applicantView()), 1, 'it is open'],
  [new PreconditionFailed(applicantView({ round: 2 })), 1, 'show POL-1 --json` prints its state and its etag'],
  [
    new PreconditionFailed(applicantView({ open: false, stage: 'invited' })),
    1,
    'has changed since it was read: closed without an outcome',
  ],
  [new Unavailable('temporal', 'unknown'), 3, 'unknown whether it was done. Run the same command again'],
] as const)('a refusal or outage has its exit status and prints what to do: case %#', async (error, status, text) => {
  const { run, messages, out } = await createFakeFixture({ start: () => Promise.reject(error) });
  expect(await run(...ARGV)).toBe(status);
  expect(messages()).toContain(text);
  expect(out).toEqual([]);
});

describe('--again', () => {
  const useCases = { show: async () => tagged(CLOSED), start: async () => started };
  const ifMatchOf = (calls: readonly (readonly unknown[])[]) =>
    calls.flatMap(([name, command]) => (name === 'start' ? [(command as { ifMatch: string }).ifMatch] : []));

  test('on a terminal, shows the closed applicant, needs a confirmation, and sends the etag that it has read', async () => {
    const asked: string[] = [];
    const answers = ['no', 'POL-1'];
    const ask = async (question: string) => {
      asked.push(question);
      return answers.shift() ?? '';
    };
    const { run, calls, messages } = await createFakeFixture(useCases, { ask });
    expect(await run(...ARGV, '--again')).toBe(2);
    expect(messages()).toContain('POL-1: round 1, closed: collected\nnothing was started');
    expect(ifMatchOf(calls)).toEqual([]);
    expect(await run(...ARGV, '--again')).toBe(0);
    expect(ifMatchOf(calls)).toEqual(['etag-closed-1']);
    expect(asked).toHaveLength(2);
  });

  test.each([
    [tagged(), 1, 'it is open; wait until it closes, or cancel it'],
    [tagged({ ...CLOSED, degraded: ['temporal-unavailable'] }), 3, 'Temporal did not answer; nothing was done'],
  ] as const)('needs no confirmation if the applicant may be open: case %#', async (seen, status, text) => {
    const ask = () => Promise.reject(new Error('asked'));
    const { run, messages } = await createFakeFixture({ show: async () => seen }, { ask });
    expect(await run(...ARGV, '--again')).toBe(status);
    expect(messages()).toContain(text);
  });

  test('without a terminal, needs --if-match or --yes', async () => {
    const { run, calls, messages } = await createFakeFixture(useCases);
    expect(await run(...ARGV, '--again')).toBe(2);
    expect(messages()).toContain('expected --if-match or --yes');
    expect(calls).toEqual([]);
    expect(await run(...ARGV, '--again', '--if-match', '"seen"')).toBe(0);
    expect(calls.map(([name]) => name)).toEqual(['start']);
    expect(await run(...ARGV, '--again', '--yes')).toBe(0);
    expect(ifMatchOf(calls)).toEqual(['seen', 'etag-closed-1']);
  });
});

test('--wait follows the applicant until it closes', async () => {
  const show = async () => tagged({ ...CLOSED, outcome: 'failed' });
  const { run, printed } = await createFakeFixture({ start: async () => started, show });
  expect(await run(...ARGV, '--wait', '--json')).toBe(1);
  expect(printed()).toMatchObject([{ result: 'started' }, { outcome: 'failed' }]);
});

test('invalid details are wrong usage, reported together and without their values', async () => {
  const { run, messages, calls } = await createFakeFixture({});
  const argv = ['start', 'POL-1', '--email', 'zephyrina at quorwhistle', '--date-of-birth', '9.3.1971'];
  expect(await run(...argv)).toBe(2);
  expect(messages()).toMatch(/--email: expected .*\n--date-of-birth: expected/);
  expect(messages()).not.toMatch(/zephyrina|9\.3\.1971/);
  expect(calls).toEqual([]);
});

test.each([
  ['start --email a@b.example', /expected one clientUserId/],
  ['start POL-1 --client-user-id POL-2 --email a@b.example', /expected one clientUserId/],
  ['start POL-1', /required option '--email <address>'/],
  ['start POL-1 --email a@b.example --if-match x', /expected --again/],
  ['start POL-1 --email a@b.example --again --if-match W/"x"', /--if-match is invalid\. Expected the etag/],
  ['start POL-1 --email a@b.example --again --if-match ', /--if-match is invalid\. Expected the etag/],
  ['start POL-1 --email a@b.example --reports robin', /--reports is invalid/],
])('%s: status 2', (line, expected) => {
  expect(wrongUsageError(line.split(' '))).toMatch(expected);
});
