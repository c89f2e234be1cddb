import { attended } from './cli/attended';
import { readCommandLine } from './cli/operator/command-line';
import { runOperator } from './cli/operator/run';
import { cliUser } from './cli/who';
import { exitOnConfigurationError, namesSet, readConfig } from './config';
import { beginCommandAudit, closeCommandAudit, openCommandAudit, unwritableAudit } from './process/audit-process';
import { runProcess } from './process/run-process';
import { openReportStore } from './report-store/store';
import { connectClient } from './temporal/connection';
import { createDataConverter, createDiskCipher } from './temporal/data-converter';
import { createNoticeSender } from './temporal/notices';

/** An operator sits before it, and Temporal runs long since: one try, in which the client connects again by itself. */
const GIVE_UP_AFTER_MS = 3_000;

runProcess('chartway', async () => {
  const { act, json, needs } = readCommandLine(process.argv.slice(2));
  const config = exitOnConfigurationError(() => readConfig(needs));
  const { terminal, out, ask, signal, waiting } = attended({ giveUpAfterMs: GIVE_UP_AFTER_MS });

  let client: ReturnType<typeof connectClient> | undefined;
  const temporal = () => {
    client ??= connectClient(config.temporal, waiting, createDataConverter(config.payload, config.temporal.namespace));
    return client;
  };
  const who = cliUser();
  const command = { settings: config.audit, process: 'chartway', who, names: namesSet() } as const;
  let begun: Promise<void> | undefined;
  let audit: ReturnType<typeof openCommandAudit> | undefined;
  const auditFolder = config.audit.folder ?? '';
  const { taskQueue, refreshForMs } = config;
  const status = await runOperator(act, {
    terminal,
    out,
    json,
    signal,
    temporal,
    taskQueue,
    who,
    audit: async () => {
      audit ??= openCommandAudit(command).catch((error: unknown) =>
        exitOnConfigurationError(() => {
          throw unwritableAudit(auditFolder, error);
        }),
      );
      const opened = await audit;
      begun ??= beginCommandAudit(opened, command);
      await begun;
      return opened;
    },
    auditFolder,
    auditKeys: config.audit.keys,
    ask,
    noticeSender: async () => createNoticeSender({ client: await temporal(), taskQueue, refreshForMs }),
    reportStore: () => openReportStore(config.reportStore, config.reportsAtRest, config.reportStoreId),
    spoolFolder: config.webhook.spoolFolder,
    seal: createDiskCipher(config.payload),
  });
  await closeCommandAudit(audit, terminal.say);
  process.exit(status);
});
