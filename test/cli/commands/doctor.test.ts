import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Installation } from '../../../src/cli/installation-checks';
import { TemporalUnreachable } from '../../../src/temporal/connection';
import { Unavailable } from '../../../src/upstream/errors';
import type { CheckView } from '../../../src/use-cases/views';
import { useCleanup } from '../../support/cleanup';
import { useFolders } from '../../support/folders';
import { listenOnLoopback } from '../../support/loopback';
import { freePort, useTemporalServer } from '../../support/temporal-server';
import { createFixture, NO_INSTALLATION } from './fixture';

/** A new server has no search attributes. */
const server = useTemporalServer({ searchAttributes: {} });
const cleanup = useCleanup();
const newFolder = useFolders();

/** Runs doctor with this configuration; `checks`: its lines by name. */
async function examine(installation: Partial<Installation> = {}, overrides: Parameters<typeof createFixture>[0] = {}) {
  const fixture = await createFixture({
    temporal: async () => server().client,
    installation: { ...NO_INSTALLATION, ...installation },
    ...overrides,
  });
  const status = await fixture.run('doctor', '--json');
  const printed = fixture.printed() as CheckView[];
  return { ...fixture, status, checks: Object.fromEntries(printed.map(({ check, ...result }) => [check, result])) };
}

test('checks every part, prints what to do, and changes nothing', async () => {
  const { status, checks, run, out, audited } = await examine({ payloadKeyIds: ['main', 'old'] });
  expect(status).toBe(1);
  expect(Object.entries(checks).map(([name, { ok }]) => [name, ok])).toEqual([
    ['temporal', true],
    ['search-attributes', false],
    ['worker', false],
    ['stuck-runs', true],
    ['versions', true],
    ['upstream-login', null],
    ['webhook', null],
    ['store', true],
    ['clock', null],
    ['keys', true],
    ['audit', true],
    ['spool', true],
  ]);
  expect(checks['search-attributes']?.text).toContain('lacks ApplicantStage');
  expect(checks['keys']?.text).toBe('payloads: key main, old only decrypt; the audit log is not signed');
  expect(checks['versions']?.text).toMatch(/^Chartway \d+\.\d+\.\d+.*, Node\.js \d+.*, Temporal server \d+/);
  expect(audited).toEqual([]);
  expect(await run('doctor')).toBe(1);
  expect(out).toContain(
    'FAIL  worker             no worker polls the task queue "test"; start a worker, or check TASK_QUEUE; nothing is lost meanwhile',
  );
});

test('without Temporal, checks the rest: status 3', async () => {
  const settings = { namespace: 'default', connection: { address: '127.0.0.1:1' } };
  const unreachable = new TemporalUnreachable(settings, 3_000, null);
  const { status, checks } = await examine({}, { temporal: () => Promise.reject(unreachable) });
  expect(status).toBe(3);
  expect(checks['temporal']).toMatchObject({ ok: false, text: expect.stringContaining('127.0.0.1:1') });
  expect(checks['worker']).toBeUndefined();
  expect(checks['store']).toMatchObject({ ok: true });
});

test('logs in at Human API', async () => {
  const call = { method: 'POST', route: '/v1/admin/token', status: 401, requestId: null };
  const rejected = new Unavailable(call, 'Human API rejected our credentials (401)');
  const [good, bad] = await Promise.all([
    examine({ logIn: async () => {} }),
    examine({ logIn: () => Promise.reject(rejected) }),
  ]);
  expect(good.checks['upstream-login']).toMatchObject({ ok: true });
  expect(bad.checks['upstream-login']).toMatchObject({
    ok: false,
    text: 'POST /v1/admin/token: Human API rejected our credentials (401)',
    action: expect.stringContaining('HUMAN_API_CLIENT_ID'),
  });
});

test('checks the health of the webhook', async () => {
  let status = 200;
  const webhook = createServer((_, answer) => answer.writeHead(status).end());
  const origin = `http://127.0.0.1:${await listenOnLoopback(webhook)}`;
  cleanup(() => webhook.close());
  const check = async (url: string) => (await examine({ webhookHealth: new URL('/healthz', url) })).checks['webhook'];
  expect(await check(origin)).toMatchObject({ ok: true });
  status = 404;
  expect(await check(origin)).toMatchObject({ ok: false, text: expect.stringContaining('another program') });
  expect(await check(`http://127.0.0.1:${await freePort()}`)).toMatchObject({
    ok: false,
    text: 'it fails (ECONNREFUSED)',
  });
});

test.each([
  [-3_000, true, 'agrees'],
  [60_000, false, 'ahead of'],
  [-60_000, false, 'behind'],
] as const)('a clock that differs by %i ms: ok %s', async (differenceMs, ok, text) => {
  const { checks } = await examine({ readServerDateMs: async () => Date.now() - differenceMs });
  expect(checks['clock']).toMatchObject({ ok, text: expect.stringContaining(text) });
});

test('reports folders that cannot be written', async () => {
  const folder = await newFolder();
  const file = join(folder, 'a-file');
  await writeFile(file, '');
  const { checks } = await examine({}, { auditFolder: join(file, 'audit'), spoolFolder: join(file, 'spool') });
  expect(checks['audit']).toMatchObject({ ok: false, text: 'it fails (EACCES)' });
  expect(checks['spool']).toMatchObject({ ok: false, text: 'it fails (EACCES)' });
});
