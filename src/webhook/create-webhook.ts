import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Registry } from 'prom-client';
import type { Logger } from '../observability/log';
import { createGauge } from '../observability/metrics';
import type { TlsFiles } from '../process/tls-settings';
import type { Spool } from '../spool/spool';
import type { NoticeSender } from '../temporal/notices';
import { createConfirmations } from './confirmations';
import { createDelivery } from './delivery';
import { createMailboxBudget, type MailboxBudget } from './mailbox-budget';
import { createWebhookMetrics } from './metrics';
import { createWebhookServer } from './server';
import { createSignatureGate } from './signature-gate';
import type { SignatureSettings } from './signature-settings';

interface Webhook {
  /** Not yet listening. */
  readonly server: Server;
  /** Whether a notice could be made durable now, as far as is known. */
  ready(): boolean;
}

/** Creates the webhook and starts the delivery of the spool. */
export function createWebhook(deps: {
  readonly sender: NoticeSender;
  /** Null: a notice that Temporal does not accept is not acknowledged. */
  readonly spool: Spool | null;
  readonly secrets: readonly string[];
  readonly signature: SignatureSettings;
  readonly trustedProxies: readonly string[];
  readonly tls: TlsFiles | null;
  readonly registry: Registry;
  readonly log: Logger;
  readonly budget?: MailboxBudget | undefined;
  readonly addressOf?: ((socket: Socket) => string) | undefined;
  /** Shorter limits, for tests. */
  readonly timeouts?: {
    readonly deliveryTimeoutMs?: number;
    readonly senderTimeoutMs?: number;
    readonly renewalEveryMs?: number;
  };
}): Webhook {
  const { sender, spool, registry, log, timeouts = {} } = deps;
  const metrics = createWebhookMetrics(registry);
  const confirmations = createConfirmations({ sender, log });
  const delivery = createDelivery({
    ...{ sender, spool, confirmations, metrics, log },
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
    ...{ delivery, metrics, registry, log },
    secrets: deps.secrets,
    signatures: createSignatureGate({ ...deps.signature, quarantine: spool?.quarantine ?? null, registry, log }),
    trustedProxies: deps.trustedProxies,
    addressOf: deps.addressOf,
    tls: deps.tls,
    onAnswered: confirmations.startWaiting,
    senderTimeoutMs: timeouts.senderTimeoutMs,
    renewalEveryMs: timeouts.renewalEveryMs,
  });
  return { server, ready: () => server.listening && (spool === null || spool.healthy || !delivery.isTemporalAway) };
}
