import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createFolderStore } from '../../src/report-store/folder/store';
import { createLazyClient } from '../../src/temporal/connection';
import { createDataConverter } from '../../src/temporal/data-converter';
import { generateKey, parseKeyRing } from '../../src/temporal/key-ring';
import { COLLECT_RECORDS } from '../../src/workflows/contract';
import { startProcess, useBuild } from '../support/processes';
import { freePort, startTemporalServer, type TemporalServer } from '../support/temporal-server';

const KEY = generateKey('main');
const UI = 'http://127.0.0.1:8233';
const API_KEY = 'an-api-key-of-the-test';

let server: TemporalServer;
let folder: string;
useBuild();
beforeAll(async () => {
  server = await startTemporalServer();
  folder = await mkdtemp(join(tmpdir(), 'chartway-codec-'));
  await createFolderStore(join(folder, 'reports')).init();
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test("Temporal's CLI shows an encrypted applicant in clear with an API key, and not without", async () => {
  const client = createLazyClient(
    { namespace: 'default', connection: { address: server.address } },
    createDataConverter({ ring: parseKeyRing(KEY), encrypts: true }, 'default'),
  );
  const email = 'canary@example.org';
  // The form in which the CLI prints a payload as JSON.
  const clear = Buffer.from(JSON.stringify({ email })).toString('base64');
  await client.workflow.start(COLLECT_RECORDS, { workflowId: 'applicant-POL-1', taskQueue: 'none', args: [{ email }] });
  await client.connection.close();

  const metricsPort = await freePort();
  const api = await startProcess('api', folder, {
    ...{ TEMPORAL_ADDRESS: server.address, PAYLOAD_KEYS: KEY, API_PORT: '0', METRICS_PORT: String(metricsPort) },
    ...{ CODEC_ENDPOINT: 'on', CODEC_UI_ORIGIN: UI },
    API_KEYS: `max:records:${createHash('sha256').update(API_KEY).digest('hex')}`,
  });
  const [url = '', metrics = ''] = api.addresses;
  expect((await fetch(`${metrics}/readyz`)).status).toBe(200);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);

  const show = async (...codec: string[]) => {
    const args = ['workflow', 'show', '--address', server.address, '-w', 'applicant-POL-1', '-o', 'json', ...codec];
    const home = { HOME: folder, PATH: process.env['PATH'] };
    const { stdout } = await promisify(execFile)(process.env['TEMPORAL_CLI_PATH'] ?? '', args, { env: home });
    return stdout;
  };
  expect(await show()).not.toContain(clear);
  expect(await show('--codec-endpoint', `${url}/codec`, '--codec-auth', `Bearer ${API_KEY}`)).toContain(clear);
  const denied = await show('--codec-endpoint', `${url}/codec`, '--codec-auth', 'Bearer wrong').catch(String);
  expect(denied).not.toContain(clear);

  expect(await (await fetch(`${metrics}/metrics`)).text()).toMatch(
    /chartway_api_answer_seconds_count\{(?=[^}]*route="\/codec\/decode")(?=[^}]*status="200")[^}]*\} \d/,
  );
  expect(await api.stop()).toBe(0);
  // There are two files if midnight UTC passes during the test.
  const files = (await readdir(join(folder, '.data/audit'))).map((name) => join(folder, '.data/audit', name));
  const text = (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('');
  expect(text).toContain('"who":"max","did":"decode","clientUserId":"POL-1"');
  expect(text + api.stderr()).not.toContain('canary');
});
