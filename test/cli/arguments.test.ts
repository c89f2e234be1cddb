import { readStarterArguments } from '../../src/cli/arguments';
import { captureExit } from '../support/captured-exit';
import { PLAIN_ARGUMENTS } from '../support/fake-applicants';

const exitOf = (...argv: string[]) => captureExit(() => readStarterArguments(argv));
const ONE = ['--client-user-id', 'POL-1', '--email', 'max@example.org'];
const PLAIN = { ...PLAIN_ARGUMENTS, json: false };

test('reads one applicant from flags', () => {
  const details = ['--first-name', 'Max', '--last-name', 'Muster', '--date-of-birth', '1968-02-13'];
  const sources = ['--suggested-source', 'Clinic', '--suggested-source', 'Pharmacy'];
  expect(readStarterArguments([...ONE, ...details, ...sources])).toEqual({
    ...PLAIN,
    source: {
      single: {
        clientUserId: 'POL-1',
        clientUserEmail: 'max@example.org',
        firstName: 'Max',
        lastName: 'Muster',
        dateOfBirth: '1968-02-13',
        suggestedSources: ['Clinic', 'Pharmacy'],
      },
    },
  });
});

test('does not keep repeated flags for the next call', () => {
  readStarterArguments([...ONE, '--suggested-source', 'Clinic']);
  expect(readStarterArguments(ONE)).toMatchObject({ source: { single: { suggestedSources: [] } } });
});

test('reads a file or standard input, with switches', () => {
  const switches = [
    '--wait',
    '--json',
    '--again',
    '--dry-run',
    '--no-auto-invite',
    '--reports',
    'unity:json;ccdraw:pdf',
  ];
  expect(readStarterArguments(['--file', '-', ...switches])).toEqual({
    source: { file: '-' },
    wait: true,
    json: true,
    again: true,
    dryRun: true,
    autoInvite: false,
    wanted: { unity: ['json'], ccdraw: ['pdf'] },
    authorizationReference: null,
  });
});

test.each([
  ['nothing', [], 'expected --client-user-id and --email, or --file'],
  ['an applicant without an e-mail', ['--client-user-id', 'POL-1'], 'expected --client-user-id and --email'],
  ['a file and an applicant', ['--file', 'a.csv', ...ONE], 'not both'],
  ['a file and a source', ['--file', 'a.csv', '--suggested-source', 'Clinic'], 'not both'],
  ['an unknown flag', [...ONE, '--emial', 'x'], 'unknown option\n(Did you mean --email?)'],
  ['a flag without its value', ['--file'], 'argument missing'],
  ['an extra argument', [...ONE, 'more'], 'too many arguments'],
  [
    'unsupported reports',
    [...ONE, '--reports', 'ccdraw:json'],
    '--reports is invalid. Expected one or more of html, pdf',
  ],
])('%s is wrong usage: status 2', (_, argv, reason) => {
  const { status, output } = exitOf(...argv);
  expect(status).toBe(2);
  expect(output).toContain(reason);
});

test('accepts an authorization reference for one applicant and for a file', () => {
  const reference = ['--authorization-reference', 'AUTH-2026/17:a'];
  expect(readStarterArguments([...ONE, ...reference])).toMatchObject({ authorizationReference: 'AUTH-2026/17:a' });
  expect(readStarterArguments(['--file', '-', ...reference])).toMatchObject({
    authorizationReference: 'AUTH-2026/17:a',
  });
});

test.each(['Max Muster', 'max@example.org', '../x y', '-7', '', 'é', 'x'.repeat(101), 'AUTH-1\n'])(
  'rejects the reference %j with status 2, without quoting it',
  (reference) => {
    const { status, output } = exitOf(...ONE, `--authorization-reference=${reference}`);
    expect(status).toBe(2);
    expect(output).toContain('--authorization-reference is invalid. Expected 1 to 100 letters');
    if (reference.length > 2) expect(output).not.toContain(reference.trim());
  },
);

test('prints the help with status 0', () => {
  const { status, output } = exitOf('--help');
  expect(status).toBe(0);
  expect(output).toMatch('Exit status:');
});
