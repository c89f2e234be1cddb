import { Gauge, type Registry } from 'prom-client';
import type { SweepCounts } from '../domain/sweep';
import type { ReportStore } from '../report-store/port';
import { LATEST_SWEEP } from './sweep-files';

/** What the last sweep left for others to read. */
export interface LatestSweep {
  /** When it ended, ISO 8601. */
  readonly at: string;
  readonly counts: SweepCounts;
}

/**
 * The last sweep's findings by kind, and when it ended: read from the store when they are asked for, so that every worker tells the same
 * and a restart forgets nothing. Where the store does not answer they stay as they were.
 */
export function serveSweepMetrics(registry: Registry, { shelf }: Pick<ReportStore, 'shelf'>): void {
  const endedAt = new Gauge({
    name: 'chartway_sweep_ended_timestamp_seconds',
    help: 'When the last sweep ended, in seconds since 1970.',
    registers: [registry],
  });
  const findings = new Gauge({
    name: 'chartway_sweep_findings',
    help: 'Findings of the last sweep by kind: gone, unattended, terminated, unread.',
    labelNames: ['kind'],
    registers: [registry],
    async collect() {
      const bytes = await shelf.get(LATEST_SWEEP).catch(() => null);
      const latest = bytes && latestIn(bytes);
      if (!latest) return;
      const { at, counts } = latest;
      for (const [kind, count] of Object.entries(counts)) findings.set({ kind }, count);
      endedAt.set(Date.parse(at) / 1_000);
    },
  });
}

/** Null where it is damaged: the other figures are told all the same. */
function latestIn(bytes: Buffer): LatestSweep | null {
  try {
    return JSON.parse(bytes.toString('utf8')) as LatestSweep;
  } catch {
    return null;
  }
}
