import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type { Page } from 'playwright-core';
import { createApi } from '../../src/api/server';
import { readConfig } from '../../src/config';
import { openApiEnvironment } from '../../src/dev/environments';
import { temporalServer } from '../../src/dev/temporal-server';
import { type Audit, openAudit } from '../../src/observability/audit';
import { createLogger } from '../../src/observability/log';
import { createRegistry } from '../../src/observability/metrics';
import { drain, listen } from '../../src/process/listening';
import { createPayloadCodec } from '../../src/temporal/codec';
import { lazyClient } from '../../src/temporal/connection';
import { createDataConverter } from '../../src/temporal/data-converter';
import { newKey } from '../../src/temporal/key-ring';
import { COLLECT_RECORDS } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { freePort } from '../support/temporal-server';
import { openPage, PATIENCE_MS } from './stage';

const { CommandType } = temporal.api.enums.v1;
const WORKFLOW_ID = 'applicant-POL-1';
const EMAIL = 'canary@example.org';
const SUMMARY = 'waiting for further reports';
/** `binary/encrypted`, as the UI shows the metadata of what it cannot read. */
const ENCRYPTED = Buffer.from('binary/encrypted').toString('base64');
const SETUP_TIMEOUT_MS = 60_000;

let folder: string;
let server: ChildProcess;
let client: Client;
let api: Awaited<ReturnType<typeof createApi>>;
let audit: Audit;
let pageUrl: string;
let codecOrigin: string;

/** Temporal's server, its UI and our api, with the arguments and the environment that `npm start` gives them. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chartway-ui-'));
  const [port, uiPort, apiPort] = [await freePort(), await freePort(), await freePort()];
  const env = { PAYLOAD_KEYS: newKey('main'), TEMPORAL_ADDRESS: `127.0.0.1:${port}` };
  const { api: settings, payload, temporal: at } = readConfig('api', openApiEnvironment(env, apiPort, uiPort), folder);
  client = lazyClient(at, createDataConverter(payload, at.namespace));
  codecOrigin = `http://127.0.0.1:${apiPort}`;
  const { program, args, cwd, serves } = temporalServer({
    ...{ cli: process.env['TEMPORAL_CLI_PATH'] ?? '', port, uiPort, codecUrl: `${codecOrigin}/codec` },
    ...{ databaseFile: join(folder, 'temporal.db'), env: {}, client },
  });
  server = spawn(program, args, { ...(cwd && { cwd }), stdio: 'ignore' });
  audit = await openAudit({ folder: join(folder, 'audit'), process: 'api' });
  const log = createLogger({ process: 'api', level: 'silent' });
  const { ring } = payload;
  api = await createApi({ settings, ring, namespace: at.namespace, audit, registry: createRegistry('api'), log });
  await listen(api.server, settings);
  await until('the Temporal server', SETUP_TIMEOUT_MS, () =>
    serves?.().then(
      () => true,
      () => false,
    ),
  );
  const encode = async (value: unknown) => {
    const codec = ring && createPayloadCodec(ring, at.namespace);
    const plain = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(value)) };
    const context = { type: 'workflow', namespace: at.namespace, workflowId: WORKFLOW_ID } as never;
    return (await codec?.encode([plain], context)) ?? [];
  };
  const runId = await playApplicant(encode);
  pageUrl = `http://127.0.0.1:${uiPort}/namespaces/${at.namespace}/workflows/${WORKFLOW_ID}/${runId}/timeline`;
}, SETUP_TIMEOUT_MS);

afterAll(async () => {
  await client?.connection.close();
  if (server?.exitCode === null && server.kill('SIGTERM')) await once(server, 'exit');
  await stopApi();
  await audit?.close();
  await rm(folder, { recursive: true, force: true });
});

async function stopApi(): Promise<void> {
  if (api?.server.listening !== true) return;
  api.server.closeAllConnections();
  await drain(api.server);
  await api.close();
}

/** An applicant who is collected after a wait, by hand: what a worker would answer, without one. */
async function playApplicant(encode: (value: unknown) => Promise<temporal.api.common.v1.IPayload[]>): Promise<string> {
  const { namespace } = client.options;
  const taskQueue = 'by-hand';
  const { firstExecutionRunId } = await client.workflow.start(COLLECT_RECORDS, {
    ...{ workflowId: WORKFLOW_ID, taskQueue, args: [{ details: { clientUserEmail: EMAIL } }] },
  });
  // A poll needs a limit of its own.
  const { taskToken } = await client.withDeadline(Date.now() + SETUP_TIMEOUT_MS, () =>
    client.workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue }, identity: 'the test' }),
  );
  const [summary = null] = await encode(SUMMARY);
  await client.workflowService.respondWorkflowTaskCompleted({
    ...{ namespace, taskToken, identity: 'the test' },
    commands: [
      {
        commandType: CommandType.COMMAND_TYPE_START_TIMER,
        startTimerCommandAttributes: { timerId: '1', startToFireTimeout: { seconds: 60 as never } },
        userMetadata: { summary },
      },
      {
        commandType: CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
        completeWorkflowExecutionCommandAttributes: {
          result: { payloads: await encode({ outcome: 'collected', documents: 3 }) },
        },
      },
    ],
  });
  return firstExecutionRunId;
}

/** What the page says once it says that. */
async function shownWith(page: Page, text: string): Promise<string> {
  return until(`"${text}" on the page`, PATIENCE_MS, async () => {
    const shown = await page.locator('body').innerText();
    return shown.includes(text) && shown;
  });
}

test("Temporal's UI shows an applicant's input, result and summaries in clear with nothing to set, and asks nobody but our api", async () => {
  const { page, faults, strayed } = await openPage(pageUrl);
  await shownWith(page, EMAIL);
  await shownWith(page, '"outcome": "collected"');
  expect(await shownWith(page, SUMMARY)).not.toContain(ENCRYPTED);
  expect(faults).toEqual([]);
  // Its makers' news, of which it asks with ids of the browser and the server.
  const elsewhere = strayed.filter((url) => !url.startsWith('https://newsfeed.temporal.io/'));
  expect(new Set(elsewhere.map((url) => new URL(url).origin))).toEqual(new Set([codecOrigin]));
});

test('a page of somebody else that is open in the same browser is told nothing', async () => {
  const stranger = createServer((_request, response) => response.setHeader('Content-Type', 'text/html').end('<p>'));
  try {
    const { page } = await openPage(await listen(stranger, { host: '127.0.0.1', port: 0 }));
    const asked = (contentType: string, mode: string) =>
      page.evaluate(
        `fetch('${codecOrigin}/codec/decode', { method: 'POST', mode: '${mode}', headers: { 'content-type': '${contentType}' }, body: '{"payloads":[]}' })` +
          '.then((answer) => answer.type, (error) => error.name)',
      );
    expect(await asked('application/json', 'cors')).toBe('TypeError');
    // Sent without asking first, as a form would be.
    expect(await asked('text/plain', 'no-cors')).toBe('TypeError');
  } finally {
    stranger.closeAllConnections();
    await drain(stranger);
  }
});

test('without our api the same page shows ciphertext only, and says that it could not ask', async () => {
  await stopApi();
  const { page } = await openPage(pageUrl);
  const shown = await shownWith(page, ENCRYPTED);
  await page.locator('#content').getByText('Codec Server could not connect').waitFor();
  for (const word of [EMAIL, SUMMARY, '"outcome"']) expect(shown).not.toContain(word);
});
