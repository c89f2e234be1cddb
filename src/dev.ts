import path from 'node:path';
import { readConfig } from './config';
import { readArguments } from './dev/arguments';
import { runDev } from './dev/run-dev';
import { hasColours, Terminal } from './dev/terminal';
import { runProcess } from './process/run-process';
import { openReportStore } from './report-store/store';

/** In the folder in which the command runs, next to `.env` and the reports. */
const DATA_FOLDER = '.data';

runProcess('dev', async () => {
  const { once, verbose, fresh, yes, personas } = readArguments(process.argv.slice(2), process.env);
  const config = readConfig('dev');
  const { reportStore } = config;

  const { stdin: input, stdout: output } = process;
  // The terminal was closed: drain all processes.
  output.on('error', () => process.kill(process.pid, 'SIGHUP'));
  const terminal = new Terminal(output, {
    isInteractive: output.isTTY === true && process.env['TERM'] !== 'dumb',
    hasColours: hasColours(process.env, output.isTTY === true),
    verbose,
  });
  process.once('exit', () => terminal.close());
  process.exitCode = await runDev(
    {
      once,
      personas,
      fresh: fresh ? (yes ? 'yes' : 'ask') : null,
      dataFolder: DATA_FOLDER,
      logFolder: path.join(DATA_FOLDER, 'logs'),
      env: process.env,
      usesSandbox: config.humanApi.clientId === null,
      temporal: config.hasTemporalServer ? config.temporal : null,
      payload: config.hasPayloadSettings ? config.payload : null,
      namespace: config.temporal.namespace,
      taskQueue: config.taskQueue,
      webhook: { ...config.webhook, hasSecret: config.webhook.secrets.length > 0 },
      apiPort: config.api.port,
      metricsPort: config.metrics.port,
      initStore: async () => {
        // The worker rejects S3 with its own message.
        if (reportStore.kind === 'folder') await openReportStore(reportStore, undefined, config.reportStoreId).init();
      },
      reports:
        reportStore.kind === 'folder'
          ? path.resolve(reportStore.path)
          : `s3://${reportStore.bucket}/${reportStore.prefix}`,
    },
    terminal,
    { input, output },
  );
  // A pending read of Temporal, which has ended, must not keep this process running.
  process.exit();
});
