import type { z } from 'zod';
import { DAY_MS, parseDurationMs, SECOND_MS } from '../domain/policy';
import { type ConfigurationFault, type Environment, faultOf } from '../process/configuration-fault';
import { setting } from '../process/setting';

/** What is erased is gone for good: a unit mistaken for another one must not take records that are weeks old. */
const LEAST_MS = DAY_MS;

/** The variable about erasing by age. Whole seconds, because Temporal's schedules know no others. */
export const RETENTION_VARIABLES = {
  REPORTS_RETENTION: setting('off, or a duration of whole seconds (90d, 2192d)', (text) => {
    if (text === 'off') return text;
    const retentionMs = parseDurationMs(text);
    return retentionMs !== null && retentionMs % SECOND_MS === 0 ? retentionMs : null;
  }).prefault('off'),
};

/** For how long a closed applicant is kept, in ms; null: until somebody erases by hand. */
export function retentionMsOf({ REPORTS_RETENTION }: z.output<z.ZodObject<typeof RETENTION_VARIABLES>>): number | null {
  return REPORTS_RETENTION === 'off' ? null : REPORTS_RETENTION;
}

/** What a worker that erases by age cannot do without. `forReal`: its upstream is not this machine's. */
export function retentionFaults(set: Environment, forReal: boolean): ConfigurationFault[] {
  const given = set['REPORTS_RETENTION'] ?? 'off';
  if (given === 'off') return [];
  const retentionMs = parseDurationMs(given);
  const tooShort = forReal && retentionMs !== null && retentionMs < LEAST_MS;
  return [
    ...(tooShort ? [faultOf('REPORTS_RETENTION', 'off, or 1d at least: what is erased is gone for good', set)] : []),
    ...(/^\s*off\s*$/i.test(set['AUDIT_LOG'] ?? '')
      ? [faultOf('AUDIT_LOG', 'a folder: what REPORTS_RETENTION erases has to stand in it', set)]
      : []),
  ];
}
