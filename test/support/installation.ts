import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { ROLES } from '../../src/api/keys';
import { createFolderStore } from '../../src/report-store/folder/store';
import { createLazyClient } from '../../src/temporal/connection';
import { createDataConverter } from '../../src/temporal/data-converter';
import { parseKeyRing } from '../../src/temporal/key-ring';
import type { collectRecords } from '../../src/workflows/collect-records';
import { applicantWorkflowId, type CollectRecordsResult, stateQuery } from '../../src/workflows/contract';
import { useFolders } from './folders';
import { type RunningProcess, runProcess, startProcess, useBuild } from './processes';
import { sha256 } from './stored';
import { freePort, startTemporalServer, type TemporalServer } from './temporal-server';
import { Upstream } from './upstream';
import { UpstreamProxy } from './upstream-proxy';

/** The api key of an installation, with every role. */
export const API_KEY = 'test-key-with-every-role-0123456789abcdefgh';
const CREDENTIALS = { clientId: 'test-client', clientSecret: 'test-secret' };
const WEBHOOK_SECRET = 'test-webhook-secret';
/** Must not occur in any output. */
export const SECRETS: readonly string[] = [CREDENTIALS.clientSecret, WEBHOOK_SECRET, API_KEY];

/** The task queue of every installation; each has its own Temporal server. */
export const TASK_QUEUE = 'chartway';

export interface InstallationOptions {
  /** How many times faster the stories of the sandbox run. */
  readonly speed: number;
  /** `lost`: the sandbox sends none, and no webhook runs. `by hand`: a webhook runs, and the test sends them. */
  readonly notices: 'sent' | 'lost' | 'by hand';
  /** The policy as environment variables. */
  readonly policy: Readonly<Record<string, string>>;
  /** How long the sandbox waits for the answer to a notice, before it discards the notice. Default: 3 s, as upstream. */
  readonly answerTimeout?: string;
  /** Returns the URL to which the sandbox posts its notices instead of the given URL of the webhook. */
  readonly noticesBy?: (webhookUrl: string) => Promise<string>;
  /** PAYLOAD_KEYS of worker, starter and operator, and of the webhook. Default: no encryption. */
  readonly keys?: { readonly main: string; readonly webhook: string };
  /** `none`: the report store is not created before the worker starts. */
  readonly store?: 'none';
  /** Default: `warn`. */
  readonly logLevel?: string;
  /** `file`: Temporal can be started again with its database. Default: in memory. */
  readonly database?: 'file';
  /** More arguments of the Temporal server. */
  readonly temporalArguments?: readonly string[];
}

interface Row {
  readonly clientUserId: string;
  readonly as: string;
}

/** The details of the applicants of a file. */
interface Identity {
  readonly domain: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly dateOfBirth: string;
  readonly source: string;
}

const DEFAULT_IDENTITY: Identity = {
  domain: 'example.org',
  firstName: 'Robin',
  lastName: 'Sample',
  dateOfBirth: '1980-02-03',
  source: '',
};

/** The longest story takes about 20 s on an idle machine. Below the time limit of jest, which says less. */
const ENDED_TIMEOUT_MS = 90_000;

/** The compiled processes of an installation, with a Temporal server, a sandbox and an empty store. */
export class Installation {
  private readonly running: RunningProcess[] = [];
  private readonly outputs: string[] = [];
  private currentWorker: RunningProcess | null = null;

  private constructor(
    private readonly options: InstallationOptions,
    private readonly home: string,
    private server: TemporalServer,
    private readonly env: Readonly<Record<string, string>>,
    readonly client: Client,
    readonly proxy: UpstreamProxy,
    readonly upstream: Upstream,
    /** Null where notices are lost. */
    private webhook: RunningProcess | null,
    private readonly startWebhook: () => Promise<RunningProcess>,
  ) {}

  /** `emptyFolder`: where it works, if the caller removes it. */
  static async start(options: InstallationOptions, emptyFolder?: string): Promise<Installation> {
    const home = emptyFolder ?? (await mkdtemp(join(tmpdir(), 'chartway-installation-')));
    const folder = folderIn(home);
    await mkdir(folder);
    if (options.store !== 'none') await createFolderStore(join(folder, 'reports')).init();
    const server = await startTemporal(options, home);
    const common = {
      TEMPORAL_ADDRESS: server.address,
      TASK_QUEUE,
      LOG_LEVEL: options.logLevel ?? 'warn',
      ...(options.keys && { PAYLOAD_KEYS: options.keys.main }),
    };
    // A fixed port, so that a killed webhook returns at the same URL.
    const webhookPort = await freePort();
    const webhookEnv = {
      ...common,
      WEBHOOK_SECRET,
      WEBHOOK_PORT: String(webhookPort),
      ...(options.keys && { PAYLOAD_KEYS: options.keys.webhook }),
    };
    const startWebhook = () => startProcess('webhook', folder, webhookEnv);
    const webhook = options.notices === 'lost' ? null : await startWebhook();
    const webhookUrl = `http://127.0.0.1:${webhookPort}/notifications`;
    const sandbox = await startProcess('sandbox', folder, {
      SANDBOX_PORT: '0',
      SANDBOX_SPEED: String(options.speed),
      SANDBOX_CLIENT_ID: CREDENTIALS.clientId,
      SANDBOX_CLIENT_SECRET: CREDENTIALS.clientSecret,
      ...(options.notices === 'sent' && {
        SANDBOX_WEBHOOK_URL: (await options.noticesBy?.(webhookUrl)) ?? webhookUrl,
        SANDBOX_WEBHOOK_SECRET: WEBHOOK_SECRET,
        ...(options.answerTimeout && { SANDBOX_ANSWER_TIMEOUT: options.answerTimeout }),
      }),
    });
    const [url = ''] = sandbox.addresses;
    const proxy = await UpstreamProxy.start(url);
    const env = {
      ...options.policy,
      ...common,
      HUMAN_API_CLIENT_ID: CREDENTIALS.clientId,
      HUMAN_API_CLIENT_SECRET: CREDENTIALS.clientSecret,
      HUMAN_API_AUTH_URL: `${proxy.url}/auth`,
      HUMAN_API_ADMIN_URL: `${proxy.url}/admin`,
      HUMAN_API_DATA_URL: `${proxy.url}/data`,
      // The sandbox has no limit, and the cap is tested elsewhere.
      HUMAN_API_MAX_CALLS_PER_SECOND: '200',
      // For `doctor`.
      WEBHOOK_PORT: String(webhookPort),
      REPORT_STORE: join(folder, 'reports'),
    };
    const upstream = new Upstream(url, CREDENTIALS);
    const ring = options.keys ? parseKeyRing(options.keys.main) : null;
    const client = createLazyClient(
      { namespace: 'default', connection: { address: server.address } },
      createDataConverter({ ring, encrypts: ring !== null }, 'default'),
    );
    const installation = new Installation(options, home, server, env, client, proxy, upstream, webhook, startWebhook);
    installation.running.push(sandbox, ...(webhook ? [webhook] : []));
    return installation;
  }

  /** The folder in which the processes run. */
  get folder(): string {
    return folderIn(this.home);
  }

  get temporal(): TemporalServer {
    return this.server;
  }

  get databaseFile(): string {
    return databaseIn(this.home);
  }

  /** The worker that was started last. */
  get worker(): RunningProcess {
    if (!this.currentWorker) throw new Error('expected a started worker');
    return this.currentWorker;
  }

  /** Stops Temporal and starts it again at its address. */
  async restartTemporal(whileStopped: () => Promise<void> = async () => {}): Promise<void> {
    await this.server.stop();
    await whileStopped();
    this.server = await startTemporal(this.options, this.home, Number(this.server.address.split(':')[1]));
  }

  get reports(): string {
    return join(this.folder, 'reports');
  }

  /** Sends notices as Human API does, all in one array, and returns the webhook's answer. */
  async notify(notices: readonly object[]): Promise<unknown> {
    if (!this.webhook) throw new Error('expected an installation with a webhook');
    const answer = await fetch(noticesUrl(this.webhook), {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`human-api:${WEBHOOK_SECRET}`).toString('base64')}` },
      body: JSON.stringify(notices),
    });
    return answer.json();
  }

  /** Starts a worker; `settings` replace variables of the installation. */
  async startWorker(settings: Readonly<Record<string, string>> = {}): Promise<RunningProcess> {
    const worker = await startProcess('worker', this.folder, { ...this.env, METRICS_PORT: '0', ...settings });
    this.running.push(worker);
    this.currentWorker = worker;
    return worker;
  }

  /** Starts an api that {@link API_KEY} may call. Its first address is the API. */
  async startApi(settings: Readonly<Record<string, string>> = {}): Promise<RunningProcess> {
    const keys = { API_KEYS: `test:${ROLES.join('+')}:${sha256(API_KEY)}`, API_PORT: '0', METRICS_PORT: '0' };
    const api = await startProcess('api', this.folder, { ...this.env, ...keys, ...settings });
    this.running.push(api);
    return api;
  }

  /** Kills a process, as the failure of its machine would. */
  async kill(process: RunningProcess): Promise<void> {
    this.running.splice(this.running.indexOf(process), 1);
    await process.stop('SIGKILL');
  }

  /** Kills the webhook and starts another in its place. */
  async replaceWebhook(): Promise<void> {
    if (!this.webhook) throw new Error('expected an installation with a webhook');
    await this.kill(this.webhook);
    this.webhook = await this.startWebhook();
    this.running.push(this.webhook);
  }

  /** Kills the worker and starts another in its place. */
  async replaceWorker(settings?: Readonly<Record<string, string>>): Promise<void> {
    await this.kill(this.worker);
    await this.startWorker(settings);
  }

  /** Starts applicants with a file and expects each to be started. `as`: the persona, which the e-mail address selects. */
  async startSamples(applicants: readonly Row[]): Promise<void> {
    const results = await this.startApplicants(applicants);
    if (results.some((result) => result !== 'started')) throw new Error(`expected all to be started: ${results}`);
  }

  /** Starts applicants with a file and flags of the starter; returns the `result` of each row in the order of the output. */
  async startApplicants(
    applicants: readonly Row[],
    flags: readonly string[] = [],
    settings: Readonly<Record<string, string>> = {},
    { domain, firstName, lastName, dateOfBirth, source }: Identity = DEFAULT_IDENTITY,
  ): Promise<readonly string[]> {
    const details = [firstName, lastName, dateOfBirth, source].join();
    const rows = applicants.map(({ clientUserId, as }) => `${clientUserId},${as}@${domain},${details}`);
    const file = ['clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources', ...rows, ''];
    const args = ['--file', '-', '--json', ...flags];
    const starter = await runProcess('starter', this.folder, { ...this.env, ...settings }, args, file.join('\n'));
    this.outputs.push(starter.output);
    const results = starter.lines.map((line) => (JSON.parse(line) as { result: string }).result);
    if (starter.status !== 0 || results.length !== applicants.length)
      throw new Error(`expected a result of each row: ${results}; exit status ${starter.status}: ${starter.stderr}`);
    return results;
  }

  /** Runs an operator command: `npm run chartway -- <args>`. */
  async runCommand(
    ...args: readonly string[]
  ): Promise<{ status: number | null; lines: readonly string[]; stderr: string }> {
    return runProcess('chartway', this.folder, this.env, args);
  }

  /** Waits until an applicant closes, and returns its result. */
  async waitForEnd(clientUserId: string, timeoutMs = ENDED_TIMEOUT_MS): Promise<CollectRecordsResult> {
    const applicant = this.client.workflow.getHandle<typeof collectRecords>(applicantWorkflowId(clientUserId));
    try {
      return await this.client.withDeadline(Date.now() + timeoutMs, () => applicant.result());
    } catch (error) {
      const { stage, status, waitingFor } = await applicant.query(stateQuery);
      const state = JSON.stringify({ stage, status, waitingFor });
      throw new Error(`expected ${clientUserId} to close within ${timeoutMs} ms, its state is ${state}`, {
        cause: error,
      });
    }
  }

  /** The output of all processes so far, including those that have exited, except the sandbox. */
  output(): string {
    const running = this.running.filter(({ name }) => name !== 'sandbox').map((process) => process.output());
    return [...this.outputs, ...running].join('\n');
  }

  /** The log lines of the sandbox. */
  sandboxLog(): readonly Record<string, unknown>[] {
    const sandbox = this.running.find(({ name }) => name === 'sandbox');
    const lines = sandbox?.stderr().split('\n').slice(0, -1) ?? [];
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** The metrics of all processes. */
  async metrics(): Promise<string> {
    const urls = this.running.filter(({ name }) => name !== 'sandbox').flatMap(({ addresses }) => addresses.slice(-1));
    const texts = urls.map(async (url) => (await fetch(`${url}/metrics`)).text());
    return (await Promise.all(texts)).join('\n');
  }

  /** Ends every process with SIGTERM and returns how each exited. */
  async stop(): Promise<readonly { readonly status: number | null; readonly lines: readonly string[] }[]> {
    const ending = this.running.splice(0).map(async (process) => {
      const status = await process.stop();
      if (process.name !== 'sandbox') this.outputs.push(process.output());
      return { status, lines: process.lines() };
    });
    return Promise.all(ending);
  }

  /** Removes everything; can follow {@link stop}. */
  async remove(): Promise<void> {
    await this.stop();
    await this.client.connection.close();
    await this.proxy.close();
    await this.server.stop();
    await rm(this.home, { recursive: true, force: true });
  }
}

/** An installation for the tests of a file or group, with a worker if there is a store. */
export function useInstallation(options: InstallationOptions): () => Installation {
  let installation: Installation | undefined;
  // Before the hook of useBuild, which kills what still runs.
  afterAll(async () => {
    const ended = (await installation?.stop()) ?? [];
    await installation?.remove();
    expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 0));
  });
  useBuild();
  const newFolder = useFolders();
  beforeAll(async () => {
    installation = await Installation.start(options, await newFolder());
    if (options.store !== 'none') await installation.startWorker();
  });
  return () => {
    if (!installation) throw new Error('expected the installation to be used within a test');
    return installation;
  };
}

function folderIn(home: string): string {
  return join(home, 'processes');
}

function databaseIn(home: string): string {
  return join(home, 'temporal.db');
}

function startTemporal(options: InstallationOptions, home: string, port?: number): Promise<TemporalServer> {
  const { database, temporalArguments: extraArgs = [] } = options;
  return startTemporalServer({
    extraArgs,
    ...(port !== undefined && { port }),
    ...(database === 'file' && { dbFile: databaseIn(home) }),
  });
}

function noticesUrl(webhook: RunningProcess): string {
  return `${webhook.addresses[0]}/notifications`;
}
