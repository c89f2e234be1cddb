import { NEEDS, type Need, OPEN_NEEDS, RECORDED_NEEDS } from '../domain/needs';
import { DAY_MS } from '../domain/policy';
import type { ApplicantRecord } from '../temporal/applicant-record';
import type { StateAnswer } from '../workflows/contract';

/** The deadline of an open applicant is near from this time before it on. */
export const NEAR_DEADLINE_MS = 7 * DAY_MS;

/** False also for a run that collects late reports after its closing, which is open in Temporal only. */
export function isOpenRecord({ standing, stage }: ApplicantRecord): boolean {
  return standing === 'open' && stage !== 'closed';
}

export function isNearDeadline(record: ApplicantRecord, nowMs: number): boolean {
  const { dueAtMs } = record;
  return isOpenRecord(record) && dueAtMs !== null && dueAtMs <= nowMs + NEAR_DEADLINE_MS;
}

/** The recorded needs that still hold. */
export function currentNeeds(record: ApplicantRecord): readonly Need[] {
  return isOpenRecord(record) ? record.needs : record.needs.filter((need) => !OPEN_NEEDS.includes(need));
}

/** The search attributes of a run of 0.2.0 have no needs and no deadline; its state has. */
export function withNeedsOfState(record: ApplicantRecord, state: StateAnswer | null): ApplicantRecord {
  if (state === null || !isOpenRecord(record)) return record;
  // A worker of 0.2.0 answers without both.
  const { needs = [], dueAtMs = null }: Partial<StateAnswer> = state;
  return {
    ...record,
    needs: RECORDED_NEEDS.filter((need) => record.needs.includes(need) || needs.includes(need)),
    dueAtMs: record.dueAtMs ?? dueAtMs,
  };
}

/** The recorded needs and the computed ones. `isStuck`: the run makes no progress, or was ended by force. */
export function needsOf(record: ApplicantRecord, isStuck: boolean, nowMs: number): readonly Need[] {
  const needs = new Set<Need>(currentNeeds(record));
  if (isStuck) needs.add('stuck-run');
  if (isNearDeadline(record, nowMs)) needs.add('near-deadline');
  return NEEDS.filter((need) => needs.has(need));
}
