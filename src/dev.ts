import path from 'node:path';
import { Command } from 'commander';
import { exitOnConfigurationError, readConfig } from './config';
import { runEverything } from './dev/everything';
import { interruption } from './dev/interruption';
import { Terminal } from './dev/terminal';
import { runProcess } from './observability/run-process';

/** Under the folder that the command is run in, where `.env` and the reports are looked for as well. */
const DATA_FOLDER = '.data';
/** What `@temporalio/envconfig` says where nothing names a server. */
const NO_SERVER_NAMED = '127.0.0.1:7233';

runProcess('dev', async () => {
  const { once } = new Command('npm start --')
    .description(
      'Runs everything on this machine: Temporal, worker, webhook and, without credentials, the sandbox with samples.',
    )
    .option('--once', 'end when the samples are settled; exit status 0 if each ended as it must', false)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .allowExcessArguments(false)
    .parse()
    .opts<{ once: boolean }>();
  const config = exitOnConfigurationError(() => readConfig('dev'));
  const { connection, namespace } = config.temporal;
  const serverGiven =
    (process.env['TEMPORAL_ADDRESS'] ?? '') !== '' ||
    connection.address !== NO_SERVER_NAMED ||
    connection.apiKey !== undefined ||
    connection.tls !== undefined;
  const { reportStore } = config;

  // A terminal that is gone reads nothing more; the processes are to end in order all the same.
  process.stdout.on('error', () => process.kill(process.pid, 'SIGHUP'));
  process.exitCode = await runEverything(
    {
      once,
      dataFolder: DATA_FOLDER,
      logFolder: path.join(DATA_FOLDER, 'logs'),
      programs: {
        worker: path.join(__dirname, 'worker.js'),
        webhook: path.join(__dirname, 'webhook.js'),
        starter: path.join(__dirname, 'starter.js'),
        sandbox: path.join(__dirname, '../sandbox/main.js'),
        findTemporalCli: path.join(__dirname, '../../scripts/temporal.mjs'),
      },
      env: process.env,
      sandboxed: config.humanApi.clientId === null,
      temporal: serverGiven ? config.temporal : null,
      namespace,
      taskQueue: config.taskQueue,
      webhook: { ...config.webhook, secretGiven: config.webhook.secrets.length > 0 },
      metricsPort: config.metrics.port,
      reports:
        reportStore.kind === 'folder'
          ? path.resolve(reportStore.path)
          : `s3://${reportStore.bucket}/${reportStore.prefix}`,
    },
    new Terminal(process.stdout),
    (insist) => interruption(process, insist),
  );
  // What watched may still wait for an answer of a server that has ended.
  process.exit();
});
