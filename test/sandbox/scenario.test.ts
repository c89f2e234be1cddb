import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseScenario, readScenario } from '../../sandbox/scenario/parse';

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

  it('is a file that is missing or no JSON', () => {
    const folder = mkdtempSync(join(tmpdir(), 'scenario-'));
    const file = join(folder, 'scenario.json');
    expect(() => readScenario(file)).toThrow('expected a readable file, got ENOENT');
    writeFileSync(file, '{"seed": }');
    expect(() => readScenario(file)).toThrow(/expected JSON: Unexpected token '}'/);
    rmSync(folder, { recursive: true });
  });
});
