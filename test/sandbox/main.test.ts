import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { transformSync } from '@swc/core';
import { killCommands, spawnCommand } from '../support/command';
import { startReceiver } from './receiver';

const ROOT = join(__dirname, '..', '..');
const JSON_TYPE = { 'content-type': 'application/json' };

/** Compiles the sandbox into a folder without src/, because it must not depend on it. */
function compile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  cpSync(join(ROOT, 'sandbox', 'invitation'), join(folder, 'sandbox', 'invitation'), { recursive: true });
  const files = readdirSync(join(ROOT, 'sandbox'), { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    const target = join(folder, 'sandbox', file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    const { code } = transformSync(readFileSync(join(ROOT, 'sandbox', file), 'utf8'), {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
      module: { type: 'commonjs' },
    });
    writeFileSync(target, code);
  }
  return folder;
}

const folder = compile();

afterAll(async () => {
  await killCommands();
  rmSync(folder, { recursive: true, force: true });
});

function start(args: readonly string[], env: Record<string, string> = {}) {
  const command = spawnCommand([process.execPath, join(folder, 'sandbox', 'main.js'), ...args], {
    env: { PATH: process.env['PATH'], SANDBOX_PORT: '0', ...env },
  });
  const readyLine = async () => {
    await command.waitForOutput('"ready"');
    return JSON.parse(command.stdout()) as { addresses: [string] };
  };
  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const init = { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) };
    return (await (await fetch((await readyLine()).addresses[0] + path, init)).json()) as Record<string, string>;
  };
  const clientToken = async (client_id = 'sandbox-client', client_secret = 'sandbox-secret') =>
    `Bearer ${(await post('/auth/v1/admin/token', { client_id, client_secret, type: 'client' }))['client_token']}`;
  const invite = (authorization: string, email: string) =>
    post('/admin/api/v1/users', { clientUserId: 'POL-1', clientUserEmail: email, autoInvite: true }, { authorization });
  const lookUp = async (authorization: string) =>
    fetch(`${(await readyLine()).addresses[0]}/admin/api/v1/users`, { headers: { authorization } });
  return { ...command, readyLine, clientToken, invite, lookUp };
}

test('the process prints one ready line and finishes notifications in flight, even after a second signal', async () => {
  const receiver = await startReceiver(0);
  const env = { SANDBOX_WEBHOOK_URL: receiver.url.href, SANDBOX_CLIENT_ID: 'id', SANDBOX_CLIENT_SECRET: 'secret' };
  const { stdout, stderr, readyLine, stop, clientToken, invite } = start(['--speed', '100000'], env);
  const addresses = [expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)];
  expect(await readyLine()).toEqual({ event: 'ready', process: 'sandbox', addresses });
  await invite(await clientToken('id', 'secret'), 'declines@example.org');
  await receiver.first;
  stop('SIGTERM');
  expect(await stop('SIGINT')).toBe(0);
  expect(stdout().trimEnd().split('\n')).toHaveLength(1);
  const events = stderr()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events[0]).toMatchObject({ event: 'scenario', process: 'sandbox' });
  expect(events).toContainEqual(expect.objectContaining({ event: 'notice-failed', failure: 'TimeoutError' }));
  await receiver.close();
});

test('the process keeps its state after a kill, locks its folder and deletes the state with --reset', async () => {
  const args = ['--data', join(folder, 'data')];
  const first = start(args);
  const token = await first.clientToken();
  await first.invite(token, 'silent@example.org');
  const second = start(args);
  expect(await second.exited).toBe(1);
  expect(second.stderr()).toContain(`is in use by another sandbox (process ${first.pid})`);
  await first.stop('SIGKILL');
  const third = start(args);
  expect(await (await third.lookUp(token)).json()).toHaveLength(1);
  expect(await third.stop()).toBe(0);
  const fourth = start([...args, '--reset']);
  expect((await fourth.lookUp(token)).status).toBe(401);
  expect(await fourth.stop('SIGINT')).toBe(0);
});

test('the process exits with 1 if it cannot listen, and with 2 on wrong usage', async () => {
  const first = start([]);
  const { port } = new URL((await first.readyLine()).addresses[0]);
  const second = start(['--port', port]);
  expect(await second.exited).toBe(1);
  expect(second.stderr()).toContain('EADDRINUSE');
  expect(await start(['--nonsense']).exited).toBe(2);
  expect(await first.stop()).toBe(0);
});
