import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Gauge, type Registry } from 'prom-client';
import type { Logger } from '../observability/log';
import type { TlsFiles } from '../process/tls-settings';
import type { Spool } from '../spool/spool';
import type { NoticeSender } from '../temporal/notices';
import { createCircuit } from './circuit';
import { createConfirmations } from './confirmations';
import { createDurableSink } from './durable-sink';
import { createKnownPersons } from './known-persons';
import { createMailboxBudget, type MailboxBudget } from './mailbox-budget';
import { createWebhookMetrics } from './metrics';
import { createOfferToTemporal } from './notice-sink';
import { createRouter } from './route-notice';
import { createWebhookServer } from './server';
import { createSignatureGate } from './signature-gate';
import type { SignatureSettings } from './signature-settings';
import { createSpoolOutlet } from './spool-outlet';

/** A webhook put together. */
interface Webhook {
  /** Not yet listening. */
  readonly server: Server;
  /** Whether a notice that came now would be made durable, as far as is known. */
  ready(): boolean;
}

/** The parts of the webhook put together over a sender and, where there is one, a spool, which begins to deliver. */
export function createWebhook(deps: {
  readonly sender: NoticeSender;
  /** Null: what Temporal does not take is not acknowledged. */
  readonly spool: Spool | null;
  readonly secrets: readonly string[];
  readonly signature: SignatureSettings;
  readonly trustedProxies: readonly string[];
  readonly tls: TlsFiles | null;
  readonly registry: Registry;
  readonly log: Logger;
  readonly mailboxes?: MailboxBudget | undefined;
  readonly addressOf?: ((socket: Socket) => string) | undefined;
  /** Shorter time-outs, for tests that do not wait for the real ones. */
  readonly timeouts?: {
    readonly deliveryTimeoutMs?: number;
    readonly senderTimeoutMs?: number;
    readonly renewalEveryMs?: number;
  };
}): Webhook {
  const { sender, spool, secrets, registry, log, mailboxes = createMailboxBudget(), timeouts = {} } = deps;
  const metrics = createWebhookMetrics(registry);
  const known = createKnownPersons();
  const confirmations = createConfirmations({ sender, known, log });
  const route = createRouter({ sender, known, confirmations, mailboxes, metrics, log });
  const circuit = createCircuit((open) => {
    if (open) log.warn('Temporal does not answer: notices go to the spool until it does');
    else log.info('Temporal answers again');
  });
  new Gauge({
    name: 'chartway_webhook_temporal_away',
    help: '1 while Temporal is known not to answer and notices go to the spool at once, else 0.',
    registers: [registry],
    collect() {
      this.set(circuit.open ? 1 : 0);
    },
  });
  const offer = createOfferToTemporal(route);
  const sink = createDurableSink({ offer, spool, circuit, metrics, temporalTimeoutMs: timeouts.deliveryTimeoutMs });
  spool?.start(createSpoolOutlet({ route, circuit, delivered: confirmations.start, live: sink.live }));
  const server = createWebhookServer({
    sink,
    secrets,
    signatures: createSignatureGate({ ...deps.signature, quarantine: spool?.quarantine ?? null, registry, log }),
    trustedProxies: deps.trustedProxies,
    addressOf: deps.addressOf,
    tls: deps.tls,
    metrics,
    registry,
    log,
    answered: confirmations.start,
    senderTimeoutMs: timeouts.senderTimeoutMs,
    renewalEveryMs: timeouts.renewalEveryMs,
  });
  return { server, ready: () => server.listening && (spool === null || spool.healthy || !circuit.open) };
}
