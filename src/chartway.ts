import { attended } from './cli/attended';
import { readCommandLine } from './cli/operator/command-line';
import { runOperator } from './cli/operator/run';
import { exitOnConfigurationError, readConfig } from './config';
import { runProcess } from './observability/run-process';
import { openReportStore } from './report-store/store';
import { connectClient } from './temporal/connection';
import { createDataConverter, sealOf } from './temporal/data-converter';
import { createNoticeSender } from './temporal/notices';

runProcess('chartway', async () => {
  const { act, json } = readCommandLine(process.argv.slice(2));
  const config = exitOnConfigurationError(() => readConfig('chartway'));
  const { terminal, out, signal, waiting } = attended();

  let client: ReturnType<typeof connectClient> | undefined;
  const temporal = () => {
    client ??= connectClient(config.temporal, waiting, createDataConverter(config.payload, config.temporal.namespace));
    return client;
  };
  const { taskQueue, refreshForMs } = config;
  const status = await runOperator(act, {
    terminal,
    out,
    json,
    signal,
    temporal,
    taskQueue,
    noticeSender: async () => createNoticeSender({ client: await temporal(), taskQueue, refreshForMs }),
    reportStore: () => openReportStore(config.reportStore),
    spoolFolder: config.webhook.spoolFolder,
    seal: sealOf(config.payload),
  });
  process.exit(status);
});
