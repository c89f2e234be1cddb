import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killCommands } from '../../support/command';
import type { RunningProgram } from './child';
import { Host } from './host';
import { buildImages } from './image';
import { startPostgresql } from './postgresql';
import { copyTemporal } from './temporal-binaries';

// npm run deploy:check (see scripts/deploy-check.mjs). The parts depend on each other: each uses what the parts before started.

const ROOT = join(__dirname, '..', '..', '..');
/** For the compilation of Temporal, and for npm ci on a slow line. */
const BUILD_LIMIT_MS = 900_000;
/** Temporal takes a minute to apply new search attributes. */
const UP_LIMIT_MS = 150_000;

let folder: string;
let host: Host;
const running: RunningProgram[] = [];
let hasFailed = false;

/** Runs only if the parts before passed. */
function part(title: string, body: () => Promise<void>, limitMs: number): void {
  test(
    title,
    async () => {
      if (hasFailed) throw new Error('expected the part before to pass');
      hasFailed = true;
      await body();
      hasFailed = false;
    },
    limitMs,
  );
}

async function up(name: string): Promise<RunningProgram> {
  const service = await host.up(name);
  running.push(service);
  await host.waitUntilHealthy(service, UP_LIMIT_MS);
  return service;
}

/** Stops services in reverse order, like `docker compose stop`; resolves to their exit statuses. */
async function down(names: readonly string[]): Promise<Record<string, number | null>> {
  const statuses: Record<string, number | null> = {};
  for (const name of [...names].reverse()) {
    const service = running.find((other) => other.name === name);
    if (service !== undefined) statuses[name] = await service.stop();
  }
  return statuses;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chartway-deploy-check-'));
  // The user of the images must be able to enter it.
  await chmod(folder, 0o755);
});

afterAll(async () => {
  await killCommands();
  await rm(folder, { recursive: true, force: true });
});

part(
  'the steps of the Dockerfile build an image with the compiled code and without a compiler',
  async () => {
    const images = join(folder, 'images');
    await buildImages(images);
    const image = join(images, 'chartway');
    expect(existsSync(join(image, 'app/dist/src/worker.js'))).toBe(true);
    expect(existsSync(join(image, 'app/node_modules/@temporalio/worker'))).toBe(true);
    for (const path of ['node_modules/typescript', 'node_modules/pdfkit', 'src', '.env'])
      expect(existsSync(join(image, 'app', path))).toBe(false);
    await copyTemporal(join(folder, 'bin'));
    host = new Host(folder, images, join(folder, 'bin'));
    host.writeImageScripts();
  },
  BUILD_LIMIT_MS,
);

part(
  'make-secrets.sh creates the secrets',
  async () => {
    const deploy = join(folder, 'deploy');
    await mkdir(join(deploy, 'secrets'), { recursive: true });
    await cp(join(ROOT, 'deploy/make-secrets.sh'), join(deploy, 'make-secrets.sh'));
    execFileSync('/bin/sh', [join(deploy, 'make-secrets.sh')]);
    for (const name of ['HUMAN_API_CLIENT_ID', 'HUMAN_API_CLIENT_SECRET'])
      await writeFile(join(deploy, 'secrets', name), 'not-a-real-one\n');
    expect(host.secret('WEBHOOK_SECRET')).toMatch(/^[\w-]{32}$/);
  },
  UP_LIMIT_MS,
);

part(
  'Temporal starts on PostgreSQL, and a second set-up changes nothing',
  async () => {
    const passwordFile = join(folder, 'deploy/secrets/POSTGRES_PASSWORD');
    const port = await host.port('postgresql', 5432);
    running.push(await startPostgresql(folder, port, { user: 'temporal', passwordFile }));
    await host.runOnce('temporal-schema');
    await host.runOnce('temporal-schema');
    await up('temporal');
    await host.runOnce('temporal-namespaces');
    expect(await host.runOnce('temporal-namespaces')).toContain('namespace sandbox: exists');
  },
  UP_LIMIT_MS,
);

part(
  'the profile "sandbox" becomes healthy, follows an applicant to its end, stores the reports, and drains',
  async () => {
    const services = ['sandbox', 'sandbox-worker', 'sandbox-webhook', 'sandbox-api'];
    await host.runOnce('sandbox-store');
    await host.runOnce('sandbox-store');
    for (const name of services) await up(name);
    const applicant = ['--client-user-id', 'DEPLOY-1', '--email', 'several@example.org', '--wait', '--json'];
    const lines = (await host.runOnce('sandbox-starter', applicant)).split('\n').map((line) => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({ clientUserId: 'DEPLOY-1', outcome: 'collected' });
    const manifest = JSON.parse(await readFile(join(host.volume('sandbox-reports'), 'DEPLOY-1/manifest.json'), 'utf8'));
    expect(manifest.documents.length).toBeGreaterThan(0);
    for (const { file } of manifest.documents)
      expect(existsSync(join(host.volume('sandbox-reports'), 'DEPLOY-1', file))).toBe(true);
    const metrics = await fetch(`http://127.0.0.1:${await host.port('sandbox-webhook', 9465)}/metrics`);
    expect(await metrics.text()).toMatch(/chartway_webhook_notices_total\{.*result="accepted".*\} [1-9]/);
    const url = `http://127.0.0.1:${await host.port('sandbox-api', 3000)}/api/v1/applicants/DEPLOY-1`;
    const key = (await readFile(join(folder, 'deploy/secrets/SANDBOX_API_KEY'), 'utf8')).trim();
    const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
    expect(await answer.json()).toMatchObject({ outcome: 'collected', degraded: [] });
    const drained = { sandbox: 0, 'sandbox-worker': 0, 'sandbox-webhook': 0, 'sandbox-api': 0 };
    expect(await down(services)).toEqual(drained);
  },
  2 * UP_LIMIT_MS,
);

part(
  'the profile "real" becomes healthy, accepts notifications only with the secret, and drains',
  async () => {
    const services = ['worker', 'webhook', 'api'];
    await host.runOnce('operator', ['store', 'init']);
    for (const name of services) await up(name);
    const url = `http://127.0.0.1:${await host.port('webhook', 3001)}/notifications`;
    const post = async (secret: string) => {
      const authorization = `Basic ${Buffer.from(`human-api:${secret}`).toString('base64')}`;
      const answer = await fetch(url, { method: 'POST', headers: { authorization }, body: '{}' });
      return { status: answer.status, body: await answer.json().catch(() => null) };
    };
    expect(await post('wrong')).toMatchObject({ status: 401 });
    expect(await post(host.secret('WEBHOOK_SECRET'))).toEqual({ status: 200, body: { accepted: 0, ignored: 1 } });
    const api = `http://127.0.0.1:${await host.port('api', 3000)}`;
    expect((await fetch(`${api}/openapi.json`)).status).toBe(200);
    expect((await fetch(`${api}/api/v1/applicants`)).status).toBe(401);
    const decode = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"payloads":[]}' };
    expect((await fetch(`${api}/codec/decode`, decode)).status).toBe(401);
    // Fails if the audit log of their volume is not valid.
    await host.runOnce('operator', ['audit', 'verify']);
    expect(await down(services)).toEqual({ worker: 0, webhook: 0, api: 0 });
  },
  2 * UP_LIMIT_MS,
);

part(
  'Temporal and PostgreSQL end with status 0 after SIGTERM',
  async () => {
    expect(await down(['postgresql', 'temporal'])).toEqual({ temporal: 0, postgresql: 0 });
  },
  UP_LIMIT_MS,
);
