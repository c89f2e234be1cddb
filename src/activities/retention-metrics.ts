import { Counter, type Registry } from 'prom-client';

/** What is told of erasing by age. */
export interface RetentionMetrics {
  /** By result: `erased`, `held`, `failed`; one that is held or fails counts again with each look. */
  readonly applicants: Counter<'result'>;
}

export function createRetentionMetrics(registry: Registry): RetentionMetrics {
  const applicants = new Counter({
    name: 'chartway_retention_applicants_total',
    help: 'Applicants past REPORTS_RETENTION: erased, held (again with each look), or failed (tried again with the next look).',
    labelNames: ['result'],
    registers: [registry],
  });
  // From the beginning, so that the first failure is a change.
  for (const result of ['erased', 'held', 'failed']) applicants.inc({ result }, 0);
  return { applicants };
}
