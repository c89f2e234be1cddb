import { Registry } from 'prom-client';
import type { RetentionSettings } from '../../src/activities/retention';
import { createRetentionMetrics } from '../../src/activities/retention-metrics';

const notAsked = async () => {
  throw new Error('expected nothing to be erased by age');
};

/** The settings of a worker without REPORTS_RETENTION. */
export function noRetention(): RetentionSettings {
  return {
    retentionMs: null,
    eraseClosed: notAsked,
    dropSetAside: notAsked,
    audit: { record: notAsked },
    metrics: createRetentionMetrics(new Registry()),
  };
}
