import { listSetNames, readConfig } from './config';
import { openProcessAudit } from './process/audit-process';
import { drain, listen } from './process/listening';
import { serveMetrics } from './process/metrics-server';
import { announceReady, openLogAndMetrics, runProcess } from './process/run-process';
import { onShutdown } from './process/shutdown';
import { openConfiguredSpool } from './spool/configured-spool';
import { createLazyClient } from './temporal/connection';
import { createDataConverter, createNoticeEncryption } from './temporal/data-converter';
import { createNoticeSender } from './temporal/notices';
import { createWebhook } from './webhook/create-webhook';

/** 5 s for a request, 1 s for a rejected sender and 2 s for the spool, with a margin. */
const GRACE_MS = 10_000;

runProcess('webhook', async () => {
  const config = readConfig('webhook');
  const { log, registry } = openLogAndMetrics('webhook', config.logLevel);
  const audit = await openProcessAudit({ settings: config.audit, process: 'webhook', names: listSetNames(), log });
  const { taskQueue, refreshForMs } = config;
  const client = createLazyClient(config.temporal, createDataConverter(config.payload, config.temporal.namespace), log);
  const sender = createNoticeSender({ client, taskQueue, refreshForMs });
  const { secrets, signature, trustedProxies, tls, spoolFolder, spoolMaxBytes } = config.webhook;
  // The number shows an operator that a comma inside a secret has split it in two.
  log.info({ secrets: secrets.length }, 'webhook secrets');
  const encryption = createNoticeEncryption(config.payload);
  const spool = await openConfiguredSpool({ folder: spoolFolder, maxBytes: spoolMaxBytes, encryption, registry, log });
  const { server, ready } = createWebhook({ sender, spool, secrets, signature, trustedProxies, tls, registry, log });

  const address = await listen(server, config.webhook);
  const metrics = await serveMetrics({ ...config.metrics, registry, ready });

  // The connection to Temporal stays open: closing it between two attempts of a call makes a timer of the SDK throw.
  onShutdown(
    async () => {
      log.info('draining');
      await drain(server);
      await Promise.all([spool?.close(), metrics.close(), audit.close()]);
    },
    { graceMs: GRACE_MS },
  );
  announceReady('webhook', [address, metrics.address]);
});
