import { createApi } from './api/server';
import { exitOnConfigurationError, listSetNames, readConfig } from './config';
import { schedulePruning } from './observability/audit-keep';
import { createLogger } from './observability/log';
import { createRegistry } from './observability/metrics';
import { configurationEntry, openAuditOrExit } from './process/audit-process';
import { drain, listen } from './process/listening';
import { serveMetrics } from './process/metrics-server';
import { announceReady, logUnsyncedFolders, runProcess } from './process/run-process';
import { nullIfAborted, onShutdown } from './process/shutdown';
import { openReportStore } from './report-store/store';
import { watchStore } from './report-store/store-watch';
import { connectClient } from './temporal/connection';

/** The time limit of a request (10 s), with a margin. */
const GRACE_MS = 15_000;

runProcess('api', async () => {
  const config = exitOnConfigurationError(() => readConfig('api'));
  const log = createLogger({ process: 'api', level: config.logLevel });
  logUnsyncedFolders(log);
  const registry = createRegistry('api');
  const { api: settings, payload, temporal } = config;
  // The configuration requires a folder for the api.
  const folder = config.audit.folder ?? '';
  const printCheckpoint = (line: string) => process.stdout.write(`${line}\n`);
  const audit = await openAuditOrExit({ folder, process: 'api', key: config.audit.keys.signing, log, printCheckpoint });
  // If it cannot be written, the log shows that, and each request is rejected.
  await audit.record(configurationEntry('api', listSetNames())).catch(() => undefined);
  schedulePruning({ folder, keepMs: config.audit.keepMs, audit, process: 'api', log });
  const stopping = new AbortController();
  const app = await createApi({ settings, ring: payload.ring, namespace: temporal.namespace, audit, registry, log });
  const reportStore = openReportStore(config.reportStore, config.reportsAtRest, config.reportStoreId);
  const store = watchStore({ store: reportStore, identifiesLegacy: false, log, signal: stopping.signal });
  const ready = () => app.server.listening && store.isThere();
  const metrics = await serveMetrics({ ...config.metrics, registry, ready });
  onShutdown(
    async () => {
      log.info('draining');
      stopping.abort();
      await drain(app.server);
      await Promise.all([app.close(), metrics.close()]);
      await audit.close();
    },
    { graceMs: GRACE_MS },
  );

  if (settings.keys.length === 0 && settings.codec !== 'open') log.warn('no API_KEYS: no one can call the api');
  if (settings.codec !== 'off' && payload.ring === null)
    log.warn('no PAYLOAD_KEYS: the codec endpoint cannot decode anything');
  // Waits for Temporal before it listens, because every request is about data in Temporal.
  const nullIfStopping = nullIfAborted(stopping.signal);
  const client = await connectClient(temporal, { log, signal: stopping.signal }).catch(nullIfStopping);
  if (client === null) return;
  await client.connection.close();
  const address = await listen(app.server, settings);
  if ((await store.whenThere.catch(nullIfStopping)) === null) return;
  announceReady('api', metrics.address === null ? [address] : [address, metrics.address]);
});
