import { Counter, Gauge, type Registry } from 'prom-client';
import type { Quarantine } from '../quarantine/quarantine';
import type { Segments } from './segments';

/** What the spool has done; labels carry results and reasons, never an id. */
export interface SpoolMetrics {
  /** A request's notices put into the spool: `written`, `full`, `deferred-full`, `failed` or `slow`. */
  readonly writes: Counter<'result'>;
  /** Records that became durable. */
  readonly written: Counter;
  /** Deliveries out of the spool: `taken`, `refused`, `unavailable`, `deferred`. */
  readonly replays: Counter<'result'>;
  /** Records put into quarantine, by reason; `full`: they had to stay in the spool. */
  readonly quarantined: Counter<'why' | 'result'>;
  /** Ends of segments that a crash cut off: never acknowledged, dropped. */
  readonly torn: Counter;
  /** Segments taken over from a webhook that died. */
  readonly adopted: Counter;
}

/** Reasons of the spool's quarantine; `nobody` is in the report store only. */
const REASONS = ['refused', 'signature', 'damaged'] as const;

export function createSpoolMetrics(registry: Registry, segments: Segments, quarantine: Quarantine): SpoolMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge('chartway_spool_records', 'Notices that wait in this webhook’s spool.', () => segments.total().records);
  gauge('chartway_spool_bytes', 'Bytes of this webhook’s spool.', () => segments.total().bytes);
  gauge('chartway_spool_segments', 'Files of this webhook’s spool.', () => segments.total().segments);
  gauge('chartway_spool_oldest_age_seconds', 'Age of the oldest notice that waits; 0 where none does.', () => {
    const { oldestAtMs } = segments.total();
    return oldestAtMs === null ? 0 : Math.max(0, (Date.now() - oldestAtMs) / 1_000);
  });
  new Gauge({
    name: 'chartway_quarantine_records',
    help: 'Records in the quarantine, of all webhooks that share the spool’s folder, by reason (refused, signature, damaged).',
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
      'Requests put into the spool, by result (written, full, deferred-full: deferred notices take half of it, failed, slow).',
      ['result'],
    ),
    written: counter('chartway_spool_records_written_total', 'Notices made durable in the spool.'),
    replays: counter(
      'chartway_spool_replays_total',
      'Deliveries out of the spool, by result (taken, refused, unavailable, deferred: each look at one that has to wait).',
      ['result'],
    ),
    quarantined: counter(
      'chartway_quarantined_total',
      'Records set aside out of the spool, by reason and result (kept, full, failed).',
      ['why', 'result'],
    ),
    torn: counter('chartway_spool_torn_total', 'Records that a crash cut off; they were never acknowledged.'),
    adopted: counter('chartway_spool_adopted_segments_total', 'Files taken over from a webhook that died.'),
  };
}
