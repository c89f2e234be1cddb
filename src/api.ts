import { createApi } from './api/server';
import { listSetNames, readConfig } from './config';
import { openProcessAudit } from './process/audit-process';
import { drain, listen } from './process/listening';
import { serveMetrics } from './process/metrics-server';
import { announceReady, openLogAndMetrics, runProcess } from './process/run-process';
import { nullIfAborted, onShutdown } from './process/shutdown';
import { openReportStore } from './report-store/store';
import { watchStore } from './report-store/store-watch';
import { createLazyClient, probeNamespace, waitUntilReachable } from './temporal/connection';
import { createDataConverter, createNoticeEncryption } from './temporal/data-converter';
import { createDecodeFaultReport } from './temporal/decode-faults';
import { createDigestKeys } from './temporal/key-ring';
import { createUseCases } from './use-cases/create-use-cases';

/** The time limit of a request (10 s), with a margin. */
const GRACE_MS = 15_000;

runProcess('api', async () => {
  const config = readConfig('api');
  const { log, registry } = openLogAndMetrics('api', config.logLevel);
  const { api: settings, payload, temporal } = config;
  const names = listSetNames();
  const audit = await openProcessAudit({ settings: config.audit, required: true, process: 'api', names, log });
  const stopping = new AbortController();
  const { namespace } = temporal;
  const reportStore = openReportStore(config.reportStore, config.reportsAtRest, config.reportStoreId);
  const store = watchStore({ store: reportStore, identifiesLegacy: false, log, signal: stopping.signal });
  const dataConverter = createDataConverter(payload, namespace, createDecodeFaultReport(registry, log));
  const client = createLazyClient(temporal, dataConverter, log);
  const checkTemporal = () => probeNamespace(client.connection, namespace);
  const useCases = createUseCases({
    client,
    taskQueue: config.taskQueue,
    reportStore,
    encryption: createNoticeEncryption(payload),
    events: config.events,
    audit,
    policy: config.policy,
    digestKeys: createDigestKeys(payload.ring, config.humanApi.clientSecret),
    // The configuration of this process requires it.
    auditFolder: config.audit.folder ?? '',
    spoolFolder: config.webhook.spoolFolder,
  });
  const readiness = {
    isStoreReady: store.isReady,
    isTemporalReady: () =>
      checkTemporal().then(
        () => true,
        () => false,
      ),
  };
  const api = { settings, useCases, readiness, ring: payload.ring, namespace, audit, registry, log };
  const app = await createApi({ ...api, signal: stopping.signal });
  const ready = () => app.server.listening && store.isReady();
  const metrics = await serveMetrics({ ...config.metrics, registry, ready });
  onShutdown(
    async () => {
      log.info('draining');
      stopping.abort();
      await drain(app.server);
      await Promise.all([app.close(), metrics.close(), client.connection.close()]);
      await audit.close();
    },
    { graceMs: GRACE_MS },
  );

  if (settings.keys.length === 0 && settings.codec !== 'open') log.warn('no API_KEYS: no one can call the api');
  if (settings.codec !== 'off' && payload.ring === null)
    log.warn('no PAYLOAD_KEYS: the codec endpoint cannot decode anything');
  // Waits for Temporal before it listens, because every request is about data in Temporal. Later, routes answer 503 while Temporal does not.
  const { signal } = stopping;
  const reached = await waitUntilReachable(temporal, { log, signal }, async () => {
    await checkTemporal();
    return true;
  }).catch(nullIfAborted(signal));
  if (reached === null) return;
  const address = await listen(app.server, settings);
  if (!(await store.whenReady)) return;
  announceReady('api', [address, metrics.address]);
});
