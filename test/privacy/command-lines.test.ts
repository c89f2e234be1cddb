import { readStarterArguments } from '../../src/cli/arguments';
import { readCommandLine } from '../../src/cli/commands/command-line';
import { captureExit } from '../support/captured-exit';
import { fc } from '../support/property';

/** Personal data that a user may type in a wrong place. */
const CANARIES = ['zephyrina@quorwhistle.example', 'Zephyrina Ostrowhisk', '1971-03-09', 'Marzipan Infirmary'];
const RUNS = 400;

const CANARY = fc.constantFrom(...CANARIES);
const ANYTHING = fc.oneof(
  CANARY,
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', '-', '--', '-9', '\0'),
);
const STARTERS = fc.constantFrom(
  ...['--client-user-id', '--email', '--first-name', '--last-name', '--date-of-birth', '--suggested-source', '--file'],
  ...['--reports', '--authorization-reference', '--wait', '--json', '--again', '--dry-run', '--emial', '-x'],
);
const OPERATORS = fc.constantFrom(
  ...[
    ...['quarantine', 'list', 'show', 'replay', 'drop', 'sweep', 'withdraw', 'erase', 'hold', 'release'],
    ...['holds', 'audit', 'export', 'start', 'list', 'show', 'watch', 'timeline', 'documents', 'save', 'zip', 'cancel'],
    ...['check', 'finish', 'extend', 'retry', 'summary', 'attention', 'doctor'],
  ],
  ...['--client-user-id', '--email', '--first-name', '--date-of-birth', '--suggested-source', '--reports', '--again'],
  ...['--if-match', '--prefix', '--human-id', '--stage', '--need', '--opened-after', '--limit', '--cursor'],
  ...['--reason', '--note-file', '--until', '--to'],
  ...['verify', 'document', 'help', '--json', '--all', '--why', '--yes', '--reason-code', '--out', '--heads', '--hlep'],
);
const argvOf = (words: fc.Arbitrary<string>) =>
  fc.array(
    fc.oneof(
      words,
      ANYTHING,
      fc.tuple(words, ANYTHING).map(([word, value]) => `${word}=${value}`),
      CANARY.map((canary) => `--${canary}`),
      CANARY.map((canary) => `-${canary}`),
    ),
    { maxLength: 8 },
  );

test.each([
  ['the starter', readStarterArguments, STARTERS],
  ["the operator's command", (argv: readonly string[]) => readCommandLine(argv), OPERATORS],
])('%s reads any command line or ends with status 2, and prints no personal data', (_, read, words) => {
  fc.assert(
    fc.property(argvOf(words), (argv) => {
      const { status, output } = captureExit(() => read(argv));
      expect([null, 0, 2]).toContain(status);
      expect(CANARIES.filter((canary) => output.includes(canary))).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

test.each([
  [['--client-user-id', 'POL-1', '--zephyrina@quorwhistle.example'], 'error: unknown option'],
  [['--client-user-id', 'POL-1', '--emial=zephyrina@quorwhistle.example'], 'error: unknown option'],
  [['--reports', 'zephyrina@quorwhistle.example'], 'error: --reports is invalid. Expected'],
  [['Zephyrina Ostrowhisk'], 'error: too many arguments'],
])('%j prints a message without the argument', (argv, words) => {
  const { status, output } = captureExit(() => readStarterArguments(argv));
  expect(status).toBe(2);
  expect(output).toContain(words);
});

test.each([
  [['start', 'POL-1', '--email', 'a@b.example', '--frist-name=Zephyrina'], 'error: unknown option'],
  [['start', 'Zephyrina Ostrowhisk', '--email', 'zephyrina@quorwhistle.example'], 'error: expected 1 to 100 letters'],
  [
    ['start', 'POL-1', '--email', 'a@b.example', '--authorization-reference', 'Zephyrina!'],
    '--authorization-reference is',
  ],
  [['list', '--prefix', 'zephyrina@quorwhistle.example'], 'error: --prefix is invalid. Expected'],
  [['list', '--stage', 'Zephyrina'], 'error: --stage is invalid'],
  [['extend', 'POL-1', '--until', '1971-03-99'], 'error: --until is invalid. Expected'],
  [['cancel', 'POL-1', '--note', 'Zephyrina called'], 'error: unknown option'],
])('chartway %j prints a message without the argument', (argv, words) => {
  const { status, output } = captureExit(() => readCommandLine(argv));
  expect(status).toBe(2);
  expect(output).toContain(words);
  expect(output).not.toMatch(/zephyrina|1971-\d\d-\d\d/i);
});

test('an unknown operator command is not repeated in the message, which names the nearest command', () => {
  expect(captureExit(() => readCommandLine(['Zephyrina Ostrowhisk']))).toMatchObject({ status: 2 });
  expect(captureExit(() => readCommandLine(['eraze', 'POL-1'])).output).toMatch(
    /^error: unknown command\n\(Did you mean erase\?\)/,
  );
});
