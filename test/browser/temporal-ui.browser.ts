import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type { Page } from 'playwright-core';
import { createApi } from '../../src/api/server';
import { readConfig } from '../../src/config';
import { localApiEnvironment } from '../../src/dev/environments';
import { temporalService } from '../../src/dev/temporal-server';
import { type Audit, openAudit } from '../../src/observability/audit';
import { createLogger } from '../../src/observability/log';
import { createRegistry } from '../../src/observability/metrics';
import { drain, listen } from '../../src/process/listening';
import { createPayloadCodec } from '../../src/temporal/codec';
import { createLazyClient } from '../../src/temporal/connection';
import { createDataConverter } from '../../src/temporal/data-converter';
import { generateKey } from '../../src/temporal/key-ring';
import { COLLECT_RECORDS } from '../../src/workflows/contract';
import { fakeUseCases } from '../api/fake-use-cases';
import { until } from '../support/condition';
import { useFolders } from '../support/folders';
import { freePort } from '../support/temporal-server';
import { openPage } from './fixture';

const { CommandType } = temporal.api.enums.v1;
const WORKFLOW_ID = 'applicant-POL-1';
const EMAIL = 'canary@example.org';
const SUMMARY = 'waiting for further reports';
/** `binary/encrypted`, as the UI shows the metadata of an encrypted payload. */
const ENCRYPTED = Buffer.from('binary/encrypted').toString('base64');
const SETUP_TIMEOUT_MS = 60_000;

let folder: string;
let server: ChildProcess;
let client: Client;
let api: Awaited<ReturnType<typeof createApi>>;
let audit: Audit;
let pageUrl: string;
let codecOrigin: string;

/** Starts Temporal with its UI and the api process's server, with the arguments and the environment of `npm start`. */
beforeAll(async () => {
  folder = await newFolder();
  const [port, uiPort, apiPort] = [await freePort(), await freePort(), await freePort()];
  const env = { PAYLOAD_KEYS: generateKey('main'), TEMPORAL_ADDRESS: `127.0.0.1:${port}` };
  const {
    api: settings,
    payload,
    temporal: at,
  } = readConfig('api', localApiEnvironment(env, { port: apiPort, keys: '', uiPort, hasSandbox: true }), folder);
  client = createLazyClient(at, createDataConverter(payload, at.namespace));
  codecOrigin = `http://127.0.0.1:${apiPort}`;
  const { program, args, cwd, checkReady } = temporalService({
    cli: process.env['TEMPORAL_CLI_PATH'] ?? '',
    port,
    uiPort,
    codecUrl: `${codecOrigin}/codec`,
    databaseFile: join(folder, 'temporal.db'),
    env: {},
    client,
  });
  server = spawn(program, args, { ...(cwd && { cwd }), stdio: 'ignore' });
  audit = await openAudit({ folder: join(folder, 'audit'), process: 'api' });
  const log = createLogger({ process: 'api', level: 'silent' });
  const { ring } = payload;
  const { useCases } = fakeUseCases();
  const readiness = { isStoreReady: () => true, isTemporalReady: async () => true };
  const registry = createRegistry('api');
  api = await createApi({ settings, useCases, readiness, ring, namespace: at.namespace, audit, registry, log });
  await listen(api.server, settings);
  await until('the Temporal server', () =>
    checkReady?.().then(
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
  const runId = await createHistory(encode);
  pageUrl = `http://127.0.0.1:${uiPort}/namespaces/${at.namespace}/workflows/${WORKFLOW_ID}/${runId}/timeline`;
});

afterAll(async () => {
  await client?.connection.close();
  if (server?.exitCode === null && server.kill('SIGTERM')) await once(server, 'exit');
  await stopApi();
  await audit?.close();
});
const newFolder = useFolders();

async function stopApi(): Promise<void> {
  if (api?.server.listening !== true) return;
  api.server.closeAllConnections();
  await drain(api.server);
  await api.close();
}

/** Creates the history of an applicant without a worker: a timer with a summary, then the result. */
async function createHistory(encode: (value: unknown) => Promise<temporal.api.common.v1.IPayload[]>): Promise<string> {
  const { namespace } = client.options;
  const taskQueue = 'by-hand';
  const { firstExecutionRunId } = await client.workflow.start(COLLECT_RECORDS, {
    workflowId: WORKFLOW_ID,
    taskQueue,
    args: [{ details: { clientUserEmail: EMAIL } }],
  });
  // A long poll needs its own deadline.
  const { taskToken } = await client.withDeadline(Date.now() + SETUP_TIMEOUT_MS, () =>
    client.workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue }, identity: 'the test' }),
  );
  const [summary = null] = await encode(SUMMARY);
  await client.workflowService.respondWorkflowTaskCompleted({
    namespace,
    taskToken,
    identity: 'the test',
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

/** Waits for a text on the page and returns the text of the page. */
async function waitForText(page: Page, text: string): Promise<string> {
  return until(`"${text}" on the page`, async () => {
    const content = await page.locator('body').innerText();
    return content.includes(text) && content;
  });
}

test("Temporal's UI decrypts input, result and summaries without settings, and requests the api only", async () => {
  const { page, faults, externalUrls } = await openPage(pageUrl);
  await waitForText(page, EMAIL);
  await waitForText(page, '"outcome": "collected"');
  expect(await waitForText(page, SUMMARY)).not.toContain(ENCRYPTED);
  expect(faults).toEqual([]);
  // The UI also requests Temporal's news feed.
  const urls = externalUrls.filter((url) => !url.startsWith('https://newsfeed.temporal.io/'));
  expect(new Set(urls.map((url) => new URL(url).origin))).toEqual(new Set([codecOrigin]));
});

test('a page of another origin in the same browser cannot read from the api', async () => {
  const otherSite = createServer((_request, response) => response.setHeader('Content-Type', 'text/html').end('<p>'));
  try {
    const { page } = await openPage(await listen(otherSite, { host: '127.0.0.1', port: 0 }));
    const decode = (contentType: string, mode: string) =>
      page.evaluate(
        `fetch('${codecOrigin}/codec/decode', { method: 'POST', mode: '${mode}', headers: { 'content-type': '${contentType}' }, body: '{"payloads":[]}' })` +
          '.then((answer) => answer.type, (error) => error.name)',
      );
    expect(await decode('application/json', 'cors')).toBe('TypeError');
    // Sent without a preflight request, like a form.
    expect(await decode('text/plain', 'no-cors')).toBe('TypeError');
  } finally {
    otherSite.closeAllConnections();
    await drain(otherSite);
  }
});

// The last test, because it stops the api.
test('without the api the page shows ciphertext only, with an error message', async () => {
  await stopApi();
  const { page } = await openPage(pageUrl);
  const content = await waitForText(page, ENCRYPTED);
  await page.locator('#content').getByText('Codec Server could not connect').waitFor();
  for (const text of [EMAIL, SUMMARY, '"outcome"']) expect(content).not.toContain(text);
});
