import { readArguments } from '../../src/dev/arguments';

function read(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  let said = '';
  const write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
  const out = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
  const exit = jest.spyOn(process, 'exit').mockImplementation((status) => {
    throw new Error(`exit ${status}`);
  });
  try {
    return { read: readArguments(argv, env), said, ended: null };
  } catch (error) {
    return { read: null, said, ended: (error as Error).message };
  } finally {
    for (const mock of [write, out, exit]) mock.mockRestore();
  }
}

test('nothing said means: run until Ctrl-C, with the usual samples', () => {
  expect(read([]).read).toEqual({ once: false, verbose: false, fresh: false, yes: false, cast: 'usual' });
});

test('personas are named once each, or all are asked for', () => {
  expect(read(['--personas', 'eager, never-existed,eager']).read?.cast).toEqual(['eager', 'never-existed']);
  expect(read(['--personas=eager']).read?.cast).toEqual(['eager']);
  expect(read(['--all', '--once']).read).toMatchObject({ cast: 'all', once: true });
});

test.each<[string, string[], string]>([
  ['a mistyped option', ['--onse'], 'the nearest is --once'],
  ['an option that is like none', ['--watch'], 'the nearest is --'],
  ['a word', ['eager'], 'too many arguments'],
  ['both choices of personas', ['--all', '--personas', 'eager'], 'not both'],
  ['an answer without its question', ['--yes'], '--fresh was not given'],
  ['what cannot be names', ['--personas', 'A;B'], 'Expected names of personas'],
])('%s is wrong usage, with what is right', (_, argv, said) => {
  expect(read(argv)).toMatchObject({ ended: 'exit 2', said: expect.stringContaining(said) });
});

test('help is no fault, and names every option', () => {
  const { ended, said } = read(['--help']);
  expect(ended).toBe('exit 0');
  for (const option of ['--once', '--verbose', '--personas', '--all', '--fresh', '--yes'])
    expect(said).toContain(option);
});

test('an option that npm kept for itself is not lost without a word', () => {
  expect(read([], { npm_config_once: 'true' })).toMatchObject({
    ended: 'exit 2',
    said: expect.stringContaining('npm start -- --once'),
  });
});
