import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { toIso } from '../domain/instants';
import { type ApplicantRecord, toApplicantRecord } from '../temporal/applicant-record';
import { findEarlierRounds, listNewestRuns } from '../temporal/newest-runs';
import { GRPC, hasStatus } from '../temporal/rpc';
import { applicantRunsQuery, describeRun, listRuns, NOT_CONTINUED, type RunInfo } from '../temporal/runs';
import { readRetentionMs } from '../temporal/visibility';
import { viewOfRun } from './applicant-view';
import { alteredCursor, type Cursor, decodeCursor, encodeCursor, MAX_LISTED_TAGS } from './cursor';
import { InvalidInput } from './errors';
import { type Condition, toConditions } from './list-filters';
import { tryReadTemporal } from './read-attempt';
import { currentMs, readRunSources, readStoredApplicant, withRecordedClosing } from './run-sources';
import { readTemporal } from './unavailable';
import { type ListFilters, type ListQuery, MAX_PAGE, type UseCaseDeps } from './use-cases';
import type { ApplicantPage, ApplicantView } from './views';

/** A person waits for the answer. */
const TIMEOUT_MS = 5_000;
/** Reads of the store at a time. */
const STORE_READS = 16;
/** Pages of Temporal that one call reads until it finds an applicant. */
const MAX_EMPTY_PAGES = 10;
/** The list of Temporal lags behind, and its clock may differ from ours. */
const LAG_MS = 60_000;
/** 48 bits. */
const TAG_LENGTH = 8;

/**
 * Lists applicants in Temporal's order: the open ones, the last started first; then the closed ones, the last closed first. One item for each
 * clientUserId, its newest round; a page may have fewer items than `limit`, and only the last one has no cursor. Every applicant that matches
 * throughout is seen at least once while the caller pages: one that closes or begins another round in the meantime may be seen twice.
 */
export async function listApplicants(
  deps: UseCaseDeps,
  { limit, cursor, ...filters }: ListQuery,
): Promise<ApplicantPage> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE)
    throw new InvalidInput('parameters', [{ parameter: 'limit', code: 'range', expected: `1 to ${MAX_PAGE}` }]);
  const asOfMs = currentMs(deps);
  const identity = [deps.client.options.namespace, deps.taskQueue, sortedEntries(filters)];
  const begin: Cursor =
    cursor === null ? { token: '', beganAtMs: asOfMs, listed: [] } : decodeCursor(cursor, identity, asOfMs);
  const [{ runs, token, listed }, since] = await Promise.all([
    readTemporal(() => readPage(deps, filters, limit, begin)).catch((error) => {
      // The filters were valid on the first page, so the token is not one of Temporal.
      throw cursor !== null && hasStatus(error, GRPC.INVALID_ARGUMENT) ? alteredCursor() : error;
    }),
    readCoverageSince(deps, asOfMs),
  ]);
  return {
    items: await toItems(deps, runs, asOfMs),
    nextCursor: token === '' ? null : encodeCursor({ ...begin, token, listed }, identity, asOfMs),
    asOf: new Date(asOfMs).toISOString(),
    coverage: { since },
  };
}

interface ListedRun {
  readonly record: ApplicantRecord;
  readonly info: RunInfo;
}

/** The next applicants, and Temporal's token of the page after them. */
async function readPage(deps: UseCaseDeps, filters: ListFilters, pageSize: number, begin: Cursor) {
  const untilMs = Date.now() + TIMEOUT_MS;
  const conditions = toConditions(filters, begin.beganAtMs);
  const changedSinceMs = begin.beganAtMs - LAG_MS;
  const query = toQuery(deps.taskQueue, conditions, changedSinceMs);
  let next = begin.token;
  for (let pages = 1; ; pages += 1) {
    const nextPageToken = Buffer.from(next, 'base64');
    const page = await listRuns(deps.client, query, { pageSize, untilMs, ...(next !== '' && { nextPageToken }) });
    const newest = await selectNewest(deps, page.executions ?? [], conditions, changedSinceMs, untilMs);
    next = Buffer.from(page.nextPageToken ?? []).toString('base64');
    // Only these can stand in the list a second time: in the place of an earlier round.
    const isRecent = ({ record }: ListedRun) => record.startedAtMs >= changedSinceMs;
    const runs = newest.filter((run) => !isRecent(run) || !begin.listed.includes(tagOf(run)));
    if (runs.length === 0 && next !== '' && pages < MAX_EMPTY_PAGES) continue;
    const recent = runs.filter(isRecent);
    const records = recent.map(({ record }) => record);
    const again = next === '' ? new Set() : await findEarlierRounds(deps.client, records, untilMs);
    const tags = recent.filter(({ record }) => again.has(record.workflowId)).map(tagOf);
    return { runs, token: next, listed: [...begin.listed, ...tags].slice(0, MAX_LISTED_TAGS) };
  }
}

function tagOf({ record }: ListedRun): string {
  return createHash('sha256').update(record.workflowId).digest('base64url').slice(0, TAG_LENGTH);
}

/**
 * Runs that closed since the list began are in it even if they do not match: the newest run of the same applicant may match, and stand before the
 * page that is read.
 */
function toQuery(taskQueue: string, conditions: readonly Condition[], changedSinceMs: number): string {
  const matching = [NOT_CONTINUED, ...conditions.map(({ query }) => query)].join(' AND ');
  const since = new Date(changedSinceMs).toISOString();
  return `${applicantRunsQuery(taskQueue)} AND ((${matching}) OR CloseTime >= "${since}")`;
}

/**
 * Replaces each run by the newest one of its applicant, if that began since the list began; drops it if that is older, because the list has the
 * newest run elsewhere. An open run is the newest one.
 */
async function selectNewest(
  { client }: UseCaseDeps,
  infos: readonly RunInfo[],
  conditions: readonly Condition[],
  changedSinceMs: number,
  untilMs: number,
): Promise<readonly ListedRun[]> {
  const runs = infos.flatMap(toListedRun);
  const closedIds = runs.flatMap(({ record }) => (record.closedAtMs === null ? [] : [record.workflowId]));
  const newest = await listNewestRuns(client, [...new Set(closedIds)], untilMs);
  const selected = new Map<string, ListedRun>();
  for (const run of runs) {
    const { workflowId, runId, closedAtMs } = run.record;
    const info = closedAtMs === null ? run.info : (newest.get(workflowId) ?? (await describeInfo(workflowId)));
    const [current] = info ? toListedRun(info) : [];
    if (!current) continue;
    const isOwn = current.record.runId === runId || current.record.startedAtMs >= changedSinceMs;
    if (isOwn && conditions.every(({ matches }) => matches(current.record))) selected.set(workflowId, current);
  }
  return [...selected.values()];

  /** A run that continued as new, and the next one is not listed yet. */
  async function describeInfo(workflowId: string) {
    return (await describeRun(client, { workflowId }, untilMs))?.workflowExecutionInfo;
  }
}

function toListedRun(info: RunInfo): ListedRun[] {
  const record = toApplicantRecord(info);
  return record ? [{ record, info }] : [];
}

function toItems(deps: UseCaseDeps, runs: readonly ListedRun[], asOfMs: number): Promise<readonly ApplicantView[]> {
  const limitReads = pLimit(STORE_READS);
  return Promise.all(runs.map((run) => limitReads(() => toItem(deps, run, asOfMs))));
}

/** Without the state of the workflow, which would need a query for each item. */
async function toItem(deps: UseCaseDeps, { record, info }: ListedRun, nowMs: number): Promise<ApplicantView> {
  const stored = await readStoredApplicant(deps, record.clientUserId);
  const sources = await readRunSources(deps, withRecordedClosing(record, stored.manifest.value), info, stored);
  const isStuck = record.standing === 'forced' || record.hasReportedProblems;
  const view = viewOfRun({ ...sources, state: null, failingCalls: [], isStuck, nextCheckAtMs: null, nowMs });
  return { ...view, pendingCalls: null, actions: null };
}

/** Null: unknown. */
async function readCoverageSince({ client }: UseCaseDeps, asOfMs: number): Promise<string | null> {
  const { value } = await tryReadTemporal(readRetentionMs(client, Date.now() + TIMEOUT_MS));
  return toIso(value === null ? null : asOfMs - value);
}

/** In one order, so that the same filters have the same hash. */
function sortedEntries(filters: ListFilters): readonly unknown[] {
  return Object.entries(filters)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
