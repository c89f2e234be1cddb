import { readCommandLine } from './cli/operator/command-line';
import { runOperator } from './cli/operator/run';
import { createTerminal } from './cli/terminal';
import { exitOnConfigurationError, readConfig } from './config';
import { runProcess } from './observability/run-process';
import { openReportStore } from './report-store/store';
import { connectClient } from './temporal/connection';
import { createNoticeSender } from './temporal/notices';

/** Long enough for a server that is just starting; somebody sits before the screen. */
const GIVE_UP_AFTER_MS = 30_000;

runProcess('chartway', async () => {
  const { act, json } = readCommandLine(process.argv.slice(2));
  const config = exitOnConfigurationError(() => readConfig('chartway'));
  const terminal = createTerminal(process.stderr);
  const log = { info: () => {}, warn: (_: object, text: string) => terminal.say(text) };
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());

  let client: ReturnType<typeof connectClient> | undefined;
  const temporal = () => {
    client ??= connectClient(config.temporal, { log, signal: stopping.signal, giveUpAfterMs: GIVE_UP_AFTER_MS });
    return client;
  };
  const { taskQueue, refreshForMs } = config;
  const status = await runOperator(act, {
    terminal,
    out: (line) => void process.stdout.write(`${line}\n`),
    json,
    signal: stopping.signal,
    temporal,
    taskQueue,
    noticeSender: async () => createNoticeSender({ client: await temporal(), taskQueue, refreshForMs }),
    reportStore: () => openReportStore(config.reportStore),
    spoolFolder: config.webhook.spoolFolder,
    seal: null,
  });
  process.exit(status);
});
