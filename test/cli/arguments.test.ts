import { readStarterArguments } from '../../src/cli/arguments';

/** Reads arguments that end the process. */
function setup() {
  let output = '';
  const write = (text: string | Uint8Array) => {
    output += String(text);
    return true;
  };
  jest.spyOn(process.stderr, 'write').mockImplementation(write);
  jest.spyOn(process.stdout, 'write').mockImplementation(write);
  jest.spyOn(process, 'exit').mockImplementation((status) => {
    throw new Error(`exit ${status}`);
  });
  const exitOf = (...argv: string[]) => {
    try {
      readStarterArguments(argv);
    } catch (error) {
      return { exit: (error as Error).message, output };
    }
    return { exit: 'none', output };
  };
  return { exitOf };
}
afterEach(() => jest.restoreAllMocks());

const ONE = ['--client-user-id', 'POL-1', '--email', 'max@example.org'];
const PLAIN = {
  ...{ wanted: null, wait: false, json: false, again: false, dryRun: false, autoInvite: true },
  authorizationReference: null,
};

test('reads one applicant from flags', () => {
  const details = ['--first-name', 'Max', '--last-name', 'Muster', '--date-of-birth', '1968-02-13'];
  const sources = ['--suggested-source', 'Clinic', '--suggested-source', 'Pharmacy'];
  expect(readStarterArguments([...ONE, ...details, ...sources])).toEqual({
    ...PLAIN,
    source: {
      single: {
        ...{ clientUserId: 'POL-1', clientUserEmail: 'max@example.org', firstName: 'Max', lastName: 'Muster' },
        ...{ dateOfBirth: '1968-02-13', suggestedSources: ['Clinic', 'Pharmacy'] },
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
    ...{ source: { file: '-' }, wait: true, json: true, again: true, dryRun: true, autoInvite: false },
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
  const { exitOf } = setup();
  const { exit, output } = exitOf(...argv);
  expect(exit).toBe('exit 2');
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
    const { exitOf } = setup();
    const { exit, output } = exitOf(...ONE, `--authorization-reference=${reference}`);
    expect(exit).toBe('exit 2');
    expect(output).toContain('--authorization-reference is invalid. Expected 1 to 100 letters');
    if (reference.length > 2) expect(output).not.toContain(reference.trim());
  },
);

test('prints the help with status 0', () => {
  const { exitOf } = setup();
  const { exit, output } = exitOf('--help');
  expect(exit).toBe('exit 0');
  expect(output).toMatch('Exit status:');
});
