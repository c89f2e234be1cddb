import type { Client } from '@temporalio/client';
import { createCommandAudit } from './cli/command-audit';
import { readCommandLine, runCommand } from './cli/commands/command-line';
import type { Installation } from './cli/installation-checks';
import { openTerminal } from './cli/terminal';
import { type Config, listSetNames, readConfig } from './config';
import { openEventLogs } from './events/event-logs';
import { createEventRecorder } from './events/recorder';
import { readServerDateMs } from './human-api/server-date';
import { createUsersUpstream, type HumanApiSettings } from './human-api/users/adapter';
import { runProcess } from './process/run-process';
import { openReportStore } from './report-store/store';
import { connectClient, createLazyClient } from './temporal/connection';
import { createDataConverter, createNoticeEncryption } from './temporal/data-converter';
import { createDeliveries } from './temporal/deliveries';
import { createDigestKeys } from './temporal/key-ring';
import { createNoticeSender } from './temporal/notices';
import { ensureSearchAttributes } from './temporal/search-attributes';
import { createUseCases } from './use-cases/create-use-cases';
import type { UseCases } from './use-cases/use-cases';

/** Temporal should be running, so this is one attempt, in which the client reconnects by itself. */
const GIVE_UP_AFTER_MS = 3_000;

runProcess('chartway', async () => {
  const { action, json, scope } = readCommandLine(process.argv.slice(2));
  const config = readConfig(scope);
  const { terminal, print, screen, ask, signal, reach } = openTerminal({ giveUpAfterMs: GIVE_UP_AFTER_MS });
  const { taskQueue, refreshForMs, policy, humanApi, payload } = config;
  const { namespace } = config.temporal;
  const auditFolder = config.audit.folder ?? '';
  let client: ReturnType<typeof connectClient> | undefined;
  const dataConverter = createDataConverter(payload, namespace);
  const temporal = () => {
    client ??= connectClient(config.temporal, reach, dataConverter);
    return client;
  };
  const noticeEncryption = createNoticeEncryption(payload);
  const audit = createCommandAudit({
    settings: config.audit,
    process: 'chartway',
    names: listSetNames(),
    write: terminal.write,
  });
  const reportStore = () => openReportStore(config.reportStore, config.reportsAtRest, config.reportStoreId);
  const useCasesOf = (connected: Client): UseCases =>
    createUseCases({
      client: connected,
      taskQueue,
      reportStore: reportStore(),
      encryption: noticeEncryption,
      events: config.events,
      // Opened by the first act, so that a command that only reads writes no audit line.
      audit: { record: async (entry) => (await audit.open()).record(entry) },
      policy,
      digestKeys: createDigestKeys(payload.ring, humanApi.clientSecret),
      auditFolder,
      spoolFolder: config.webhook.spoolFolder,
    });
  const connectUseCases = async (): Promise<UseCases> => {
    const connected = await temporal();
    await ensureSearchAttributes(connected.connection, namespace, reach);
    return useCasesOf(connected);
  };
  let useCases: ReturnType<typeof connectUseCases> | undefined;
  const status = await runCommand(action, {
    terminal,
    print,
    screen,
    ask,
    json,
    signal,
    temporal,
    taskQueue,
    useCases: () => {
      useCases ??= connectUseCases();
      return useCases;
    },
    offlineUseCases: () => useCasesOf(createLazyClient(config.temporal, dataConverter)),
    actor: audit.actor,
    audit: audit.open,
    auditFolder,
    auditKeys: config.audit.keys,
    installation: describeInstallation(config),
    noticeSender: async () => createNoticeSender({ client: await temporal(), taskQueue, refreshForMs }),
    reportStore,
    spoolFolder: config.webhook.spoolFolder,
    noticeEncryption,
    eventRecorder: async () => {
      const { request } = createDeliveries({ client: await temporal(), taskQueue });
      const logs = openEventLogs(reportStore().shelf, noticeEncryption);
      return createEventRecorder({ settings: config.events, logs, requestDelivery: request });
    },
  });
  await audit.close();
  process.exit(status);
});

function describeInstallation({ webhook, humanApi, payload }: Config): Installation {
  const { clientId, clientSecret } = humanApi;
  const host = isAnyAddress(webhook.host) ? 'localhost' : webhook.host;
  const origin = `${webhook.tls === null ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${webhook.port}`;
  return {
    webhookHealth: webhook.port === 0 ? null : new URL('/healthz', origin),
    logIn: clientId === null || clientSecret === null ? null : () => logIn({ ...humanApi, clientId, clientSecret }),
    readServerDateMs: () => readServerDateMs(humanApi.authUrl, humanApi.proxy),
    payloadKeyIds: payload.ring?.ids ?? [],
  };
}

/** A server that listens on every address. */
function isAnyAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

async function logIn(settings: HumanApiSettings): Promise<void> {
  const upstream = createUsersUpstream(settings);
  try {
    await upstream.proveCredentials();
  } finally {
    await upstream.close();
  }
}
