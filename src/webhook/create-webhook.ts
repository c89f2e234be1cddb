import type { Server } from 'node:http';
import { createGauge } from '../observability/metrics';
import type { Spool } from '../spool/spool';
import type { NoticeSender } from '../temporal/notices';
import { createConfirmations } from './confirmations';
import { createDelivery } from './delivery';
import { createMailboxBudget, type MailboxBudget } from './mailbox-budget';
import { createWebhookMetrics } from './metrics';
import { createWebhookServer, type ServerDeps } from './server';
import { createSignatureGate } from './signature-gate';
import type { SignatureSettings } from './signature-settings';

interface Webhook {
  /** Not yet listening. */
  readonly server: Server;
  /** Whether a notice could be made durable now, as far as is known. */
  ready(): boolean;
}

/** Creates the webhook and starts the delivery of the spool. */
export function createWebhook(
  deps: Pick<ServerDeps, 'secrets' | 'trustedProxies' | 'tls' | 'registry' | 'log' | 'addressOf'> & {
    readonly sender: NoticeSender;
    /** Null: a notice that Temporal does not accept is not acknowledged. */
    readonly spool: Spool | null;
    readonly signature: SignatureSettings;
    readonly budget?: MailboxBudget | undefined;
    /** Shorter limits, for tests. */
    readonly timeouts?: Pick<ServerDeps, 'senderTimeoutMs' | 'renewalEveryMs'> & {
      readonly deliveryTimeoutMs?: number;
    };
  },
): Webhook {
  const { sender, spool, registry, log, timeouts = {} } = deps;
  const metrics = createWebhookMetrics(registry);
  const confirmations = createConfirmations({ sender, log });
  const delivery = createDelivery({
    sender,
    spool,
    confirmations,
    metrics,
    log,
    budget: deps.budget ?? createMailboxBudget(),
    temporalMs: timeouts.deliveryTimeoutMs,
  });
  createGauge(
    registry,
    'chartway_webhook_temporal_away',
    '1 while Temporal does not answer and notices go to the spool at once, else 0.',
    () => (delivery.isTemporalAway ? 1 : 0),
  );
  spool?.start(delivery.spoolTarget);
  const server = createWebhookServer({
    ...deps,
    ...timeouts,
    delivery,
    metrics,
    checkSignature: createSignatureGate({ ...deps.signature, quarantine: spool?.quarantine ?? null, registry, log }),
    onAnswered: confirmations.startPending,
  });
  return { server, ready: () => server.listening && (spool === null || spool.healthy || !delivery.isTemporalAway) };
}
