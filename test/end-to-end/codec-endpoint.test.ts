import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@temporalio/client';
import { createFolderStore } from '../../src/report-store/folder/store';
import { createDataConverter } from '../../src/temporal/data-converter';
import { generateKey } from '../../src/temporal/key-ring';
import { COLLECT_RECORDS } from '../../src/workflows/contract';
import { useFolders } from '../support/folders';
import { keyRingOf } from '../support/keys';
import { startProcess, useBuild } from '../support/processes';
import { sha256 } from '../support/stored';
import { freePort, useTemporalServer } from '../support/temporal-server';

const KEY = generateKey('main');
const UI = 'http://127.0.0.1:8233';
const API_KEY = 'an-api-key-of-the-test';

useBuild();
const temporal = useTemporalServer();
const newFolder = useFolders();

test("Temporal's CLI shows an encrypted applicant in clear with an API key, and not without", async () => {
  const { address, connection } = temporal();
  const folder = await newFolder();
  await createFolderStore(join(folder, 'reports')).init();
  const dataConverter = createDataConverter({ ring: keyRingOf(KEY), encrypts: true }, 'default') ?? {};
  const client = new Client({ connection, dataConverter });
  const email = 'canary@example.org';
  // The form in which the CLI prints a payload as JSON.
  const clear = Buffer.from(JSON.stringify({ email })).toString('base64');
  await client.workflow.start(COLLECT_RECORDS, { workflowId: 'applicant-POL-1', taskQueue: 'none', args: [{ email }] });

  const metricsPort = await freePort();
  const api = await startProcess('api', folder, {
    TEMPORAL_ADDRESS: address,
    PAYLOAD_KEYS: KEY,
    API_PORT: '0',
    METRICS_PORT: String(metricsPort),
    CODEC_ENDPOINT: 'on',
    CODEC_UI_ORIGIN: UI,
    API_KEYS: `max:records:${sha256(API_KEY)}`,
  });
  const [url = '', metrics = ''] = api.addresses;
  expect((await fetch(`${metrics}/readyz`)).status).toBe(200);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);

  const show = async (...codec: string[]) => {
    const args = ['workflow', 'show', '--address', address, '-w', 'applicant-POL-1', '-o', 'json', ...codec];
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
