import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { createKeyFinder, parseApiKeys, ROLES } from '../../src/api/keys';
import { readConfig } from '../../src/config';
import { parseKeyRing } from '../../src/temporal/key-ring';
import { useFolders } from '../support/folders';
import { listenOnLoopback } from '../support/loopback';

const DEPLOY = join(__dirname, '..', '..', 'deploy');

const newFolder = useFolders();
let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});

function run(program: string, args: readonly string[], env: Record<string, string> = {}) {
  return new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
    const options = { env: { PATH: process.env['PATH'], SECRETS_FOLDER: folder, ...env } };
    execFile(program, [...args], options, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe('with-secrets.sh', () => {
  async function withSecrets(secrets: Record<string, string>, args: readonly string[], env = {}) {
    for (const [name, text] of Object.entries(secrets)) await writeFile(join(folder, name), text);
    return run('/bin/sh', [join(DEPLOY, 'with-secrets.sh'), ...args], env);
  }

  test.each([
    ['LF', '\n'],
    ['CR LF', '\r\n'],
    ['several line ends', '\r\n\r\n'],
    ['spaces and a tab', '  \t'],
  ])('sets a variable to the content of the file of that name, without %s at its end', async (_title, end) => {
    const secrets = { WEBHOOK_SECRET: `b'l"u $e\`x${end}`, TLS_KEY: `two\nlines${end}` };
    const { status, stdout, stderr } = await withSecrets(secrets, [
      'sh',
      '-c',
      'printf %s "$WEBHOOK_SECRET|$TLS_KEY|"',
    ]);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'b\'l"u $e`x|two\nlines|', stderr: '' });
  });

  test('ignores files that are not named like a variable', async () => {
    const { status, stdout } = await withSecrets({ 'tls.key': 'x', '1ST': 'x', lower: '' }, ['env']);
    expect(status).toBe(0);
    expect(stdout).not.toMatch(/^(tls|1ST|lower)/m);
  });

  test('runs the command if the folder does not exist', async () => {
    const env = { SECRETS_FOLDER: '/nowhere/at/all' };
    expect(await withSecrets({}, ['echo', 'on'], env)).toMatchObject({ status: 0, stdout: 'on\n' });
  });

  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['is empty', { WEBHOOK_SECRET: '\n' }, {}],
    ['is also a variable', { WEBHOOK_SECRET: 'hidden' }, { WEBHOOK_SECRET: 'other' }],
    // Docker mounts a missing file as a folder.
    ['does not exist', {}, {}],
  ])('if a secret %s, ends with status 2 and prints the name, never the value', async (_title, secrets, env) => {
    if (Object.keys(secrets).length === 0) await mkdir(join(folder, 'WEBHOOK_SECRET'));
    const { status, stdout, stderr } = await withSecrets(secrets, ['echo', 'on'], env);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/WEBHOOK_SECRET.*expected/s);
    expect(stderr).not.toMatch(/hidden|other/);
  });

  test('becomes the command in the same process, so that signals reach it', async () => {
    const args = [join(DEPLOY, 'with-secrets.sh'), 'sh', '-c', 'echo $$; exec cat'];
    const child = spawn('/bin/sh', args, { env: { PATH: process.env['PATH'], SECRETS_FOLDER: folder } });
    const [line] = await once(child.stdout, 'data');
    expect(Number(String(line))).toBe(child.pid);
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([null, 'SIGTERM']);
  });
});

test.each([[['api-server']], [[]]])('run.sh %j ends with status 2 and lists the processes', async (args) => {
  const { status, stderr } = await run('/bin/sh', [join(DEPLOY, 'run.sh'), ...args]);
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('expected worker, webhook') });
});

test('ready.mjs passes only if /readyz answers with 200, and uses no proxy, also if no_proxy is not set', async () => {
  const listener: RequestListener = ({ url }, response) => response.writeHead(url === '/readyz' ? status : 404).end();
  let status = 200;
  const server = createServer(listener);
  const METRICS_PORT = String(await listenOnLoopback(server));
  const proxy = { http_proxy: 'http://proxy.invalid', https_proxy: 'http://proxy.invalid', NODE_USE_ENV_PROXY: '1' };
  const check = () => run(process.execPath, [join(DEPLOY, 'ready.mjs')], { METRICS_PORT, ...proxy });
  expect(await check()).toMatchObject({ status: 0 });
  status = 503;
  expect(await check()).toMatchObject({ status: 1, stdout: expect.stringContaining('503') });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(await check()).toMatchObject({ status: 1, stdout: expect.stringContaining('ECONNREFUSED') });
});

describe('make-secrets.sh', () => {
  let secrets: string;
  beforeEach(async () => {
    secrets = join(folder, 'secrets');
    await mkdir(secrets);
    await cp(join(DEPLOY, 'make-secrets.sh'), join(folder, 'make-secrets.sh'));
  });
  const makeSecrets = () => run('/bin/sh', [join(folder, 'make-secrets.sh')]);
  const readSecret = async (name: string) => (await readFile(join(secrets, name), 'utf8')).trim();

  test('creates each secret once, in a folder that only its owner can enter', async () => {
    await makeSecrets();
    const names = await readdir(secrets);
    expect(names).toEqual(expect.arrayContaining(['POSTGRES_PASSWORD', 'SANDBOX_CLIENT_SECRET', 'WEBHOOK_SECRET']));
    const values = await Promise.all(names.map(readSecret));
    expect(new Set(values).size).toBe(names.length);
    expect((await stat(secrets)).mode & 0o777).toBe(0o700);
    await makeSecrets();
    expect(await Promise.all(names.map(readSecret))).toEqual(values);
  });

  test('creates valid keys: a ring that ends with the key of the webhook', async () => {
    await makeSecrets();
    const ring = await readSecret('PAYLOAD_KEYS');
    expect(parseKeyRing(ring)).not.toBeNull();
    expect(ring).toMatch(/^main:/);
    expect(ring.split(',').slice(1)).toEqual([await readSecret('WEBHOOK_PAYLOAD_KEYS')]);
    expect(parseKeyRing(await readSecret('AUDIT_KEY'))?.ids).toEqual(['audit']);
    const secret = { EVENTS_URL: 'https://carrier.example/events', EVENTS_SECRET: await readSecret('EVENTS_SECRET') };
    expect(
      readConfig('chartway', { REPORTS_ENCRYPTION: 'off', PAYLOAD_ENCRYPTION: 'off', ...secret }, folder).events
        .secrets,
    ).toHaveLength(1);
  });

  test('creates an api key of the sandbox with every role, and its entry with the hash of the key', async () => {
    await makeSecrets();
    await rm(join(secrets, 'SANDBOX_API_KEY'));
    await makeSecrets();
    const entries = parseApiKeys(await readSecret('SANDBOX_API_KEYS')) ?? [];
    const key = createKeyFinder(entries)(await readSecret('SANDBOX_API_KEY'));
    expect(key).toMatchObject({ name: 'sandbox', roles: ROLES });
  });

  test('fails and changes nothing if a ring exists without the key of the webhook', async () => {
    await writeFile(join(secrets, 'PAYLOAD_KEYS'), 'mine');
    const { status, stderr } = await makeSecrets();
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('but not WEBHOOK_PAYLOAD_KEYS') });
    expect(await readdir(secrets)).not.toContain('WEBHOOK_PAYLOAD_KEYS');
  });

  test('works in a clone with core.autocrlf=true: no script has a carriage return', async () => {
    const clone = join(folder, 'clone');
    const options = ['--quiet', '--depth', '1', '-c', 'core.autocrlf=true'];
    expect(await run('git', ['clone', ...options, `file://${join(DEPLOY, '..')}`, clone])).toMatchObject({ status: 0 });
    expect(await run('/bin/sh', [join(clone, 'deploy', 'make-secrets.sh')])).toMatchObject({ status: 0 });
    expect(await readFile(join(clone, 'deploy', 'secrets', 'WEBHOOK_SECRET'), 'utf8')).not.toMatch(/\r/);
    const files = ['*.sh', '*.yml', '*.mjs', '.ci/run', 'Dockerfile'];
    const { stdout } = await run('git', ['-C', clone, 'ls-files', '--eol', ...files]);
    expect(stdout.split('\n').filter((line) => /w\/(crlf|mixed)/.test(line))).toEqual([]);
  });
});
