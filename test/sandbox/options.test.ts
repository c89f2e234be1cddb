import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOptions } from '../../sandbox/options';
import { formatPersonas, PERSONAS } from '../../sandbox/personas/catalogue';

/** Reads options; the exit of wrong usage becomes an error with the status and the output. */
function read(...args: string[]) {
  let output = '';
  const exit = jest.spyOn(process, 'exit').mockImplementation((status) => {
    throw new Error(`exit ${status}: ${output}`);
  });
  const write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    output += text;
    return true;
  });
  try {
    return readOptions(['node', 'sandbox', ...args]);
  } finally {
    exit.mockRestore();
    write.mockRestore();
  }
}

describe('the options', () => {
  it.each([
    [['--speed', '0']],
    [['--port', '70000']],
    [['--reset']],
    [['--longest-wait', '5 minutes']],
    [['--signature-headers', 'X-One,X-Two']],
    [['--public-url', 'http://127.0.0.1/path']],
    [['--webhook', 'http://user:canary@127.0.0.1/']],
    [['--webhook', 'http://127.0.0.1/notifications', 'canary']],
  ])('reject %j with status 2 and do not print secrets', (args) => {
    expect(() => read(...args)).toThrow(/^exit 2: error: (?![\s\S]*canary)/);
  });

  it('read a scenario file and explain an invalid one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sandbox-options-'));
    const file = join(folder, 'scenario.json');
    writeFileSync(file, JSON.stringify({ seed: 7 }));
    expect(read('--scenario', file).settings.scenario).toEqual({ seed: 7 });
    writeFileSync(file, JSON.stringify({ speed: 0, faults: [{ on: 'tokens', fault: 'reset' }] }));
    expect(() => read('--scenario', file)).toThrow(
      /^exit 2: error: the scenario .* is invalid:\nspeed: .*\nfaults\[0\]\.on: /,
    );
    rmSync(folder, { recursive: true });
  });

  it('limit a single wait at high speed only', () => {
    expect(read('--speed', '100').settings.storySpeed).toEqual({ speed: 100, longestWaitMs: 20_000 });
    expect(read().settings.storySpeed).toEqual({ speed: 1, longestWaitMs: null });
  });

  it('list the personas, one per line', () => {
    expect(read('--personas').listPersonas).toBe(true);
    const names = formatPersonas()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    expect(names).toEqual(PERSONAS.map(({ name }) => name));
  });
});
