import path from 'node:path';
import { exitOnConfigurationError, readConfig } from './config';
import { readArguments } from './dev/arguments';
import { painter, wantsColours } from './dev/colours';
import { runEverything } from './dev/everything';
import { interruption } from './dev/interruption';
import { Terminal } from './dev/terminal';
import { runProcess } from './process/run-process';
import { openReportStore } from './report-store/store';

/** Under the folder that the command is run in, where `.env` and the reports are looked for as well. */
const DATA_FOLDER = '.data';

runProcess('dev', async () => {
  const { once, verbose, fresh, yes, cast } = readArguments(process.argv.slice(2), process.env);
  const config = exitOnConfigurationError(() => readConfig('dev'));
  const { reportStore } = config;

  const { stdin: input, stdout: output } = process;
  // A terminal that is gone reads nothing more; the processes are to end in order all the same.
  output.on('error', () => process.kill(process.pid, 'SIGHUP'));
  const terminal = new Terminal(output, {
    live: output.isTTY === true && process.env['TERM'] !== 'dumb',
    paint: painter(wantsColours(process.env, output.isTTY === true)),
    verbose,
  });
  process.once('exit', () => terminal.close());
  process.exitCode = await runEverything(
    {
      once,
      cast,
      fresh: fresh ? (yes ? 'yes' : 'ask') : null,
      dataFolder: DATA_FOLDER,
      logFolder: path.join(DATA_FOLDER, 'logs'),
      programs: {
        worker: path.join(__dirname, 'worker.js'),
        webhook: path.join(__dirname, 'webhook.js'),
        api: path.join(__dirname, 'api.js'),
        starter: path.join(__dirname, 'starter.js'),
        sandbox: path.join(__dirname, '../sandbox/main.js'),
        findTemporalCli: path.join(__dirname, '../../scripts/temporal.mjs'),
      },
      env: process.env,
      sandboxed: config.humanApi.clientId === null,
      temporal: config.hasTemporalServer ? config.temporal : null,
      payload: config.hasPayloadSettings ? config.payload : null,
      namespace: config.temporal.namespace,
      taskQueue: config.taskQueue,
      webhook: { ...config.webhook, secretGiven: config.webhook.secrets.length > 0 },
      apiPort: config.api.port,
      metricsPort: config.metrics.port,
      initStore: async () => {
        // The worker refuses S3 in words of its own.
        if (reportStore.kind === 'folder') await openReportStore(reportStore, undefined, config.reportStoreId).init();
      },
      reports:
        reportStore.kind === 'folder'
          ? path.resolve(reportStore.path)
          : `s3://${reportStore.bucket}/${reportStore.prefix}`,
    },
    terminal,
    { input, output },
    (insist) => interruption(process, insist),
  );
  // What watched may still wait for an answer of a server that has ended.
  process.exit();
});
