import path from 'node:path';
import { createInternalActivities, createUpstreamActivities } from './activities';
import { createMailboxMetrics } from './activities/mailbox';
import { createPollMetrics } from './activities/poll-metrics';
import { createRetentionMetrics } from './activities/retention-metrics';
import { serveSweepMetrics } from './activities/sweep-metrics';
import { eraseEntries } from './cli/operator/erase-entries';
import { exitOnConfigurationError, namesSet, readConfig } from './config';
import { createUsersUpstream } from './human-api/users/adapter';
import { createLogger } from './observability/log';
import { createRegistry } from './observability/metrics';
import { auditProcess } from './process/audit-process';
import { serveMetrics } from './process/metrics-server';
import { announceReady } from './process/ready';
import { runProcess } from './process/run-process';
import { onShutdown } from './process/shutdown';
import { logUnsyncedFolders } from './process/unsynced-folders';
import { openErasureRecords } from './report-store/erasure-records';
import { openReportStore } from './report-store/store';
import { watchStore } from './report-store/store-watch';
import { createLazyClient } from './temporal/connection';
import { createDataConverter, createDiskCipher } from './temporal/data-converter';
import { createDecodeFaultReport } from './temporal/decode-faults';
import { createErasure } from './temporal/erasure';
import { createDigestKeys } from './temporal/key-ring';
import { createApplicantRuns } from './temporal/notices';
import { keepRetentionSchedule, keepSweepSchedule } from './temporal/schedules';
import { ensureSearchAttributes } from './temporal/search-attributes';
import { warnIfServerOld } from './temporal/server-version';
import { createSweepSource } from './temporal/sweep-source';
import { serveDuePollMetric } from './temporal/task-queues';
import { connectWorker } from './temporal/worker-connection';
import { createWorkers, DRAINED_AFTER_MS, installRuntime } from './temporal/workers';

/** What the build made of src/workflows. */
const BUNDLE = path.join(__dirname, '../workflow-bundle.js');

runProcess('worker', async () => {
  const config = exitOnConfigurationError(() => readConfig('worker'));
  const log = createLogger({ process: 'worker', level: config.logLevel });
  logUnsyncedFolders(log);
  const audit = await auditProcess({
    ...{ settings: config.audit, process: 'worker', names: namesSet(), log },
    required: config.retentionMs !== null,
  }).catch((error: unknown) =>
    exitOnConfigurationError(() => {
      throw error;
    }),
  );
  if (config.hasRealUpstream && !config.reportsAtRest.encrypts)
    log.warn('REPORTS_ENCRYPTION is off: reports and manifests lie unencrypted in REPORT_STORE');
  installRuntime(log);
  const registry = createRegistry('worker');
  const stopping = new AbortController();
  let state: 'waiting' | 'running' | 'draining' = 'waiting';
  const reportStore = openReportStore(config.reportStore, config.reportsAtRest, config.reportStoreId);
  const store = watchStore({ store: reportStore, identifiesLegacy: true, log, signal: stopping.signal });
  const ready = () => state === 'running' && store.isThere();
  const metrics = await serveMetrics({ ...config.metrics, registry, ready });
  const unlessStopping = (error: unknown): null => {
    if (stopping.signal.aborted) return null;
    throw error;
  };
  let drain = async (): Promise<void> => {};
  onShutdown(
    async () => {
      state = 'draining';
      log.info('draining');
      stopping.abort();
      await drain();
      await Promise.all([metrics.close(), audit.close()]);
    },
    { graceMs: DRAINED_AFTER_MS },
  );

  const { namespace } = config.temporal;
  const connection = await connectWorker(config.temporal, { log, signal: stopping.signal }).catch(unlessStopping);
  if (connection === null) return;
  await warnIfServerOld(connection, log);
  await ensureSearchAttributes(connection, namespace, { log });

  // Who was closed or invited before stands in the store: without it no task is taken.
  if ((await store.whenThere.catch(unlessStopping)) === null) return;
  // A full disk is no reason to stand still: what needs the store is retried until it can be written.
  await reportStore.check().catch((error: unknown) => log.error({ error }, 'REPORT_STORE cannot be written'));
  const upstream = createUsersUpstream(config.humanApi);
  const { taskQueue, refreshForMs, policy, retentionMs } = config;
  const dataConverter = createDataConverter(config.payload, namespace, createDecodeFaultReport(registry, log));
  const client = createLazyClient(config.temporal, dataConverter, log);
  const seal = createDiskCipher(config.payload);
  const runs = createApplicantRuns({ client, taskQueue, refreshForMs });
  const erasure = createErasure({ client, taskQueue, records: openErasureRecords(reportStore, 'age') });
  const workers = await createWorkers({
    connection,
    namespace,
    taskQueue,
    bundlePath: BUNDLE,
    deployment: config.deployment,
    dataConverter,
    internalActivities: createInternalActivities({
      reportStore,
      seal,
      mailboxMetrics: createMailboxMetrics(registry),
      digestKeys: createDigestKeys(config.payload.ring, config.humanApi.clientSecret),
      directory: runs,
      runs,
      sweepSource: createSweepSource({ client, taskQueue }),
      refreshForMs,
      policy,
      retention: {
        retentionMs,
        eraseClosed: erasure.eraseClosed,
        // The shelf's only: a webhook's spool is its own, mostly on another host.
        dropSetAside: (clientUserId, humanIds) =>
          eraseEntries({ spoolFolder: null, reportStore: () => reportStore, seal }, clientUserId, humanIds),
        audit,
        metrics: createRetentionMetrics(registry),
      },
    }),
    upstreamActivities: createUpstreamActivities({
      upstream,
      reportStore,
      timeoutMs: config.humanApi.timeoutMs,
      pollMetrics: createPollMetrics(registry),
    }),
    maxCallsPerSecond: config.humanApi.maxCallsPerSecond,
  });
  const running = workers.run();
  drain = async () => {
    workers.shutdown();
    await running;
    await upstream.close();
  };
  // Nobody waits for them: an applicant does not depend on the sweep.
  void keepSweepSchedule({ client, taskQueue, everyMs: config.sweepEveryMs }, log, stopping.signal);
  void keepRetentionSchedule({ client, taskQueue, retentionMs }, log, stopping.signal);
  serveSweepMetrics(registry, reportStore);
  serveDuePollMetric(registry, { client, taskQueue });
  state = 'running';
  announceReady('worker', metrics.address === null ? [] : [metrics.address]);
  await running;
});
