import { Counter, Histogram, type Registry } from 'prom-client';

/** Labels carry kinds and results, never an id. */
export interface WebhookMetrics {
  readonly notices: Counter<'kind' | 'to' | 'result'>;
  readonly answers: Histogram<'status'>;
}

/** Around the limits: a p99 of 250 ms, Temporal's deadline of 2 s, upstream's timeout of 3 s. */
const ANSWER_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 2.5, 3, 5];

export function createWebhookMetrics(registry: Registry): WebhookMetrics {
  return {
    notices: new Counter({
      name: 'chartway_webhook_notices_total',
      help: 'Notices by kind (status, report, other), destination (applicant, mailbox, refresh, spool, nowhere) and result (accepted, ignored, undelivered, deferred: beyond the budget of new mailboxes).',
      labelNames: ['kind', 'to', 'result'],
      registers: [registry],
    }),
    answers: new Histogram({
      name: 'chartway_webhook_answer_seconds',
      help: 'Time from the request header to the end of the answer, by HTTP status.',
      labelNames: ['status'],
      buckets: ANSWER_BUCKETS_SECONDS,
      registers: [registry],
    }),
  };
}
