import { writeFileSync } from 'node:fs';
import { readOptions } from '../../sandbox/options';
import { formatPersonas, PERSONAS } from '../../sandbox/personas/catalogue';
import { parseScenario, readScenario } from '../../sandbox/scenario/parse';
import { captureExit } from '../support/captured-exit';
import { useFolders } from '../support/folders';

const newFolder = useFolders();
const read = (...args: string[]) => captureExit(() => readOptions(['node', 'sandbox', ...args]));
const settingsOf = (...args: string[]) => read(...args).result?.settings;

describe('the options', () => {
  it.each([
    [['--speed', '0']],
    [['--port', '70000']],
    [['--reset']],
    [['--longest-wait', '5 minutes']],
    [['--answer-timeout', '3']],
    [['--signature-headers', 'X-One,X-Two']],
    [['--public-url', 'http://127.0.0.1/path']],
    [['--webhook', 'http://user:canary@127.0.0.1/']],
    [['--webhook', 'http://127.0.0.1/notifications', 'canary']],
  ])('reject %j with status 2 and do not print secrets', (args) => {
    expect(read(...args)).toMatchObject({ status: 2, output: expect.stringMatching(/^error: (?![\s\S]*canary)/) });
  });

  it('read a scenario file and explain an invalid one', async () => {
    const file = await newFolder('scenario.json');
    writeFileSync(file, JSON.stringify({ seed: 7 }));
    expect(settingsOf('--scenario', file)?.scenario).toEqual({ seed: 7 });
    writeFileSync(file, JSON.stringify({ speed: 0, faults: [{ on: 'tokens', fault: 'reset' }] }));
    const message = /^error: the scenario .* is invalid:\nspeed: .*\nfaults\[0\]\.on: /;
    expect(read('--scenario', file)).toMatchObject({ status: 2, output: expect.stringMatching(message) });
  });

  it('limit a single wait at high speed only', () => {
    expect(settingsOf('--speed', '100')?.storySpeed).toEqual({ speed: 100, longestWaitMs: 20_000 });
    expect(settingsOf()?.storySpeed).toEqual({ speed: 1, longestWaitMs: null });
  });

  it('set how long a notification waits for its answer', () => {
    expect(settingsOf('--answer-timeout', '30s')?.webhook).toMatchObject({ answerTimeoutMs: 30_000 });
    expect(settingsOf()?.webhook).not.toHaveProperty('answerTimeoutMs');
  });

  it('list the personas, one per line', () => {
    expect(read('--personas').result?.listPersonas).toBe(true);
    const names = formatPersonas()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    expect(names).toEqual(PERSONAS.map(({ name }) => name));
  });
});

describe('an invalid scenario', () => {
  const rule = (details: object) => ({ faults: [{ on: 'any', fault: 'reset', ...details }] });

  it.each([
    [rule({ fault: 'explode' }), ['faults[0].fault: expected one of commit-then-drop, status, ']],
    [rule({ on: 'nap' }), ['faults[0].on: expected any, one of token, access-token, create, ']],
    [rule({ fault: 'stall', for: '5 s' }), ['faults[0].for: expected a duration above zero, such as 250ms']],
    [rule({ rate: 1.5 }), ['faults[0].rate: too big: expected number to be <=1, got 1.5']],
    [rule({ rate: 1, calls: [1] }), ['faults[0].rate: expected either calls or rate, ']],
    [rule({ retryAfter: '1s' }), ['faults[0].retryAfter: unknown key']],
    [{ notices: [{ fault: 'lose' }] }, ['notices[0].fault: expected one of drop, delay, ']],
    [
      { personas: [{ clientUserId: 'A', persona: 'eagre' }] },
      ['personas[0].persona: invalid option: expected one of "eager"'],
    ],
    [{ speed: 'fast', colour: 1 }, ['speed: ', 'colour: unknown key']],
    [[], ['invalid input: expected object, received array']],
  ])('%j is explained key by key', (document, expected) => {
    let message = '';
    try {
      parseScenario(document);
    } catch (error) {
      ({ message } = error as Error);
    }
    expect(message.split('\n')).toEqual(expected.map((text) => expect.stringContaining(text)));
  });

  it('is a file that is missing or no JSON', async () => {
    const file = await newFolder('scenario.json');
    expect(() => readScenario(file)).toThrow('expected a readable file, got ENOENT');
    writeFileSync(file, '{"seed": }');
    expect(() => readScenario(file)).toThrow(/expected JSON: Unexpected token '}'/);
  });
});
