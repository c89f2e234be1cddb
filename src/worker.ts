import path from 'node:path';
import { createDeliveryActivities, createInternalActivities, createUpstreamActivities } from './activities';
import { createActivityMetrics, serveSweepMetrics } from './activities/metrics';
import { listSetNames, readConfig } from './config';
import { openEndpoints } from './events/endpoints';
import { openErasableEvents } from './events/erased-events';
import { openEventLogs } from './events/event-logs';
import { createEventRecorder } from './events/recorder';
import { createEventSender } from './events/sender';
import { createUsersUpstream } from './human-api/users/adapter';
import { openProcessAudit } from './process/audit-process';
import { serveMetrics } from './process/metrics-server';
import { announceReady, openLogAndMetrics, runProcess } from './process/run-process';
import { nullIfAborted, onShutdown } from './process/shutdown';
import { openErasureRecords } from './report-store/erasure-records';
import { openReportStore } from './report-store/store';
import { watchStore } from './report-store/store-watch';
import { createBatches } from './temporal/batches';
import { createLazyClient, warnIfServerOld } from './temporal/connection';
import { createDataConverter, createNoticeEncryption } from './temporal/data-converter';
import { createDecodeFaultReport } from './temporal/decode-faults';
import { createDeliveries } from './temporal/deliveries';
import { createErasure } from './temporal/erasure';
import { createDigestKeys } from './temporal/key-ring';
import { createApplicantRuns } from './temporal/notices';
import { keepSchedule, RETENTION_SCHEDULE, SWEEP_SCHEDULE } from './temporal/schedules';
import { ensureSearchAttributes } from './temporal/search-attributes';
import { createSweepSource } from './temporal/sweep-source';
import { serveDuePollMetric } from './temporal/task-queues';
import { connectWorker, createWorkers, DRAINED_AFTER_MS, installRuntime } from './temporal/workers';
import { isStartedBy, startRow } from './use-cases/batch-row';
import { eraseEntries } from './use-cases/erase-entries';

/** The build's bundle of src/workflows. */
const BUNDLE = path.join(__dirname, '../workflow-bundle.js');

runProcess('worker', async () => {
  const config = readConfig('worker');
  const { taskQueue, refreshForMs, policy, retentionMs, humanApi } = config;
  const { namespace } = config.temporal;
  const { log, registry } = openLogAndMetrics('worker', config.logLevel);
  const audit = await openProcessAudit({
    settings: config.audit,
    process: 'worker',
    names: listSetNames(),
    log,
    required: retentionMs !== null,
  });
  if (config.hasRealUpstream && !config.reportsAtRest.encrypts)
    log.warn('REPORTS_ENCRYPTION is off: reports and manifests are stored in plain text in REPORT_STORE');
  installRuntime(log);

  const stopping = new AbortController();
  const { signal } = stopping;
  let state: 'waiting' | 'running' | 'draining' = 'waiting';
  let drain = async (): Promise<void> => {};
  const reportStore = openReportStore(config.reportStore, config.reportsAtRest, config.reportStoreId);
  const store = watchStore({ store: reportStore, identifiesLegacy: true, log, signal });
  const ready = () => state === 'running' && store.isReady();
  const metricsServer = await serveMetrics({ ...config.metrics, registry, ready });
  onShutdown(
    async () => {
      state = 'draining';
      log.info('draining');
      stopping.abort();
      await drain();
      await Promise.all([metricsServer.close(), audit.close()]);
    },
    { graceMs: DRAINED_AFTER_MS },
  );

  const connection = await connectWorker(config.temporal, { log, signal }).catch(nullIfAborted(signal));
  if (connection === null) return;
  await warnIfServerOld(connection, log);
  await ensureSearchAttributes(connection, namespace, { log });
  // Takes no task before the store is there, because only the store has the outcomes of runs that Temporal has deleted.
  if (!(await store.whenReady)) return;
  // A full disk does not prevent the start: activities that need the store are retried until it can be written.
  await reportStore.check().catch((error: unknown) => log.error({ error }, 'REPORT_STORE cannot be written'));

  const dataConverter = createDataConverter(config.payload, namespace, createDecodeFaultReport(registry, log));
  const client = createLazyClient(config.temporal, dataConverter, log);
  const noticeEncryption = createNoticeEncryption(config.payload);
  const upstream = createUsersUpstream(humanApi);
  const metrics = createActivityMetrics(registry);
  const deliveries = createDeliveries({ client, taskQueue });
  const logs = openEventLogs(reportStore.shelf, noticeEncryption);
  const endpoints = openEndpoints(reportStore.shelf);
  const sender = createEventSender(config.events);
  const erasable = openErasableEvents(reportStore.shelf, noticeEncryption);
  const { eraseClosed } = createErasure({
    client,
    taskQueue,
    records: openErasureRecords(reportStore, erasable, 'age'),
  });
  // Erases no entries of the spool, which belongs to the webhook and is usually on another host.
  const entries = { spoolFolder: null, reportStore: () => reportStore, noticeEncryption };
  const digestKeys = createDigestKeys(config.payload.ring, humanApi.clientSecret);
  const rowDeps = {
    ...{ client, taskQueue, reportStore, audit, digestKeys },
    encryption: noticeEncryption,
    events: config.events,
    auditFolder: '',
  };
  const internalActivities = createInternalActivities({
    reportStore,
    noticeEncryption,
    audit,
    metrics,
    refreshForMs,
    policy,
    digestKeys,
    runs: createApplicantRuns({ client, taskQueue, refreshForMs }),
    sweepSource: createSweepSource({ client, taskQueue }),
    events: createEventRecorder({ settings: config.events, logs, requestDelivery: deliveries.request }),
    logs,
    endpoints,
    deliveries,
    batches: {
      countInviting: createBatches({ client, taskQueue }).countInviting,
      startRow: (...row) => startRow(rowDeps, ...row),
      isStartedBy: (...row) => isStartedBy(rowDeps, ...row),
    },
    retention: { retentionMs, eraseClosed, dropQuarantined: (...person) => eraseEntries(entries, ...person) },
  });
  const workers = await createWorkers({
    connection,
    namespace,
    taskQueue,
    bundlePath: BUNDLE,
    deployment: config.deployment,
    dataConverter,
    client,
    internalActivities,
    upstreamActivities: createUpstreamActivities({ upstream, reportStore, timeoutMs: humanApi.timeoutMs, metrics }),
    deliveryActivities: createDeliveryActivities({
      settings: config.events,
      logs,
      endpoints,
      sender,
      requestEndpoint: deliveries.requestEndpoint,
      metrics,
    }),
    maxCallsPerSecond: humanApi.maxCallsPerSecond,
  });
  const running = workers.run();
  drain = async () => {
    workers.shutdown();
    await running;
    await Promise.all([upstream.close(), sender.close()]);
  };
  // Not awaited, because applicants do not depend on the schedules.
  void keepSchedule(SWEEP_SCHEDULE, { client, taskQueue, everyMs: config.sweepEveryMs }, log, signal);
  void keepSchedule(RETENTION_SCHEDULE, { client, taskQueue, everyMs: retentionMs }, log, signal);
  serveSweepMetrics(registry, reportStore);
  serveDuePollMetric(registry, { client, taskQueue });
  state = 'running';
  announceReady('worker', [metricsServer.address]);
  await running;
});
