import type { z } from 'zod';
import { DAY_MS, parseDurationMs, SECOND_MS } from '../domain/policy';
import { type ConfigurationFault, describeFault, type Environment } from '../process/configuration-fault';
import { setting } from '../process/setting';

/** An erasure cannot be undone, so a mistaken unit must not erase recent records. */
const MIN_RETENTION_MS = DAY_MS;

/** The variable of retention by age. Whole seconds, because Temporal's schedules accept no others. */
export const RETENTION_VARIABLES = {
  REPORTS_RETENTION: setting('off, or a duration of whole seconds (90d, 2192d)', (text) => {
    if (text === 'off') return text;
    const retentionMs = parseDurationMs(text);
    return retentionMs !== null && retentionMs % SECOND_MS === 0 ? retentionMs : null;
  }).prefault('off'),
};

/** How long a closed applicant is kept, in ms; null: until an operator erases it. */
export function toRetentionMs({ REPORTS_RETENTION }: z.output<z.ZodObject<typeof RETENTION_VARIABLES>>): number | null {
  return REPORTS_RETENTION === 'off' ? null : REPORTS_RETENTION;
}

/** Faults of a worker that erases by age. `hasRealUpstream`: the upstream is not on this machine. */
export function retentionFaults(set: Environment, hasRealUpstream: boolean): ConfigurationFault[] {
  const text = set['REPORTS_RETENTION'] ?? 'off';
  if (text === 'off') return [];
  const retentionMs = parseDurationMs(text);
  const isTooShort = hasRealUpstream && retentionMs !== null && retentionMs < MIN_RETENTION_MS;
  const isAuditOff = /^\s*off\s*$/i.test(set['AUDIT_LOG'] ?? '');
  return [
    ...(isTooShort
      ? [describeFault('REPORTS_RETENTION', 'off, or at least 1d: an erasure cannot be undone', set)]
      : []),
    ...(isAuditOff ? [describeFault('AUDIT_LOG', 'a folder: REPORTS_RETENTION records what it erases', set)] : []),
  ];
}
