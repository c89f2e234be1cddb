import type { Server } from 'node:http';
import type { Registry } from 'prom-client';
import type { Logger } from '../observability/log';
import type { NoticeSender } from '../temporal/notices';
import { createConfirmations } from './confirmations';
import { createKnownPersons } from './known-persons';
import { createWebhookMetrics } from './metrics';
import { createTemporalSink } from './notice-sink';
import { createRouter } from './route-notice';
import { createWebhookServer } from './server';

/** The parts of the webhook put together over a sender; not yet listening. */
export function createWebhook(deps: {
  readonly sender: NoticeSender;
  readonly secrets: readonly string[];
  readonly registry: Registry;
  readonly log: Logger;
  /** Shorter time-outs, for tests that do not wait for the real ones. */
  readonly timeouts?: { readonly deliveryTimeoutMs?: number; readonly senderTimeoutMs?: number };
}): Server {
  const { sender, secrets, log, timeouts = {} } = deps;
  const metrics = createWebhookMetrics(deps.registry);
  const known = createKnownPersons();
  const confirmations = createConfirmations({ sender, known, log });
  const route = createRouter({ sender, known, confirmations, metrics, log });
  const sink = createTemporalSink(route, { timeoutMs: timeouts.deliveryTimeoutMs });
  return createWebhookServer({
    sink,
    secrets,
    metrics,
    log,
    answered: confirmations.start,
    senderTimeoutMs: timeouts.senderTimeoutMs,
  });
}
