import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { transformSync } from '@swc/core';
import { PERSONAS } from '../../sandbox/personas/catalogue';
import { startReceiver } from './receiver';

const ROOT = join(__dirname, '..', '..');

/** The sandbox as JavaScript in a folder of its own, with nothing of src/ beside it: it must run as a stranger. */
function compiled(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  cpSync(join(ROOT, 'sandbox', 'invitation'), join(folder, 'sandbox', 'invitation'), { recursive: true });
  const sources = readdirSync(join(ROOT, 'sandbox'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  for (const file of sources) {
    const target = join(folder, 'sandbox', file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    const source = readFileSync(join(ROOT, 'sandbox', file), 'utf8');
    const options = {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
      module: { type: 'commonjs' },
    } as const;
    writeFileSync(target, transformSync(source, options).code);
  }
  return folder;
}

/** The lines of its log. */
const eventsOf = (stderr: string) =>
  stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the sandbox process', () => {
  const folder = compiled();
  const running = new Set<ChildProcess>();

  afterAll(() => {
    for (const child of running) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  function start(args: readonly string[], env: Record<string, string> = {}) {
    const child = spawn(process.execPath, [join(folder, 'sandbox', 'main.js'), ...args], {
      env: { PATH: process.env['PATH'], ...env },
    });
    running.add(child);
    const output = { stdout: '', stderr: '' };
    const ready = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk) => {
        output.stdout += chunk;
        if (output.stdout.includes('\n')) resolve();
      });
    });
    child.stderr.on('data', (chunk) => {
      output.stderr += chunk;
    });
    const ended = new Promise<number | null>((resolve) => {
      child.on('close', (status) => {
        running.delete(child);
        resolve(status);
      });
    });
    return { child, output, ready, ended };
  }

  async function addressOf({ ready, ended, output }: ReturnType<typeof start>): Promise<string> {
    await Promise.race([ready, ended]);
    return (JSON.parse(output.stdout) as { addresses: [string] }).addresses[0];
  }

  function tokenAnswer(address: string): Promise<Response> {
    return fetch(`${address}/auth/v1/admin/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_id: 'sandbox-client', client_secret: 'sandbox-secret', type: 'client' }),
    });
  }

  async function clientToken(address: string): Promise<string> {
    return ((await (await tokenAnswer(address)).json()) as { client_token: string }).client_token;
  }

  it.each(['SIGTERM', 'SIGINT'] as const)('says where it serves in one line, and ends with 0 on %s', async (signal) => {
    const { child, output, ready, ended } = start([], {
      SANDBOX_PORT: '0',
      SANDBOX_CLIENT_ID: 'one',
      SANDBOX_CLIENT_SECRET: 'two',
    });
    await Promise.race([ready, ended]);
    const line = JSON.parse(output.stdout) as { addresses: string[] };
    expect(line).toEqual({
      event: 'ready',
      process: 'sandbox',
      addresses: [expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)],
    });
    const answer = await fetch(`${line.addresses[0]}/auth/v1/admin/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_id: 'one', client_secret: 'two', type: 'client' }),
    });
    expect(answer.status).toBe(200);
    child.kill(signal);
    expect(await ended).toBe(0);
    expect(output.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(eventsOf(output.stderr).map(({ event }) => event)).toEqual(['scenario', 'call']);
  });

  it('finishes what is under way before it ends, however often it is told', async () => {
    const receiver = await startReceiver(0);
    const { child, output, ready, ended } = start(['--port', '0', '--speed', '100000'], {
      SANDBOX_WEBHOOK_URL: receiver.url.href,
    });
    await Promise.race([ready, ended]);
    const [base = ''] = (JSON.parse(output.stdout) as { addresses: string[] }).addresses;
    const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      };
      return (await (await fetch(base + path, init)).json()) as Record<string, string>;
    };
    const credentials = { client_id: 'sandbox-client', client_secret: 'sandbox-secret', type: 'client' };
    const { client_token } = await post('/auth/v1/admin/token', credentials);
    const person = { clientUserId: 'POL-1', clientUserEmail: 'declines@example.org', autoInvite: true };
    await post('/admin/api/v1/users', person, { authorization: `Bearer ${client_token}` });
    await receiver.first;
    child.kill('SIGTERM');
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(output.stderr).toContain('"failure":"TimeoutError"');
    await receiver.close();
  });

  it('lists its personas, one a line, and exits', async () => {
    const { output, ended } = start(['--personas']);
    expect(await ended).toBe(0);
    expect(
      output.stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(PERSONAS.map(({ name }) => name));
  });

  it.each([
    [['--speed', '0']],
    [['--port', '70000']],
    [['--nonsense']],
    [['--reset']],
    [['--longest-wait', '5 minutes']],
    [['--signature-headers', 'X-One,X-Two']],
    [['--public-url', 'http://127.0.0.1/path']],
    [['--webhook', 'http://user:canary@127.0.0.1/']],
    [['--webhook', 'http://127.0.0.1/notifications', 'canary']],
  ])('refuses %j with status 2 and keeps secrets to itself', async (args) => {
    const { output, ended } = start(args);
    expect(await ended).toBe(2);
    expect(output.stderr).toMatch(/^error: /);
    expect(output.stdout + output.stderr).not.toContain('canary');
  });

  it('remembers who was invited after a kill, keeps its folder to itself, and forgets on demand', async () => {
    const data = join(folder, 'data');
    const args = ['--port', '0', '--data', data];
    const first = start(args);
    const token = await clientToken(await addressOf(first));
    const person = { clientUserId: 'POL-1', clientUserEmail: 'silent@example.org', autoInvite: true };
    await fetch(`${await addressOf(first)}/admin/api/v1/users`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(person),
    });
    const other = start(args);
    expect(await other.ended).toBe(1);
    expect(other.output.stderr).toContain(`is in use by another sandbox (process ${first.child.pid})`);
    first.child.kill('SIGKILL');
    await first.ended;

    const people = async (process: ReturnType<typeof start>) => {
      const answer = await fetch(`${await addressOf(process)}/admin/api/v1/users`, {
        headers: { authorization: `Bearer ${token}` },
      });
      return [answer.status, ((await answer.json()) as { length: number }).length];
    };
    const second = start(args);
    expect(await people(second)).toEqual([200, 1]);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    const third = start([...args, '--reset']);
    expect((await people(third))[0]).toBe(401);
    third.child.kill('SIGTERM');
    expect(await third.ended).toBe(0);
  });

  it('plays a scenario from a file, and says everything that is wrong with one', async () => {
    const file = join(folder, 'scenario.json');
    writeFileSync(file, JSON.stringify({ seed: 7, faults: [{ on: 'token', fault: 'status', status: 503, times: 1 }] }));
    const good = start(['--port', '0', '--scenario', file]);
    const mint = async () => (await tokenAnswer(await addressOf(good))).status;
    expect([await mint(), await mint()]).toEqual([503, 200]);
    good.child.kill('SIGTERM');
    expect(await good.ended).toBe(0);
    expect(eventsOf(good.output.stderr)[0]).toMatchObject({ event: 'scenario', seed: '7', faults: 1 });

    writeFileSync(file, JSON.stringify({ speed: 0, faults: [{ on: 'tokens', fault: 'reset' }] }));
    const bad = start(['--scenario', file]);
    expect(await bad.ended).toBe(2);
    expect(bad.output.stderr).toMatch(/^error: the scenario .* cannot be played:\nspeed: .*\nfaults\[0\]\.on: /);
  });

  it('says why it cannot listen', async () => {
    const first = start(['--port', '0']);
    await Promise.race([first.ready, first.ended]);
    const { port } = new URL((JSON.parse(first.output.stdout) as { addresses: [string] }).addresses[0]);
    const second = start(['--port', port]);
    expect(await second.ended).toBe(1);
    expect(second.output.stderr).toContain('EADDRINUSE');
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
  });
});
