import { Counter, type Registry } from 'prom-client';

/** What is told of what polls found. */
export interface PollMetrics {
  /** By subject: `status` or `reports`. */
  readonly found: Counter<'of'>;
}

/** Facts that no notice told first: many of them mean that notices are lost on their way. */
export function createPollMetrics(registry: Registry): PollMetrics {
  return {
    found: new Counter({
      name: 'chartway_facts_found_by_polling_total',
      help: 'News of a person that a poll found before any notice told it: a status, or a list of reports.',
      labelNames: ['of'],
      registers: [registry],
    }),
  };
}
