import { createCommandAudit } from './cli/command-audit';
import { readCommandLine, runCommand } from './cli/commands/command-line';
import { openTerminal } from './cli/terminal';
import { listSetNames, readConfig } from './config';
import { openRequiredAudit } from './process/audit-process';
import { runProcess } from './process/run-process';
import { openReportStore } from './report-store/store';
import { connectClient } from './temporal/connection';
import { createDataConverter, createNoticeEncryption } from './temporal/data-converter';
import { createNoticeSender } from './temporal/notices';

/** Temporal should be running, so this is one attempt, in which the client reconnects by itself. */
const GIVE_UP_AFTER_MS = 3_000;

runProcess('chartway', async () => {
  const { action, json, scope } = readCommandLine(process.argv.slice(2));
  const config = readConfig(scope);
  const { terminal, print, ask, signal, reach } = openTerminal({ giveUpAfterMs: GIVE_UP_AFTER_MS });
  let client: ReturnType<typeof connectClient> | undefined;
  const temporal = () => {
    client ??= connectClient(config.temporal, reach, createDataConverter(config.payload, config.temporal.namespace));
    return client;
  };
  const audit = createCommandAudit({
    settings: config.audit,
    process: 'chartway',
    names: listSetNames(),
    write: terminal.write,
    open: openRequiredAudit,
  });
  const { taskQueue, refreshForMs } = config;
  const status = await runCommand(action, {
    terminal,
    print,
    ask,
    json,
    signal,
    temporal,
    taskQueue,
    actor: audit.actor,
    audit: audit.open,
    auditFolder: config.audit.folder ?? '',
    auditKeys: config.audit.keys,
    noticeSender: async () => createNoticeSender({ client: await temporal(), taskQueue, refreshForMs }),
    reportStore: () => openReportStore(config.reportStore, config.reportsAtRest, config.reportStoreId),
    spoolFolder: config.webhook.spoolFolder,
    noticeEncryption: createNoticeEncryption(config.payload),
  });
  await audit.close();
  process.exit(status);
});
