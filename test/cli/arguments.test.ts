import { readArguments } from '../../src/cli/arguments';

/** What the arguments are read as, or the exit status and what was said. */
function setup() {
  let said = '';
  const say = (text: string | Uint8Array) => {
    said += String(text);
    return true;
  };
  jest.spyOn(process.stderr, 'write').mockImplementation(say);
  jest.spyOn(process.stdout, 'write').mockImplementation(say);
  jest.spyOn(process, 'exit').mockImplementation((status) => {
    throw new Error(`exit ${status}`);
  });
  const exitOf = (...argv: string[]) => {
    try {
      readArguments(argv);
    } catch (error) {
      return { exit: (error as Error).message, said };
    }
    return { exit: 'none', said };
  };
  return { exitOf };
}
afterEach(() => jest.restoreAllMocks());

const ONE = ['--client-user-id', 'POL-1', '--email', 'max@example.org'];
const PLAIN = {
  ...{ wanted: null, wait: false, json: false, again: false, dryRun: false, autoInvite: true },
  authorizationReference: null,
};

test('one applicant by flags', () => {
  const details = ['--first-name', 'Max', '--last-name', 'Muster', '--date-of-birth', '1968-02-13'];
  const sources = ['--suggested-source', 'Clinic', '--suggested-source', 'Pharmacy'];
  expect(readArguments([...ONE, ...details, ...sources])).toEqual({
    ...PLAIN,
    source: {
      single: {
        ...{ clientUserId: 'POL-1', clientUserEmail: 'max@example.org', firstName: 'Max', lastName: 'Muster' },
        ...{ dateOfBirth: '1968-02-13', suggestedSources: ['Clinic', 'Pharmacy'] },
      },
    },
  });
});

test('what is repeated in one call is not kept for the next', () => {
  readArguments([...ONE, '--suggested-source', 'Clinic']);
  expect(readArguments(ONE)).toMatchObject({ source: { single: { suggestedSources: [] } } });
});

test('a file, or standard input, with switches', () => {
  const switches = [
    '--wait',
    '--json',
    '--again',
    '--dry-run',
    '--no-auto-invite',
    '--reports',
    'unity:json;ccdraw:pdf',
  ];
  expect(readArguments(['--file', '-', ...switches])).toEqual({
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
  ['a word too many', [...ONE, 'more'], 'too many arguments'],
  [
    'reports that cannot be',
    [...ONE, '--reports', 'ccdraw:json'],
    '--reports is not right. Expected one or more of html, pdf',
  ],
])('%s is wrong usage: status 2', (_, argv, reason) => {
  const { exitOf } = setup();
  const { exit, said } = exitOf(...argv);
  expect(exit).toBe('exit 2');
  expect(said).toContain(reason);
});

test('a reference of the authorization holds for one, or for a whole file', () => {
  const reference = ['--authorization-reference', 'AUTH-2026/17:a'];
  expect(readArguments([...ONE, ...reference])).toMatchObject({ authorizationReference: 'AUTH-2026/17:a' });
  expect(readArguments(['--file', '-', ...reference])).toMatchObject({ authorizationReference: 'AUTH-2026/17:a' });
});

test.each(['Max Muster', 'max@example.org', '../x y', '-7', '', 'é', 'x'.repeat(101), 'AUTH-1\n'])(
  'the reference %j is none: status 2, and it is not repeated',
  (reference) => {
    const { exitOf } = setup();
    const { exit, said } = exitOf(...ONE, `--authorization-reference=${reference}`);
    expect(exit).toBe('exit 2');
    expect(said).toContain('--authorization-reference is not right. Expected 1 to 100 letters');
    if (reference.length > 2) expect(said).not.toContain(reference.trim());
  },
);

test('help is no fault', () => {
  const { exitOf } = setup();
  const { exit, said } = exitOf('--help');
  expect(exit).toBe('exit 0');
  expect(said).toMatch('Exit status:');
});
