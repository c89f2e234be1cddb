import { Counter, Gauge, type Registry } from 'prom-client';
import type { ReportStore } from '../report-store/port';
import { readLatestSweep } from '../report-store/sweep-findings';

export type ActivityMetrics = ReturnType<typeof createActivityMetrics>;

export function createActivityMetrics(registry: Registry) {
  const registers = [registry];
  const retentionApplicants = new Counter({
    name: 'chartway_retention_applicants_total',
    help: 'Applicants past REPORTS_RETENTION: erased, held or failed. The last two count again in each run.',
    labelNames: ['result'],
    registers,
  });
  // 0 from the start, so that the first failure shows as an increase.
  for (const result of ['erased', 'held', 'failed']) retentionApplicants.inc({ result }, 0);
  const undeliveredEvents = new Counter({
    name: 'chartway_events_undelivered_total',
    help: 'Outbound events that an endpoint does not get unless an operator sends them again, by state: refused or given-up.',
    labelNames: ['state'],
    registers,
  });
  for (const state of ['refused', 'given-up']) undeliveredEvents.inc({ state }, 0);
  return {
    retentionApplicants,
    undeliveredEvents,
    /** A high count shows that notices are lost. */
    foundByPolling: new Counter({
      name: 'chartway_facts_found_by_polling_total',
      help: 'News about a person that a poll found before a notice: a status, or a list of reports.',
      labelNames: ['of'],
      registers,
    }),
    ownerlessNotices: new Counter({
      name: 'chartway_ownerless_notices_total',
      help: 'Report notices without an applicant, by fate: kept (in the quarantine of the report store) or full (each try; they stay in the mailbox).',
      labelNames: ['fate'],
      registers,
    }),
  };
}

/** Registers gauges of the last sweep. Each scrape reads the store, so every worker serves the same values. While the store fails, they stay. */
export function serveSweepMetrics(registry: Registry, { shelf }: Pick<ReportStore, 'shelf'>): void {
  const registers = [registry];
  const endedAt = new Gauge({
    name: 'chartway_sweep_ended_timestamp_seconds',
    help: 'When the last sweep ended, in seconds since 1970.',
    registers,
  });
  const findings = new Gauge({
    name: 'chartway_sweep_findings',
    help: 'Findings of the last sweep by kind: gone, unattended, terminated, unread.',
    labelNames: ['kind'],
    registers,
    async collect() {
      // A scrape must still report the other metrics.
      const latest = await readLatestSweep(shelf).catch(() => null);
      if (!latest) return;
      for (const [kind, count] of Object.entries(latest.counts)) findings.set({ kind }, count);
      endedAt.set(Date.parse(latest.at) / 1_000);
    },
  });
}
