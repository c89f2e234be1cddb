import { type Need, OPEN_NEEDS } from '../domain/needs';
import type { ApplicantRecord } from '../temporal/applicant-record';
import { ENDED_BY_FORCE, HAS_REPORTED_PROBLEMS } from '../temporal/runs';
import { applicantWorkflowId, SEARCH_ATTRIBUTE_KEYS } from '../workflows/contract';
import { currentNeeds, isNearDeadline, isOpenRecord, NEAR_DEADLINE_MS } from './applicant-needs';
import type { ListFilters } from './use-cases';

/** A filter as a condition of Temporal's list, and as a check of one record. They agree, except that Temporal's prefix may ignore case. */
export interface Condition {
  readonly query: string;
  readonly matches: (record: ApplicantRecord) => boolean;
}

const KEYS = SEARCH_ATTRIBUTE_KEYS;

/** `nowMs`: the same for all pages of a list. `After` bounds are inclusive, `Before` bounds exclusive. */
export function toConditions(filters: ListFilters, nowMs: number): readonly Condition[] {
  return [
    ...fieldConditions(filters),
    ...(filters.needs ?? []).map((need) => needCondition(need, nowMs)),
    ...timeConditions('CloseTime', ({ closedAtMs }) => closedAtMs, filters.closedAfterMs, filters.closedBeforeMs),
    ...timeConditions(
      KEYS.stageSince.name,
      ({ stageSinceMs }) => stageSinceMs,
      filters.stageSinceAfterMs,
      filters.stageSinceBeforeMs,
    ),
    ...dueConditions(filters),
    ...openedConditions(filters),
  ];
}

function fieldConditions({ prefix, humanId, stage, outcome, open }: ListFilters): readonly Condition[] {
  const conditions: Condition[] = [];
  if (prefix !== undefined)
    conditions.push({
      query: `WorkflowId STARTS_WITH ${quote(applicantWorkflowId(prefix))}`,
      matches: ({ clientUserId }) => clientUserId.startsWith(prefix),
    });
  if (humanId !== undefined)
    conditions.push({
      query: `${KEYS.humanId.name} = ${quote(humanId)}`,
      matches: (record) => record.humanId === humanId,
    });
  if (stage !== undefined)
    conditions.push({ query: `${KEYS.stage.name} = ${quote(stage)}`, matches: (record) => record.stage === stage });
  if (outcome !== undefined)
    conditions.push({
      query: `${KEYS.outcome.name} = ${quote(outcome)}`,
      matches: (record) => record.outcome === outcome,
    });
  if (open !== undefined)
    conditions.push({
      query: open
        ? `(CloseTime IS NULL AND ${KEYS.stage.name} != "closed")`
        : `(CloseTime IS NOT NULL OR ${KEYS.stage.name} = "closed")`,
      matches: (record) => isOpenRecord(record) === open,
    });
  return conditions;
}

function needCondition(need: Need, nowMs: number): Condition {
  switch (need) {
    case 'stuck-run':
      return {
        query: `((${HAS_REPORTED_PROBLEMS}) OR ${ENDED_BY_FORCE})`,
        matches: ({ standing, hasReportedProblems }) => standing === 'forced' || hasReportedProblems,
      };
    case 'near-deadline':
      return {
        query: `(CloseTime IS NULL AND ${KEYS.dueAt.name} <= ${quoteTime(nowMs + NEAR_DEADLINE_MS)})`,
        matches: (record) => isNearDeadline(record, nowMs),
      };
    default: {
      const query = `${KEYS.needs.name} = ${quote(need)}`;
      return {
        query: OPEN_NEEDS.includes(need) ? whileOpen(query) : query,
        matches: (record) => currentNeeds(record).includes(need),
      };
    }
  }
}

function dueConditions({ dueBeforeMs }: ListFilters): readonly Condition[] {
  return timeConditions(KEYS.dueAt.name, ({ dueAtMs }) => dueAtMs, undefined, dueBeforeMs).map(
    ({ query, matches }) => ({
      query: whileOpen(query),
      matches: (record) => isOpenRecord(record) && matches(record),
    }),
  );
}

/** A terminated run keeps its search attributes. */
function whileOpen(query: string): string {
  return `(CloseTime IS NULL AND ${query})`;
}

/** A run of 0.2.0 has no search attribute for its opening: its start counts. */
function openedConditions({ openedAfterMs, openedBeforeMs }: ListFilters): readonly Condition[] {
  const openedMs = ({ openedAtMs, startedAtMs }: ApplicantRecord) => openedAtMs ?? startedAtMs;
  const own = timeConditions(KEYS.openedAt.name, openedMs, openedAfterMs, openedBeforeMs);
  const byStart = timeConditions('StartTime', openedMs, openedAfterMs, openedBeforeMs);
  return own.map(({ query, matches }, index) => ({
    query: `(${query} OR (${KEYS.openedAt.name} IS NULL AND ${byStart[index]?.query}))`,
    matches,
  }));
}

function timeConditions(
  name: string,
  toMs: (record: ApplicantRecord) => number | null,
  afterMs: number | undefined,
  beforeMs: number | undefined,
): readonly Condition[] {
  const conditions: Condition[] = [];
  if (afterMs !== undefined)
    conditions.push({
      query: `${name} >= ${quoteTime(afterMs)}`,
      matches: (record) => (toMs(record) ?? Number.NEGATIVE_INFINITY) >= afterMs,
    });
  if (beforeMs !== undefined)
    conditions.push({
      query: `${name} < ${quoteTime(beforeMs)}`,
      matches: (record) => (toMs(record) ?? Number.POSITIVE_INFINITY) < beforeMs,
    });
  return conditions;
}

/** A string of the query language, in which a backslash escapes. */
function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

function quoteTime(timeMs: number): string {
  return quote(new Date(timeMs).toISOString());
}
