import path from 'node:path';
import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time';
import { DAY_MS, SECOND_MS } from '../domain/policy';
import { connectClient, createLazyClient, probeNamespace, warnIfServerOld } from '../temporal/connection';
import { ensureSearchAttributes } from '../temporal/search-attributes';
import type { TemporalSettings } from '../temporal/settings';
import { describeExit } from './child';
import type { DevOutput } from './dev-output';
import { temporalEnvironment, thirdPartyEnvironment } from './environments';
import { SANDBOX_DATA } from './fresh';
import { DATA_FOLDER, type DevOptions, usesSandbox } from './options';
import { programCommand } from './programs';
import { type Service, StartFailed, type Supervisor } from './supervisor';

/** The Temporal server that the stack uses. */
export interface TemporalEndpoint {
  readonly client: Client;
  /** Connects another process to it. */
  readonly env: Readonly<Record<string, string>>;
  /** Null: the UI of another server is unknown. */
  readonly temporalUiUrl: string | null;
  readonly temporalAddress: string;
}

/** The dev server deletes closed applicants after a day by default. */
const RETENTION_MS = 30 * DAY_MS;
const CALL_TIMEOUT_MS = 10 * SECOND_MS;
/** A short outage of a configured server. */
const CONNECT_WITHIN_MS = 30 * SECOND_MS;

/** Connects to the configured server. */
export async function connectOtherTemporal(
  settings: TemporalSettings,
  converter: DataConverter | undefined,
  output: DevOutput,
): Promise<TemporalEndpoint> {
  const temporalAddress = settings.connection.address;
  const print = (_fields: object, text: string) => output.message(text);
  const log = { info: () => {}, warn: print, error: print };
  const client = await output.phase(`Temporal at ${temporalAddress}`, () =>
    connectClient(settings, { log, giveUpAfterMs: CONNECT_WITHIN_MS }, converter),
  );
  await warnIfServerOld(client.connection, log);
  await registerSearchAttributes(client, output);
  return { client, env: {}, temporalUiUrl: null, temporalAddress };
}

/** Starts a dev server. @throws {StartFailed} */
export async function startOwnTemporal(
  options: DevOptions,
  converter: DataConverter | undefined,
  ports: Readonly<Record<'temporal' | 'ui' | 'api', number>>,
  supervisor: Supervisor,
  output: DevOutput,
): Promise<TemporalEndpoint> {
  const { namespace } = options.config.temporal;
  const temporalAddress = `127.0.0.1:${ports.temporal}`;
  const client = createLazyClient({ namespace, connection: { address: temporalAddress } }, converter);
  // Two databases: a worker that asks the sandbox about real applicants would find them deleted.
  const databaseFile = path.join(DATA_FOLDER, usesSandbox(options) ? SANDBOX_DATA.database : 'temporal.db');
  await output.phase('Temporal server', async () => {
    const cli = await findCli(supervisor);
    const service = temporalService({
      cli,
      client,
      databaseFile,
      port: ports.temporal,
      uiPort: ports.ui,
      codecUrl: usesSandbox(options) ? `http://127.0.0.1:${ports.api}/codec` : null,
      env: thirdPartyEnvironment(process.env),
    });
    await supervisor.start(service);
    await ensureRetention(client);
  });
  await registerSearchAttributes(client, output);
  return {
    client,
    env: temporalEnvironment(temporalAddress, namespace, DATA_FOLDER),
    temporalUiUrl: `http://127.0.0.1:${ports.ui}/namespaces/${namespace}/workflows`,
    temporalAddress,
  };
}

/** Temporal's dev server with its Web UI, on loopback only, with its database in a file. */
export function temporalService(options: {
  readonly cli: string;
  readonly port: number;
  readonly uiPort: number;
  /** Where the UI has payloads decoded; null: it shows ciphertext. */
  readonly codecUrl: string | null;
  readonly databaseFile: string;
  readonly env: NodeJS.ProcessEnv;
  /** A lazy client for the address above. */
  readonly client: Client;
}): Service {
  const { cli, port, uiPort, codecUrl, databaseFile, env, client } = options;
  const { namespace } = client.options;
  return {
    name: 'temporal',
    program: cli,
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
      ...(codecUrl === null ? [] : ['--ui-codec-endpoint', codecUrl]),
      // Measured: ten times as many signals with the write-ahead log, and equally durable.
      ...['--db-filename', path.basename(databaseFile), '--sqlite-pragma', 'journal_mode=wal'],
      ...(namespace === 'default' ? [] : ['--namespace', namespace]),
      ...['--log-level', 'warn', '--log-format', 'json'],
    ],
    env,
    // The server parses the file's path as a URI, so the folder's name must not be in it: it may contain `?`, `#` or `%`.
    cwd: path.dirname(path.resolve(databaseFile)),
    checkReady: () => probeNamespace(client.connection, namespace),
    readyWithinMs: 60 * SECOND_MS,
    graceMs: 10 * SECOND_MS,
    // It logs each poll that a drain interrupts as an error.
    quiet: true,
    onExit: 'end',
  };
}

/** Sets the namespace's retention to 30 days, unless it is longer. */
async function ensureRetention(client: Client): Promise<void> {
  const { namespace } = client.options;
  await client.withDeadline(Date.now() + CALL_TIMEOUT_MS, async () => {
    const { config } = await client.workflowService.describeNamespace({ namespace });
    if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * SECOND_MS >= RETENTION_MS) return;
    const workflowExecutionRetentionTtl = msToTs(RETENTION_MS);
    await client.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl } });
  });
}

/** Before the worker and the webhook start, because both would register them. */
async function registerSearchAttributes(client: Client, output: DevOutput): Promise<void> {
  await output.phase('search attributes', () =>
    ensureSearchAttributes(client.connection, client.options.namespace, { log: { info: () => {} } }),
  );
}

async function findCli(supervisor: Supervisor): Promise<string> {
  const { exit, output, log } = await supervisor.runToEnd(
    'set-up',
    programCommand('findTemporal', ['cli'], process.env),
  );
  const cli = output.at(-1);
  if (exit.status === 0 && cli) return cli;
  throw new StartFailed(
    `Temporal's CLI is not available (${describeExit(exit)}); the attempts are above and in ${log}`,
  );
}
