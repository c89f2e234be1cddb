import { exitOnConfigurationError, namesSet, readConfig } from './config';
import { createLogger } from './observability/log';
import { createRegistry } from './observability/metrics';
import { auditProcess } from './process/audit-process';
import { drain, listen } from './process/listening';
import { serveMetrics } from './process/metrics-server';
import { announceReady } from './process/ready';
import { runProcess } from './process/run-process';
import { onShutdown } from './process/shutdown';
import { logUnsyncedFolders } from './process/unsynced-folders';
import { openConfiguredSpool } from './spool/configured';
import { createLazyClient } from './temporal/connection';
import { createDataConverter, createDiskCipher } from './temporal/data-converter';
import { createNoticeSender } from './temporal/notices';
import { createWebhook } from './webhook/webhook';

/** A request's 5 s, the second in which a refused sender is let go and the spool's 2 s, with some room. */
const GRACE_MS = 10_000;

runProcess('webhook', async () => {
  const config = exitOnConfigurationError(() => readConfig('webhook'));
  const log = createLogger({ process: 'webhook', level: config.logLevel });
  logUnsyncedFolders(log);
  const audit = await auditProcess({ settings: config.audit, process: 'webhook', names: namesSet(), log });
  const registry = createRegistry('webhook');
  const { taskQueue, refreshForMs } = config;
  const client = createLazyClient(config.temporal, createDataConverter(config.payload, config.temporal.namespace), log);
  const sender = createNoticeSender({ client, taskQueue, refreshForMs });
  const { secrets, signature, trustedProxies, tls, spoolFolder, spoolMaxBytes } = config.webhook;
  // A comma in a secret makes two: the number shows it.
  log.info({ secrets: secrets.length }, 'secrets that a sender may show');
  const seal = createDiskCipher(config.payload);
  const opened = await openConfiguredSpool({ folder: spoolFolder, maxBytes: spoolMaxBytes, seal, registry, log });
  const spool = exitOnConfigurationError(opened);
  const { server, ready } = createWebhook({ sender, spool, secrets, signature, trustedProxies, tls, registry, log });

  const address = await listen(server, config.webhook);
  const metrics = await serveMetrics({ ...config.metrics, registry, ready });

  // The connection to Temporal is left to the exit: closing it under a call that is between two tries throws out of the SDK's timer.
  onShutdown(
    async () => {
      log.info('draining');
      await drain(server);
      await Promise.all([spool?.close(), metrics.close(), audit.close()]);
    },
    { graceMs: GRACE_MS },
  );
  announceReady('webhook', metrics.address === null ? [address] : [address, metrics.address]);
});
