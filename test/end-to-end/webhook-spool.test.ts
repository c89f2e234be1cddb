import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProcess, useBuild } from '../support/processes';

let folder: string;

useBuild();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chartway-spool-'));
  await writeFile(join(folder, 'file'), '');
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** On Linux, not even root can create a file in /proc. */
const UNUSABLE = process.platform === 'linux' ? (['/proc/nope', 'ENOENT'] as const) : (['file', 'ENOTDIR'] as const);

test.each([
  ['webhook', 'WEBHOOK_SPOOL', 'file/spool', 'ENOTDIR'],
  ['webhook', 'WEBHOOK_SPOOL', ...UNUSABLE],
  ['api', 'AUDIT_LOG', ...UNUSABLE],
] as const)(
  'a %s whose %s is %s prints the setting and ends with status 2, before it listens',
  async (process, name, path, code) => {
    const env = { WEBHOOK_PORT: '0', WEBHOOK_SECRET: 'a-secret-of-the-test', [name]: path };
    const { status, lines, stderr: said } = await runProcess(process, folder, env, []);
    expect({ status, lines }).toEqual({ status: 2, lines: [] });
    expect(said).toMatch(new RegExp(`${name}: expected a .*folder.* got ".*" \\(${code}\\)`));
  },
);

test('a webhook logs the number of its secrets, because a comma separates two, and not the secrets', async () => {
  const env = {
    WEBHOOK_PORT: '0',
    WEBHOOK_SECRET: 'a-secret-with-a-comma,in-the-middle-of-it',
    WEBHOOK_SPOOL: 'file/spool',
  };
  const { output } = await runProcess('webhook', folder, env, []);
  expect(output).toMatch(/"secrets":2,/);
  expect(output).not.toMatch(/with-a-comma|in-the-middle/);
});
