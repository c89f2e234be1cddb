import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { confirmFresh, removeSandboxData, sandboxDataFiles } from '../../src/dev/fresh';
import { useFolders } from '../support/folders';

describe('a fresh start', () => {
  const newFolder = useFolders();
  let folder: string;
  beforeEach(async () => {
    folder = await newFolder();
  });

  test('removes the data of the sandbox only', () => {
    for (const name of ['sandbox', 'keys', 'reports']) mkdirSync(path.join(folder, name));
    const removed = ['temporal-sandbox.db', 'temporal-sandbox.db-wal', 'samples-round', 'sandbox/people.json'];
    const remaining = ['temporal.db', 'webhook-secret', 'sandbox-secret', 'keys/a', 'reports/manifest.json'];
    for (const file of [...removed, ...remaining]) writeFileSync(path.join(folder, file), 'x');
    removeSandboxData(folder);
    expect([...removed, ...remaining].filter((file) => existsSync(path.join(folder, file)))).toEqual(remaining);
    expect(sandboxDataFiles(folder)).toEqual([]);
  });

  test('does not follow a link out of the data folder', () => {
    const target = path.join(folder, 'target');
    mkdirSync(target);
    writeFileSync(path.join(target, 'kept'), 'x');
    symlinkSync(target, path.join(folder, 'sandbox'));
    removeSandboxData(folder);
    expect(existsSync(path.join(folder, 'sandbox'))).toBe(false);
    expect(readdirSync(target)).toEqual(['kept']);
  });
});

describe('the question of --fresh', () => {
  function ask(typed: string, isTTY: boolean) {
    const input = Object.assign(new PassThrough(), { isTTY });
    input.end(typed);
    const output = new PassThrough().setEncoding('utf8');
    return { answer: confirmFresh(['.data/sandbox'], input, output), question: () => String(output.read()) };
  }

  test.each([
    ['y\n', 'yes'],
    ['Yes\n', 'yes'],
    ['n\n', 'no'],
    ['\n', 'no'],
    ['', 'no'],
  ])('names the files and takes %j as %s', async (typed, expected) => {
    const { answer, question } = ask(typed, true);
    expect(await answer).toBe(expected);
    expect(question()).toContain('.data/sandbox');
  });

  test('is not asked without a terminal', async () => {
    expect(await ask('y\n', false).answer).toBe('no-terminal');
  });
});
