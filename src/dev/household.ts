import path from 'node:path';
import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { connectClient, createLazyClient } from '../temporal/connection';
import { createDataConverter } from '../temporal/data-converter';
import type { PayloadSettings } from '../temporal/payload-settings';
import { ensureSearchAttributes } from '../temporal/search-attributes';
import { warnIfServerOld } from '../temporal/server-version';
import type { TemporalSettings } from '../temporal/settings';
import { inWords } from './child';
import {
  foreignEnvironment,
  metricsEnvironment,
  openApiEnvironment,
  sandboxEnvironment,
  sandboxedEnvironment,
  temporalEnvironment,
  webhookEnvironment,
} from './environments';
import { SANDBOX_WORLD } from './fresh';
import { ownKeys } from './own-keys';
import { SPEED } from './pace';
import { choosePorts, type Port } from './ports';
import { nodeCommand, ourProcess, type Programs } from './processes';
import { keptSecret } from './secrets';
import { MemberLost, type Supervisor } from './supervisor';
import { keepClosedRuns, temporalServer } from './temporal-server';
import type { Terminal } from './terminal';

/** What is to run, and where. */
export interface HouseholdOptions {
  /** Holds the database, the logs, the secrets. */
  readonly dataFolder: string;
  readonly programs: Programs;
  /** What every process inherits. */
  readonly env: NodeJS.ProcessEnv;
  /** No credentials: the stand-in upstream instead of the real one. */
  readonly sandboxed: boolean;
  /** The server that is to be used; null: one of our own, in `namespace`. */
  readonly temporal: TemporalSettings | null;
  readonly namespace: string;
  /** Null: encrypted with keys of our own. */
  readonly payload: PayloadSettings | null;
  readonly taskQueue: string;
  /** Makes the report store where there is none. */
  readonly initStore: () => Promise<void>;
  /** `tls`: set where it ends TLS itself; beside the sandbox, which is on this machine, it does not. */
  readonly webhook: {
    readonly host: string;
    readonly port: number;
    /** The entries of AUDIT_KEY that it may have. */
    readonly auditKey: string;
    readonly secretGiven: boolean;
    readonly tls: object | null;
  };
  /** Of the api process, which runs beside a Temporal server of our own. */
  readonly apiPort: number;
  /** Where the worker serves its metrics, the webhook one port higher, the api two; null: nowhere. */
  readonly metricsPort: number | null;
}

/** Everything that runs. */
export interface Household {
  readonly client: Client;
  /** What leads another of our processes to the same Temporal and the same upstream. */
  readonly env: NodeJS.ProcessEnv;
  readonly webhookUrl: string;
  /** Null where the upstream is the real one. */
  readonly sandboxUrl: string | null;
  /** Null where Temporal is somebody else's. */
  readonly temporalUiUrl: string | null;
  readonly temporalAddress: string;
  readonly taskQueue: string;
}

/** A server of somebody else's may be down for a moment; longer, and the person should look. */
const GIVE_UP_AFTER_MS = 30_000;
const OUR_TEMPORAL_PORT = 7233;
const OUR_TEMPORAL_UI_PORT = 8233;
const SANDBOX_PORT = 3002;

/**
 * Starts Temporal, the upstream's stand-in, the worker, the webhook and the api, each on its usual port or a free one. As soon as the sandbox
 * serves, `check` may look at it: nothing that cannot be played is worth the wait. @throws {MemberLost}; what `check` throws
 */
export async function bringUp(
  options: HouseholdOptions,
  supervisor: Supervisor,
  terminal: Terminal,
  check: (sandboxUrl: string) => Promise<void>,
): Promise<Household> {
  const { webhook, metricsPort, sandboxed, programs, dataFolder } = options;
  const ports = await choosePorts({
    temporal: OUR_TEMPORAL_PORT,
    ui: OUR_TEMPORAL_UI_PORT,
    webhook: webhook.port,
    api: options.apiPort,
    sandbox: SANDBOX_PORT,
    workerMetrics: metricsPort ?? 0,
    webhookMetrics: metricsPort === null ? 0 : metricsPort + 1,
    apiMetrics: metricsPort === null ? 0 : metricsPort + 2,
  });
  const { temporal: _temporal, ui: _ui, api: _api, apiMetrics: _apiMetrics, ...ours } = ports;
  tellOfTakenPorts(options.temporal ? ours : ports, options, terminal);

  // What the sandbox alone posts to is nobody else's to reach.
  const webhookHost = sandboxed ? '127.0.0.1' : webhook.host;
  const scheme = sandboxed || webhook.tls === null ? 'http' : 'https';
  const webhookUrl = `${scheme}://${webhookHost}:${ports.webhook.number}/notifications`;
  const sandboxUrl = sandboxed ? `http://127.0.0.1:${ports.sandbox.number}` : null;
  const secret = (name: string) => keptSecret(dataFolder, name);

  const startSandbox = async () => {
    if (!sandboxUrl) return;
    const args = [
      ...['--port', String(ports.sandbox.number), '--speed', String(SPEED), '--webhook', webhookUrl],
      ...['--data', path.resolve(dataFolder, SANDBOX_WORLD.people)],
    ];
    const env = sandboxEnvironment(options.env, {
      client: secret('sandbox-secret'),
      webhook: secret('webhook-secret'),
    });
    await terminal.phase('sandbox, which stands in for Human API', () =>
      supervisor.start(ourProcess('sandbox', programs.sandbox, args, env)),
    );
    await check(sandboxUrl);
  };
  const keys = options.payload ? null : ownKeys(dataFolder);
  const payload = options.payload ?? keys?.payload ?? { ring: null, encrypts: false };
  const converter = createDataConverter(payload, options.namespace);
  const [temporal] = await Promise.all([
    options.temporal
      ? theirTemporal(options.temporal, converter, terminal)
      : ourTemporal(options, converter, ports, supervisor, terminal),
    startSandbox(),
  ]);
  keys?.lend(temporal.temporalAddress);
  await options.initStore().catch((error: unknown) => {
    throw new MemberLost(error instanceof Error ? error.message : 'the report store could not be made');
  });
  // On a server that others use too, applicants of the real upstream may wait for a worker: ours must not ask the sandbox about them.
  const taskQueue = sandboxed && options.temporal ? `${options.taskQueue}-sandbox` : options.taskQueue;
  const env = {
    ...options.env,
    ...temporal.env,
    ...keys?.env,
    ...(sandboxUrl ? sandboxedEnvironment(sandboxUrl, secret('sandbox-secret')) : {}),
    TASK_QUEUE: taskQueue,
  };
  const metrics = (port: Port) => metricsEnvironment(metricsPort === null ? null : port.number);
  const workerEnv = { ...env, ...metrics(ports.workerMetrics) };
  const webhookEnv = webhookEnvironment(
    { ...env, ...metrics(ports.webhookMetrics) },
    { host: webhookHost, port: ports.webhook.number, scheme },
    {
      auditKey: webhook.auditKey,
      ...(sandboxed || !webhook.secretGiven ? { secret: secret('webhook-secret') } : {}),
      // Apart from each other, as the databases are: what the sandbox said is no news of a real person.
      ...(sandboxed ? { spoolFolder: path.resolve(dataFolder, SANDBOX_WORLD.spool) } : {}),
    },
  );
  const apiEnv = openApiEnvironment({ ...env, ...metrics(ports.apiMetrics) }, ports.api.number, ports.ui.number);
  await Promise.all([
    terminal.phase('worker', () => supervisor.start(ourProcess('worker', programs.worker, [], workerEnv))),
    terminal.phase('webhook', () => supervisor.start(ourProcess('webhook', programs.webhook, [], webhookEnv))),
    // Beside a server of somebody else's it would serve nothing yet: its UI is not ours to point anywhere.
    ...(options.temporal
      ? []
      : [terminal.phase('api', () => supervisor.start(ourProcess('api', programs.api, [], apiEnv)))]),
  ]);
  return { ...temporal, env, webhookUrl, sandboxUrl, taskQueue };
}

type Ports = Awaited<
  ReturnType<
    typeof choosePorts<
      'temporal' | 'ui' | 'webhook' | 'api' | 'sandbox' | 'workerMetrics' | 'webhookMetrics' | 'apiMetrics'
    >
  >
>;

function tellOfTakenPorts(ports: Partial<Ports>, { sandboxed, webhook }: HouseholdOptions, terminal: Terminal): void {
  for (const { wanted, number } of Object.values(ports)) {
    if (wanted === 0 || wanted === number) continue;
    if (!sandboxed && wanted === webhook.port) {
      throw new MemberLost(`port ${wanted} is taken, and Human API posts there: end who listens, or set WEBHOOK_PORT.`);
    }
    terminal.say(`port ${wanted} is taken; using ${number} instead`);
  }
}

async function theirTemporal(settings: TemporalSettings, converter: DataConverter | undefined, terminal: Terminal) {
  const temporalAddress = settings.connection.address;
  const say = (_fields: object, text: string) => terminal.say(text);
  const log = { info: () => {}, warn: say, error: say };
  const client = await terminal.phase(`Temporal at ${temporalAddress}`, () =>
    connectClient(settings, { log, giveUpAfterMs: GIVE_UP_AFTER_MS }, converter),
  );
  await warnIfServerOld(client.connection, log);
  await searchAttributes(client, terminal);
  return { client, env: {}, temporalUiUrl: null, temporalAddress };
}

async function ourTemporal(
  options: HouseholdOptions,
  converter: DataConverter | undefined,
  { temporal, ui, api }: Ports,
  supervisor: Supervisor,
  terminal: Terminal,
) {
  const { dataFolder, namespace, programs, sandboxed } = options;
  const temporalAddress = `127.0.0.1:${temporal.number}`;
  const client = createLazyClient({ namespace, connection: { address: temporalAddress } }, converter);
  // Apart from each other: a worker that asks the sandbox about real applicants would take them for deleted.
  const databaseFile = path.join(dataFolder, sandboxed ? SANDBOX_WORLD.database : 'temporal.db');
  const env = foreignEnvironment(options.env);
  const codecUrl = `http://127.0.0.1:${api.number}/codec`;
  await terminal.phase('Temporal server', async () => {
    const cli = await findCli(programs.findTemporalCli, options.env, supervisor);
    await supervisor.start(
      temporalServer({ cli, port: temporal.number, uiPort: ui.number, codecUrl, databaseFile, env, client }),
    );
    await keepClosedRuns(client);
  });
  await searchAttributes(client, terminal);
  return {
    client,
    env: temporalEnvironment(temporalAddress, namespace, dataFolder),
    temporalUiUrl: `http://127.0.0.1:${ui.number}/namespaces/${namespace}/workflows`,
    temporalAddress,
  };
}

/** Before the worker and the webhook, which would each register what is missing. */
async function searchAttributes(client: Client, terminal: Terminal): Promise<void> {
  await terminal.phase('search attributes', () =>
    ensureSearchAttributes(client.connection, client.options.namespace, { log: { info: () => {} } }),
  );
}

/** The first time it may be fetched, which the script tells. */
async function findCli(script: string, env: NodeJS.ProcessEnv, supervisor: Supervisor): Promise<string> {
  const { ending, printed, log } = await supervisor.errand('set-up', nodeCommand(script, ['cli'], env));
  const cli = printed.at(-1);
  if (ending.status === 0 && cli) return cli;
  throw new MemberLost(
    `there is no Temporal server to run (${inWords(ending)}); what was tried is above and in ${log}`,
  );
}
