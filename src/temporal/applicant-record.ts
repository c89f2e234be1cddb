import type { ApplicantRun } from '../domain/applicant-run';
import { RECORDED_NEEDS, type RecordedNeed } from '../domain/needs';
import { SEARCH_ATTRIBUTE_KEYS } from '../workflows/contract';
import { type RunInfo, readValues, toApplicantRun } from './runs';

/** A run of an applicant with its search attributes: what Temporal knows without a worker. Times in ms since 1970; null: missing or unreadable. */
export interface ApplicantRecord extends ApplicantRun {
  /** Null before the invitation of a run that the commands started, and in a run of 0.2.0. */
  readonly round: number | null;
  readonly stageSinceMs: number | null;
  readonly openedAtMs: number | null;
  readonly dueAtMs: number | null;
  /** In the order of RECORDED_NEEDS. */
  readonly needs: readonly RecordedNeed[];
  /** True while the server reports that every attempt of the workflow task fails. Older servers do not report it. */
  readonly hasReportedProblems: boolean;
}

/** Null if the run is not an applicant's. */
export function toApplicantRecord(info: RunInfo): ApplicantRecord | null {
  const run = toApplicantRun(info);
  if (!run) return null;
  const attributes = info.searchAttributes?.indexedFields ?? {};
  const valuesOf = (key: keyof typeof SEARCH_ATTRIBUTE_KEYS) => readValues(attributes[SEARCH_ATTRIBUTE_KEYS[key].name]);
  const timeOf = (key: 'stageSince' | 'openedAt' | 'dueAt') => toTimeMs(valuesOf(key)[0]);
  const [round] = valuesOf('round');
  const needs = valuesOf('needs');
  return {
    ...run,
    round: typeof round === 'number' && Number.isSafeInteger(round) ? round : null,
    stageSinceMs: timeOf('stageSince'),
    openedAtMs: timeOf('openedAt'),
    dueAtMs: timeOf('dueAt'),
    needs: RECORDED_NEEDS.filter((need) => needs.includes(need)),
    hasReportedProblems: readValues(attributes['TemporalReportedProblems']).length > 0,
  };
}

/** Temporal writes ISO 8601. */
function toTimeMs(value: unknown): number | null {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}
