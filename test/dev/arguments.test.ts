import { readStartArguments } from '../../src/dev/arguments';
import { captureExit } from '../support/captured-exit';

const read = (argv: readonly string[], env: NodeJS.ProcessEnv = {}) => captureExit(() => readStartArguments(argv, env));

test('without options, npm start runs until Ctrl-C with the usual samples', () => {
  expect(read([]).result).toEqual({ once: false, verbose: false, fresh: false, yes: false, personas: 'usual' });
});

test('personas are named, each once, or all of them', () => {
  expect(read(['--personas', 'eager, never-existed,eager']).result?.personas).toEqual(['eager', 'never-existed']);
  expect(read(['--all', '--once']).result).toMatchObject({ personas: 'all', once: true });
});

test.each<[string, string[], string]>([
  ['a mistyped option', ['--onse'], 'Did you mean --once?'],
  ['an argument', ['eager'], 'too many arguments'],
  ['both selections of personas', ['--all', '--personas', 'eager'], 'not both'],
  ['--yes alone', ['--yes'], 'expected --fresh'],
  ['invalid names', ['--personas', 'A;B'], 'Expected names of personas'],
])('%s is wrong usage and prints the correct usage', (_, argv, output) => {
  expect(read(argv)).toMatchObject({ status: 2, output: expect.stringContaining(output) });
});

test('--help exits with 0 and names every option', () => {
  const { status, output } = read(['--help']);
  expect(status).toBe(0);
  for (const option of ['--once', '--verbose', '--personas', '--all', '--fresh', '--yes'])
    expect(output).toContain(option);
});

test('an option before -- is wrong usage, because npm keeps it', () => {
  const result = read([], { npm_config_once: 'true' });
  expect(result).toMatchObject({ status: 2, output: expect.stringContaining('npm start -- --once') });
});
