import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseKeyRing } from '../../src/temporal/key-ring';
import { freePort } from '../support/temporal-server';

const DEPLOY = join(__dirname, '..', '..', 'deploy');

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function setup(secrets: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'chartway-deploy-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(secrets)) await writeFile(join(folder, name), text);
  const run = (program: string, args: readonly string[], env: Record<string, string> = {}) =>
    new Promise<{ status: number; out: string; said: string }>((resolve) => {
      const options = { env: { PATH: process.env['PATH'], SECRETS_FOLDER: folder, ...env } };
      execFile(program, [...args], options, (error, out, said) => {
        resolve({ status: error === null ? 0 : Number(error.code), out, said });
      });
    });
  const withSecrets = (args: readonly string[], env: Record<string, string> = {}) =>
    run('/bin/sh', [join(DEPLOY, 'with-secrets.sh'), ...args], env);
  return { folder, run, withSecrets };
}

test('a file named like a variable becomes that variable, without the newline at its end', async () => {
  const { withSecrets } = await setup({ WEBHOOK_SECRET: 'b\'l"u $e`x\n', TLS_KEY: 'two\nlines\n' });
  expect(await withSecrets(['sh', '-c', 'printf %s "$WEBHOOK_SECRET|$TLS_KEY"'])).toEqual({
    status: 0,
    out: 'b\'l"u $e`x|two\nlines',
    said: '',
  });
});

test.each([
  ['LF', '\n'],
  ['CR LF', '\r\n'],
  ['several line ends', '\r\n\r\n'],
  ['spaces and a tab', '  \t'],
])('a secret whose file ends in %s is trimmed', async (_ending, ending) => {
  const { withSecrets } = await setup({ POSTGRES_PASSWORD: `a b${ending}` });
  expect((await withSecrets(['sh', '-c', 'printf %s "$POSTGRES_PASSWORD|"'])).out).toBe('a b|');
});

test('git clone -c core.autocrlf=true, then deploy/make-secrets.sh: works, and no script has a carriage return', async () => {
  const { folder, run } = await setup();
  const clone = join(folder, 'clone');
  const cloned = [
    'clone',
    '--quiet',
    '--depth',
    '1',
    '-c',
    'core.autocrlf=true',
    `file://${join(DEPLOY, '..')}`,
    clone,
  ];
  expect(await run('git', cloned)).toMatchObject({ status: 0 });
  expect(await run('/bin/sh', [join(clone, 'deploy', 'make-secrets.sh')])).toMatchObject({ status: 0 });
  expect(await readFile(join(clone, 'deploy', 'secrets', 'WEBHOOK_SECRET'), 'utf8')).not.toMatch(/\r/);
  const { out } = await run('git', [
    '-C',
    clone,
    'ls-files',
    '--eol',
    '*.sh',
    '*.yml',
    '*.mjs',
    '.ci/run',
    'Dockerfile',
  ]);
  expect(out.split('\n').filter((line) => /w\/(crlf|mixed)/.test(line))).toEqual([]);
});

test('a file that is not named like a variable is left alone', async () => {
  const { withSecrets } = await setup({ 'tls.key': 'x', '1ST': 'x', lower: '' });
  const { status, out } = await withSecrets(['env']);
  expect(status).toBe(0);
  expect(out).not.toMatch(/^(tls|1ST|lower)/m);
});

test('no folder of secrets is no fault', async () => {
  const { withSecrets } = await setup();
  expect(await withSecrets(['echo', 'on'], { SECRETS_FOLDER: '/nowhere/at/all' })).toMatchObject({
    status: 0,
    out: 'on\n',
  });
});

test.each([
  ['is empty', { WEBHOOK_SECRET: '\n' }, {}],
  ['stands in the environment as well', { WEBHOOK_SECRET: 'hidden' }, { WEBHOOK_SECRET: 'other' }],
])('a secret that %s ends it with status 2 and the name, never the value', async (_, secrets, env) => {
  const { withSecrets } = await setup(secrets as Record<string, string>);
  const { status, out, said } = await withSecrets(['echo', 'on'], env);
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(said).toMatch(/WEBHOOK_SECRET.*expected/s);
  expect(said).not.toMatch(/hidden|other/);
});

test('a secret whose file was not there, which is mounted as a folder, ends it with status 2', async () => {
  const { folder, withSecrets } = await setup();
  await mkdir(join(folder, 'HUMAN_API_CLIENT_ID'));
  expect(await withSecrets(['echo', 'on'])).toMatchObject({ status: 2, out: '' });
});

test('it becomes the command: same process, so that signals reach it', async () => {
  const { folder } = await setup({ A_SECRET: 'x' });
  const child = spawn('/bin/sh', [join(DEPLOY, 'with-secrets.sh'), 'sh', '-c', 'echo $$; exec cat'], {
    env: { PATH: process.env['PATH'], SECRETS_FOLDER: folder },
  });
  const [line] = await once(child.stdout, 'data');
  expect(Number(String(line))).toBe(child.pid);
  child.kill('SIGTERM');
  expect(await once(child, 'close')).toEqual([null, 'SIGTERM']);
});

test('the image is told which process to be; another word is refused', async () => {
  const { run } = await setup();
  for (const args of [['api-server'], []]) {
    const { status, said } = await run('/bin/sh', [join(DEPLOY, 'run.sh'), ...args]);
    expect({ status, said }).toEqual({ status: 2, said: expect.stringContaining('expected worker, webhook') });
  }
});

test('with proxies set and no_proxy not set, the health check asks this machine itself', async () => {
  const { run } = await setup();
  const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const METRICS_PORT = String((server.address() as AddressInfo).port);
  const dead = { http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9', NODE_USE_ENV_PROXY: '1' };
  const check = () => run(process.execPath, [join(DEPLOY, 'ready.mjs')], { METRICS_PORT, ...dead });
  expect(await check()).toMatchObject({ status: 0 });
  server.close();
});

test('the health check passes on 200, and on nothing else', async () => {
  const { run } = await setup();
  let status = 200;
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/readyz' ? status : 404).end();
  }).listen(await freePort(), '127.0.0.1');
  await once(server, 'listening');
  const METRICS_PORT = String((server.address() as AddressInfo).port);
  const check = () => run(process.execPath, [join(DEPLOY, 'ready.mjs')], { METRICS_PORT });
  expect(await check()).toMatchObject({ status: 0 });
  status = 503;
  expect(await check()).toMatchObject({ status: 1, out: expect.stringContaining('503') });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(await check()).toMatchObject({ status: 1, out: expect.stringContaining('ECONNREFUSED') });
});

/** deploy/ in a folder of its own. */
async function setupSecrets() {
  const { folder, run } = await setup();
  const script = join(folder, 'make-secrets.sh');
  await cp(join(DEPLOY, 'make-secrets.sh'), script);
  await chmod(script, 0o755);
  const secrets = join(folder, 'secrets');
  await mkdir(secrets);
  return { secrets, run: () => run(script, []) };
}

test('secrets are made once, and only their owner comes to them', async () => {
  const { secrets, run } = await setupSecrets();
  await run();
  const made = await readdir(secrets);
  expect(made.sort()).toEqual(expect.arrayContaining(['POSTGRES_PASSWORD', 'SANDBOX_CLIENT_SECRET', 'WEBHOOK_SECRET']));
  const read = () => Promise.all(made.map((name) => readFile(join(secrets, name), 'utf8')));
  const first = await read();
  expect(new Set(first).size).toBe(made.length);
  expect((await stat(secrets)).mode & 0o777).toBe(0o700);
  await run();
  expect(await read()).toEqual(first);
});

test('keys are made that Chartway takes: a ring that ends with the key of the webhook', async () => {
  const { secrets, run } = await setupSecrets();
  await run();
  const read = async (name: string) => (await readFile(join(secrets, name), 'utf8')).trim();
  const ring = await read('PAYLOAD_KEYS');
  expect(parseKeyRing(ring)).not.toBeNull();
  expect(ring).toMatch(/^main:/);
  expect(ring.split(',').slice(1)).toEqual([await read('WEBHOOK_PAYLOAD_KEYS')]);
  expect(parseKeyRing(await read('AUDIT_KEY'))?.ids).toEqual(['audit']);
});

test('a ring without the key of the webhook is left alone, and said', async () => {
  const { secrets, run } = await setupSecrets();
  await writeFile(join(secrets, 'PAYLOAD_KEYS'), 'mine');
  const { status, said } = await run();
  expect({ status, said }).toEqual({ status: 1, said: expect.stringContaining('WEBHOOK_PAYLOAD_KEYS is not') });
  expect(await readdir(secrets)).not.toContain('WEBHOOK_PAYLOAD_KEYS');
});
