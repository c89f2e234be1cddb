import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { askToForget, forgetWorld, worldIn } from '../../src/dev/fresh';

function terminal(typed: string) {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  input.end(typed);
  const output = new PassThrough();
  let printed = '';
  output.on('data', (bytes) => (printed += bytes));
  return { asking: { input, output }, printed: () => printed };
}

describe('a fresh start', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'fresh-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("forgets the sandbox's world and nothing else", () => {
    const data = path.join(folder, '.data');
    mkdirSync(path.join(data, 'sandbox'), { recursive: true });
    mkdirSync(path.join(data, 'keys'));
    mkdirSync(path.join(data, 'reports'));
    const ours = ['temporal-sandbox.db', 'temporal-sandbox.db-wal', 'samples-round', 'sandbox/people.json'];
    const others = ['temporal.db', 'webhook-secret', 'sandbox-secret', 'keys/a', 'reports/manifest.json'];
    for (const file of [...ours, ...others]) writeFileSync(path.join(data, file), 'x');
    forgetWorld(data);
    for (const file of ours) expect({ file, there: existsSync(path.join(data, file)) }).toEqual({ file, there: false });
    for (const file of others)
      expect({ file, there: existsSync(path.join(data, file)) }).toEqual({ file, there: true });
    expect(worldIn(data)).toEqual([]);
  });

  test('does not follow a link out of the data folder', () => {
    const elsewhere = path.join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(path.join(elsewhere, 'kept'), 'x');
    symlinkSync(elsewhere, path.join(folder, 'sandbox'));
    forgetWorld(folder);
    expect(existsSync(path.join(folder, 'sandbox'))).toBe(false);
    expect(readdirSync(elsewhere)).toEqual(['kept']);
  });

  test.each([
    ['y\n', 'yes'],
    ['Yes\n', 'yes'],
    ['n\n', 'no'],
    ['\n', 'no'],
    ['', 'no'],
  ])('asked, %j is taken for %s', async (typed, answer) => {
    const { asking, printed } = terminal(typed);
    expect(await askToForget(['.data/sandbox'], asking)).toBe(answer);
    expect(printed()).toContain('.data/sandbox');
  });

  test('asks nobody where there is no terminal', async () => {
    const { asking } = terminal('y\n');
    asking.input.isTTY = false;
    expect(await askToForget(['.data/sandbox'], asking)).toBe('nobody');
  });
});
