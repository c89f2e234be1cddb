import { Counter, Gauge, type Registry } from 'prom-client';
import { createGauge } from '../observability/metrics';
import type { Quarantine } from '../quarantine/quarantine';
import type { Segments } from './segments';

/** Labels carry results and reasons, never an id. */
export interface SpoolMetrics {
  /** Appends by result: `written`, `full`, `deferred-full`, `failed` or `slow`. */
  readonly writes: Counter<'result'>;
  /** Records on the disk. */
  readonly writtenRecords: Counter;
  /** Deliveries by result: `taken`, `refused`, `unavailable`, `deferred`. */
  readonly replays: Counter<'result'>;
  /** Records for the quarantine, by reason and result: `kept`; `full` or `failed`: they stay in the spool. */
  readonly quarantined: Counter<'why' | 'result'>;
  /** Records that a crash cut off; they were never acknowledged. */
  readonly torn: Counter;
  /** Segments claimed from dead webhooks. */
  readonly claimedSegments: Counter;
}

/** Reasons of the spool's quarantine; `nobody` is in the report store only. */
const REASONS = ['refused', 'signature', 'damaged'] as const;

export function createSpoolMetrics(registry: Registry, segments: Segments, quarantine: Quarantine): SpoolMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) => createGauge(registry, name, help, read);
  gauge('chartway_spool_records', 'Notices in the spool of this webhook.', () => segments.total().records);
  gauge('chartway_spool_bytes', 'Bytes of the spool of this webhook.', () => segments.total().bytes);
  gauge('chartway_spool_segments', 'Files of the spool of this webhook.', () => segments.total().segments);
  gauge('chartway_spool_oldest_age_seconds', 'Age of the oldest notice in the spool; 0 without notices.', () => {
    const { oldestAtMs } = segments.total();
    return oldestAtMs === null ? 0 : Math.max(0, (Date.now() - oldestAtMs) / 1_000);
  });
  new Gauge({
    name: 'chartway_quarantine_records',
    help: 'Records in the quarantine of all webhooks that share the spool folder, by reason (refused, signature, damaged).',
    labelNames: ['why'],
    registers,
    async collect() {
      const counts = await quarantine.count().catch(() => null); // other metrics and logs show a disk that fails
      for (const why of REASONS) if (counts !== null) this.set({ why }, counts[why].records);
    },
  });
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter<Label>({ name, help, labelNames, registers });
  return {
    writes: counter(
      'chartway_spool_writes_total',
      'Requests put into the spool, by result (written, full, deferred-full: deferred notices fill half of it, failed, slow).',
      ['result'],
    ),
    writtenRecords: counter('chartway_spool_records_written_total', 'Notices written to the spool.'),
    replays: counter(
      'chartway_spool_replays_total',
      'Deliveries of the spool, by result (taken, refused, unavailable, deferred: counted at each attempt).',
      ['result'],
    ),
    quarantined: counter(
      'chartway_quarantined_total',
      'Records moved from the spool to the quarantine, by reason and result (kept, full, failed).',
      ['why', 'result'],
    ),
    torn: counter('chartway_spool_torn_total', 'Records that a crash cut off; they were never acknowledged.'),
    claimedSegments: counter('chartway_spool_adopted_segments_total', 'Files claimed from dead webhooks.'),
  };
}
