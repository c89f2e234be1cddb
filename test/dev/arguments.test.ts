import { readStartArguments } from '../../src/dev/arguments';

function read(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  let output = '';
  const write = (text: string | Uint8Array) => {
    output += text;
    return true;
  };
  const mocks = [
    jest.spyOn(process.stderr, 'write').mockImplementation(write),
    jest.spyOn(process.stdout, 'write').mockImplementation(write),
    jest.spyOn(process, 'exit').mockImplementation((status) => {
      throw new Error(`exit ${status}`);
    }),
  ];
  try {
    return { read: readStartArguments(argv, env), output, ended: null };
  } catch (error) {
    return { read: null, output, ended: (error as Error).message };
  } finally {
    for (const mock of mocks) mock.mockRestore();
  }
}

test('without options, npm start runs until Ctrl-C with the usual samples', () => {
  expect(read([]).read).toEqual({ once: false, verbose: false, fresh: false, yes: false, personas: 'usual' });
});

test('personas are named, each once, or all of them', () => {
  expect(read(['--personas', 'eager, never-existed,eager']).read?.personas).toEqual(['eager', 'never-existed']);
  expect(read(['--all', '--once']).read).toMatchObject({ personas: 'all', once: true });
});

test.each<[string, string[], string]>([
  ['a mistyped option', ['--onse'], 'Did you mean --once?'],
  ['an argument', ['eager'], 'too many arguments'],
  ['both selections of personas', ['--all', '--personas', 'eager'], 'not both'],
  ['--yes alone', ['--yes'], 'expected --fresh'],
  ['invalid names', ['--personas', 'A;B'], 'Expected names of personas'],
])('%s is wrong usage and prints the correct usage', (_, argv, output) => {
  expect(read(argv)).toMatchObject({ ended: 'exit 2', output: expect.stringContaining(output) });
});

test('--help exits with 0 and names every option', () => {
  const { ended, output } = read(['--help']);
  expect(ended).toBe('exit 0');
  for (const option of ['--once', '--verbose', '--personas', '--all', '--fresh', '--yes'])
    expect(output).toContain(option);
});

test('an option before -- is wrong usage, because npm keeps it', () => {
  const result = read([], { npm_config_once: 'true' });
  expect(result).toMatchObject({ ended: 'exit 2', output: expect.stringContaining('npm start -- --once') });
});
