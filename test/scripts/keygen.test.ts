import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { readConfig } from '../../src/config';

const ROOT = path.join(__dirname, '../..');

function keygen(...args: readonly string[]) {
  const { status, stdout } = spawnSync(process.execPath, ['scripts/keygen.mjs', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { status, lines: stdout.split('\n').filter((line) => line !== '') };
}

test('an entry of PAYLOAD_KEYS is one that the configuration takes, and another each time', () => {
  const [one, two] = [keygen('main'), keygen('main')];
  expect(one.lines).toHaveLength(1);
  expect(one.lines).not.toEqual(two.lines);
  const { ring } = readConfig('starter', { PAYLOAD_KEYS: one.lines.join() }, __dirname).payload;
  expect(ring?.ids).toEqual(['main']);
});

test('an API key is shown once, and its entry of API_KEYS holds its hash only', () => {
  const { status, lines } = keygen('--api-key', 'intake-desk', 'intake+read');
  const [key = '', entry = ''] = lines;
  expect(status).toBe(0);
  expect(entry).toBe(`intake-desk:intake+read:${createHash('sha256').update(key).digest('hex')}`);
  expect(key).toMatch(/^[\w-]{43}$/);
  expect(() => readConfig('verifier', { API_KEYS: entry }, __dirname)).not.toThrow();
});

test.each([
  [[]],
  [['two', 'ids']],
  [['a:b']],
  [['x'.repeat(33)]],
  [['--api-key', 'name']],
  [['--api-key', 'name', 'root']],
  [['--api-key', 'na me', 'read']],
  [['--unheard-of']],
])('%j makes no key, and ends with status 2', (args) => {
  expect(keygen(...args)).toEqual({ status: 2, lines: [] });
});
