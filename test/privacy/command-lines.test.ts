import { readArguments } from '../../src/cli/arguments';
import { readCommandLine } from '../../src/cli/commands/command-line';
import { fc } from '../support/property';

/** What somebody may have typed where it does not belong. */
const CANARIES = ['zephyrina@quorwhistle.example', 'Zephyrina Ostrowhisk', '1971-03-09', 'Marzipan Infirmary'];
const RUNS = 400;

/** How a command line ends, and what was said about it. */
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
  return (read: (argv: readonly string[]) => unknown, argv: readonly string[]) => {
    said = '';
    let ended = 'read';
    try {
      read(argv);
    } catch (error) {
      ended = (error as Error).message;
    }
    return { ended, said };
  };
}
afterEach(() => jest.restoreAllMocks());

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
    'quarantine',
    'list',
    'show',
    'replay',
    'drop',
    'sweep',
    'withdraw',
    'erase',
    'hold',
    'release',
    'holds',
    'audit',
  ],
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
  ['the starter', readArguments, STARTERS],
  ["the operator's command", (argv: readonly string[]) => readCommandLine(argv), OPERATORS],
])('%s reads any command line, or refuses it with status 2, and repeats nothing of a person', (_, read, words) => {
  const outcomeOf = setup();
  fc.assert(
    fc.property(argvOf(words), (argv) => {
      const { ended, said } = outcomeOf(read, argv);
      expect(['read', 'exit 0', 'exit 2']).toContain(ended);
      expect(CANARIES.filter((canary) => said.includes(canary))).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

test.each([
  [['--client-user-id', 'POL-1', '--zephyrina@quorwhistle.example'], 'error: unknown option'],
  [['--client-user-id', 'POL-1', '--emial=zephyrina@quorwhistle.example'], 'error: unknown option'],
  [['--reports', 'zephyrina@quorwhistle.example'], 'error: --reports is not right. Expected'],
  [['Zephyrina Ostrowhisk'], 'error: too many arguments'],
])('%j is refused in words of ours', (argv, words) => {
  const { ended, said } = setup()(readArguments, argv);
  expect(ended).toBe('exit 2');
  expect(said).toContain(words);
});

test('an unknown command of the operator is refused without being repeated, with the nearest of ours', () => {
  const outcomeOf = setup();
  expect(outcomeOf(readCommandLine, ['Zephyrina Ostrowhisk'])).toMatchObject({ ended: 'exit 2' });
  expect(outcomeOf(readCommandLine, ['eraze', 'POL-1']).said).toMatch(
    /^error: unknown command\n\(Did you mean erase\?\)/,
  );
});
