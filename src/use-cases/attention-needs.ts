import pLimit from 'p-limit';
import { parseInstantMs, toIso } from '../domain/instants';
import { type Need, OPEN_NEEDS } from '../domain/needs';
import { type ApplicantRecord, toApplicantRecord } from '../temporal/applicant-record';
import { listNewestRuns } from '../temporal/newest-runs';
import { GRPC, hasStatus, readPages } from '../temporal/rpc';
import { applicantsQuery, ENDED_BY_FORCE, HAS_REPORTED_PROBLEMS, listRuns, type RunInfo } from '../temporal/runs';
import { SEARCH_ATTRIBUTE_KEYS } from '../workflows/contract';
import { NEAR_DEADLINE_MS } from './applicant-needs';
import { tryReadStore } from './read-attempt';
import { readMemo, withRecordedClosing } from './run-sources';
import type { UseCaseDeps } from './use-cases';
import type { AttentionItem } from './views';

const PAGE_SIZE = 200;
const TIMEOUT_MS = 5_000;
const CONCURRENT_READS = 8;

interface NeedRule {
  readonly need: Need;
  readonly toCondition: (nowMs: number) => string;
  readonly sinceMs: (record: ApplicantRecord) => number | null;
  readonly text: (record: ApplicantRecord) => string;
  readonly action: (clientUserId: string) => string;
  /** Whether something that Temporal does not show repaired it. Absent: no. */
  readonly isRepaired?: (deps: UseCaseDeps, record: ApplicantRecord) => Promise<boolean>;
}

/** A run that was terminated while it was open keeps its needs, but they no longer hold. */
const conditionOf = (need: Need) => () =>
  `${OPEN_NEEDS.includes(need) ? 'CloseTime IS NULL AND ' : ''}${SEARCH_ATTRIBUTE_KEYS.needs.name} = "${need}"`;
const stageSinceMs = (record: ApplicantRecord) => record.stageSinceMs;
const startAgain = () => 'POST /api/v1/applicants with "again": true';
const readInvitation = (id: string) => `GET /api/v1/applicants/${id}/invitation`;

/** An older server does not know the search attribute, and answers INVALID_ARGUMENT. */
const REPORTED_PROBLEMS: NeedRule = {
  need: 'stuck-run',
  // The server sets it after five failed attempts of a workflow task, and clears it.
  toCondition: () => HAS_REPORTED_PROBLEMS,
  sinceMs: () => null,
  text: () =>
    'Its workflow task fails in every attempt, so nothing happens. Check the version and the keys of the workers.',
  action: () => 'npm run chartway -- doctor',
};

/** The most urgent first. */
const RULES: readonly NeedRule[] = [
  REPORTED_PROBLEMS,
  {
    need: 'stuck-run',
    toCondition: () => ENDED_BY_FORCE,
    sinceMs: ({ closedAtMs }) => closedAtMs,
    text: () =>
      'Its run was terminated, timed out or failed, and its person may still be upstream. Start it again, or withdraw the person.',
    action: startAgain,
    isRepaired: hasEnded,
  },
  {
    need: 'stuck-call',
    toCondition: conditionOf('stuck-call'),
    sinceMs: () => null,
    text: () => 'A call has failed for minutes and is retried.',
    action: (id) => `POST /api/v1/applicants/${id}/retry`,
  },
  {
    need: 'conflict',
    toCondition: conditionOf('conflict'),
    sinceMs: stageSinceMs,
    text: () => 'Upstream has this person with other details. Correct the details and start again.',
    action: startAgain,
  },
  {
    need: 'undeliverable',
    toCondition: conditionOf('undeliverable'),
    sinceMs: stageSinceMs,
    text: () => 'The invitation could not be delivered. Correct the e-mail address and start again.',
    action: startAgain,
  },
  {
    need: 'near-deadline',
    toCondition: (nowMs) =>
      `CloseTime IS NULL AND ${SEARCH_ATTRIBUTE_KEYS.dueAt.name} <= "${new Date(nowMs + NEAR_DEADLINE_MS).toISOString()}"`,
    sinceMs: ({ dueAtMs }) => (dueAtMs === null ? null : dueAtMs - NEAR_DEADLINE_MS),
    text: ({ dueAtMs }) => `The deadline is near: ${toIso(dueAtMs)}.`,
    action: (id) => `PUT /api/v1/applicants/${id}/deadline`,
  },
  {
    need: 'attention',
    toCondition: conditionOf('attention'),
    sinceMs: stageSinceMs,
    text: () => 'The person has to act at a provider. Ask the person to open the invitation again.',
    action: readInvitation,
  },
  {
    need: 'quiet',
    toCondition: conditionOf('quiet'),
    sinceMs: stageSinceMs,
    text: () => 'Nothing has happened for longer than usual. Remind the person of the invitation.',
    action: readInvitation,
  },
];

const UNREPORTED: AttentionItem = {
  clientUserId: null,
  need: 'stuck-run',
  since: null,
  text: 'This Temporal server does not report runs whose workflow task fails in every attempt.',
  action: 'Upgrade the Temporal server.',
};

/** The needs of the newest runs, the most urgent first, without snoozed applicants; at most `limit`. Throws what the client throws. */
export async function listNeeds(deps: UseCaseDeps, nowMs: number, limit: number): Promise<readonly AttentionItem[]> {
  const items: AttentionItem[] = [];
  const untilMs = Date.now() + TIMEOUT_MS;
  for (const rule of RULES) {
    const found = await listNeed(deps, rule, nowMs, limit - items.length, untilMs).catch((error: unknown) => {
      if (rule !== REPORTED_PROBLEMS || !hasStatus(error, GRPC.INVALID_ARGUMENT)) throw error;
      return [UNREPORTED];
    });
    items.push(...found.sort((a, b) => compareSince(a.since, b.since)));
    if (items.length >= limit) break;
  }
  return items;
}

/** The oldest first; unknown ones last. */
export function compareSince(a: string | null, b: string | null): number {
  if (a === b) return 0;
  return (a ?? '~') < (b ?? '~') ? -1 : 1;
}

async function listNeed(deps: UseCaseDeps, rule: NeedRule, nowMs: number, limit: number, untilMs: number) {
  const { client, taskQueue } = deps;
  const query = `${applicantsQuery(taskQueue)} AND ${rule.toCondition(nowMs)}`;
  const items: AttentionItem[] = [];
  const limitReads = pLimit(CONCURRENT_READS);
  const isRepaired = (record: ApplicantRecord) => limitReads(async () => rule.isRepaired?.(deps, record) ?? false);
  for await (const { executions } of readPages((page) =>
    listRuns(client, query, { pageSize: PAGE_SIZE, untilMs, ...page }),
  )) {
    const records = (await withoutOlderRuns(deps, executions ?? [], untilMs)).map(async (info) => {
      const record = toApplicantRecord(info);
      return record && !(await isSnoozed(deps, info, nowMs)) && !(await isRepaired(record)) ? record : null;
    });
    for (const record of await Promise.all(records)) {
      if (record === null) continue;
      const { clientUserId } = record;
      items.push({
        clientUserId,
        need: rule.need,
        since: toIso(rule.sinceMs(record)),
        text: rule.text(record),
        action: rule.action(clientUserId),
      });
      if (items.length >= limit) return items;
    }
  }
  return items;
}

/** Whether the applicant was closed or its person was withdrawn. False also if the manifest cannot be read: then it shows. */
async function hasEnded({ reportStore }: UseCaseDeps, record: ApplicantRecord): Promise<boolean> {
  const { value } = await tryReadStore(reportStore.readManifest(record.clientUserId));
  const withdrawnAtMs = parseInstantMs(value?.withdrawnAt);
  const isWithdrawn = withdrawnAtMs !== null && withdrawnAtMs >= (record.closedAtMs ?? 0);
  return isWithdrawn || withRecordedClosing(record, value).standing === 'ended';
}

/** An open run is the newest one. A closed one may be that of an earlier round. */
async function withoutOlderRuns({ client }: UseCaseDeps, infos: readonly RunInfo[], untilMs: number) {
  const closed = infos.flatMap(({ closeTime, execution }) => (closeTime ? [execution?.workflowId ?? ''] : []));
  const newest = await listNewestRuns(client, [...new Set(closed)], untilMs);
  return infos.filter(({ closeTime, execution }) => {
    const other = closeTime && newest.get(execution?.workflowId ?? '');
    return !other || other.execution?.runId === execution?.runId;
  });
}

/** False also for a memo that cannot be decoded: then it shows. */
async function isSnoozed(deps: UseCaseDeps, info: RunInfo, nowMs: number): Promise<boolean> {
  const { snoozedUntilMs } = await readMemo(deps, info);
  return snoozedUntilMs !== null && snoozedUntilMs > nowMs;
}
