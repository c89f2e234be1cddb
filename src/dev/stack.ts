import path from 'node:path';
import { publishDevRun } from '../process/dev-run';
import { createDataConverter } from '../temporal/data-converter';
import { createApiKeys } from './api-key';
import { openDevKeys, readOrCreateSecret } from './dev-files';
import type { DevOutput } from './dev-output';
import {
  commandSettings,
  localApiEnvironment,
  sandboxEnvironment,
  sandboxUpstreamEnvironment,
  webhookEnvironment,
} from './environments';
import { SANDBOX_DATA } from './fresh';
import { DATA_FOLDER, type DevOptions, usesSandbox } from './options';
import { choosePorts, metricsPort } from './ports';
import { chartwayService } from './programs';
import { demoPolicyEnvironment, SPEED } from './samples';
import { StartFailed, type Supervisor } from './supervisor';
import { connectOtherTemporal, startOwnTemporal, type TemporalEndpoint } from './temporal-server';

/** The running processes. */
export interface Stack extends Omit<TemporalEndpoint, 'env'> {
  /** Connects another process to the same Temporal and the same upstream. */
  readonly env: NodeJS.ProcessEnv;
  readonly webhookUrl: string;
  readonly apiUrl: string;
  /** Null: the upstream is the real Human API. */
  readonly sandboxUrl: string | null;
  readonly taskQueue: string;
}

const TEMPORAL_PORT = 7233;
const TEMPORAL_UI_PORT = 8233;
const SANDBOX_PORT = 3002;

/**
 * Starts Temporal, the sandbox, the worker, the webhook and the api, each on its usual port or a free one. `onSandbox` runs as soon as the sandbox
 * serves: a wrong persona must fail early. @throws {StartFailed}; what `onSandbox` throws
 */
export async function startStack(
  options: DevOptions,
  supervisor: Supervisor,
  output: DevOutput,
  onSandbox: (sandboxUrl: string) => Promise<void>,
): Promise<Stack> {
  const { webhook, api, metrics, temporal: temporalSettings, ...config } = options.config;
  const hasSandbox = usesSandbox(options);
  const startsTemporal = !config.hasTemporalServer;
  const wanted = {
    temporal: startsTemporal ? TEMPORAL_PORT : 0,
    ui: startsTemporal ? TEMPORAL_UI_PORT : 0,
    webhook: webhook.port,
    api: api.port,
    sandbox: SANDBOX_PORT,
    workerMetrics: metricsPort(metrics.port, 0),
    webhookMetrics: metricsPort(metrics.port, 1),
    apiMetrics: metricsPort(metrics.port, 2),
  };
  const ports = await choosePorts(wanted);
  for (const name of Object.keys(wanted) as (keyof typeof wanted)[]) {
    if (wanted[name] === 0 || wanted[name] === ports[name]) continue;
    if (!hasSandbox && name === 'webhook') {
      throw new StartFailed(
        `port ${webhook.port} is taken, and Human API posts to it: stop the program that listens there, or set WEBHOOK_PORT.`,
      );
    }
    output.message(`port ${wanted[name]} is taken; using ${ports[name]} instead`);
  }

  // Only the sandbox posts to it.
  const webhookHost = hasSandbox ? '127.0.0.1' : webhook.host;
  const hasTls = !hasSandbox && webhook.tls !== null;
  const webhookUrl = `http${hasTls ? 's' : ''}://${webhookHost}:${ports.webhook}/notifications`;
  const sandboxUrl = hasSandbox ? `http://127.0.0.1:${ports.sandbox}` : null;
  const secret = (name: string) => readOrCreateSecret(DATA_FOLDER, name);

  const startSandbox = async () => {
    if (!sandboxUrl) return;
    const args = [
      ...['--port', String(ports.sandbox), '--speed', String(SPEED), '--webhook', webhookUrl],
      ...['--data', path.resolve(DATA_FOLDER, SANDBOX_DATA.people)],
    ];
    const secrets = { client: secret('sandbox-secret'), webhook: secret('webhook-secret') };
    const service = chartwayService('sandbox', args, sandboxEnvironment(process.env, secrets));
    await output.phase('sandbox', () => supervisor.start(service));
    await onSandbox(sandboxUrl);
  };
  const keys = config.hasPayloadSettings ? null : openDevKeys(DATA_FOLDER);
  const converter = createDataConverter(keys?.payload ?? config.payload, temporalSettings.namespace);
  const [temporal] = await Promise.all([
    startsTemporal
      ? startOwnTemporal(options, converter, ports, supervisor, output)
      : connectOtherTemporal(temporalSettings, converter, output),
    startSandbox(),
  ]);
  await options.initStore().catch((error: unknown) => {
    throw new StartFailed(error instanceof Error ? error.message : 'the report store could not be created');
  });
  // A shared server may have applicants of the real Human API: this worker must not ask the sandbox about them.
  const taskQueue = hasSandbox && !startsTemporal ? `${config.taskQueue}-sandbox` : config.taskQueue;
  const env = {
    ...process.env,
    ...temporal.env,
    ...keys?.env,
    ...(sandboxUrl ? sandboxUpstreamEnvironment(sandboxUrl, secret('sandbox-secret')) : {}),
    TASK_QUEUE: taskQueue,
  };
  const unpublish = publishDevRun(DATA_FOLDER, {
    temporalAddress: temporal.temporalAddress,
    usesOwnKeys: keys !== null,
    settings: commandSettings({
      temporal: startsTemporal ? { address: temporal.temporalAddress, namespace: temporalSettings.namespace } : null,
      taskQueue,
      webhook: { host: webhookHost, port: ports.webhook, hasTls },
      ...(hasSandbox ? { spoolFolder: path.resolve(DATA_FOLDER, SANDBOX_DATA.spool) } : {}),
      policy: hasSandbox ? demoPolicyEnvironment('story') : {},
    }),
  });
  process.once('exit', unpublish);
  const withMetrics = (port: number) => ({ ...env, METRICS_PORT: metrics.port === null ? '' : String(port) });
  const webhookEnv = webhookEnvironment(withMetrics(ports.webhookMetrics), {
    host: webhookHost,
    port: ports.webhook,
    hasTls,
    auditKey: webhook.auditKey,
    ...(hasSandbox || webhook.secrets.length === 0 ? { secret: secret('webhook-secret') } : {}),
    // Notices of the sandbox and of the real Human API must not mix.
    ...(hasSandbox ? { spoolFolder: path.resolve(DATA_FOLDER, SANDBOX_DATA.spool) } : {}),
  });
  const apiEnv = localApiEnvironment(
    // The applicants that it starts follow the stories of the sandbox, as the samples do.
    { ...withMetrics(ports.apiMetrics), ...(sandboxUrl ? demoPolicyEnvironment('story') : {}) },
    {
      port: ports.api,
      keys: createApiKeys(DATA_FOLDER, api.keys),
      uiPort: startsTemporal ? ports.ui : null,
      hasSandbox,
    },
  );
  const start = (name: 'worker' | 'webhook' | 'api', serviceEnv: NodeJS.ProcessEnv) =>
    output.phase(name, () => supervisor.start(chartwayService(name, [], serviceEnv)));
  await Promise.all([
    start('worker', withMetrics(ports.workerMetrics)),
    start('webhook', webhookEnv),
    start('api', apiEnv),
  ]);
  const apiUrl = `http://127.0.0.1:${ports.api}`;
  return { ...temporal, env, webhookUrl, apiUrl, sandboxUrl, taskQueue };
}
