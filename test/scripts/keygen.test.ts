import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROLES } from '../../src/api/keys';
import { readConfig } from '../../src/config';
import { sha256 } from '../support/stored';

const ROOT = join(__dirname, '../..');

function keygen(...args: readonly string[]) {
  const { status, stdout } = spawnSync(process.execPath, ['scripts/keygen.mjs', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { status, lines: stdout.split('\n').filter((line) => line !== '') };
}

test('prints a valid entry of PAYLOAD_KEYS, a different one each time', () => {
  const [first, second] = [keygen('main'), keygen('main')];
  expect(first.lines).toHaveLength(1);
  expect(first.lines).not.toEqual(second.lines);
  const { ring } = readConfig('starter', { PAYLOAD_KEYS: first.lines.join() }, __dirname).payload;
  expect(ring?.ids).toEqual(['main']);
});

test('prints an API key for every role, and its entry of API_KEYS with the hash', () => {
  const { status, lines } = keygen('--api-key', 'intake-desk', ROLES.join('+'));
  const [key = '', entry = ''] = lines;
  expect(status).toBe(0);
  expect(entry).toBe(`intake-desk:${ROLES.join('+')}:${sha256(key)}`);
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
  [['--unknown']],
])('%j prints no key and ends with status 2', (args) => {
  expect(keygen(...args)).toEqual({ status: 2, lines: [] });
});
