import { defaultPayloadConverter } from '@temporalio/common';
import type { Need } from '../domain/needs';
import { decodeFirstOrNull } from '../temporal/history';
import { toMs } from '../temporal/rpc';
import { applicantsQuery, listRuns, type RunInfo, toApplicantRun } from '../temporal/runs';
import { SEARCH_ATTRIBUTE_KEYS, SNOOZED_UNTIL_MEMO } from '../workflows/contract';
import { NEAR_DEADLINE_MS } from './applicant-needs';
import type { UseCaseDeps } from './use-cases';
import type { AttentionItem } from './views';

const PAGE_SIZE = 200;
/** Ids of one query that looks for later runs. */
const IDS_PER_QUERY = 100;
const TIMEOUT_MS = 5_000;

const { stageSince: STAGE_SINCE, dueAt: DUE_AT, needs: NEEDS } = SEARCH_ATTRIBUTE_KEYS;

interface NeedRule {
  readonly need: Need;
  readonly toCondition: (nowMs: number) => string;
  readonly sinceMs: (info: RunInfo) => number | null;
  readonly text: (info: RunInfo) => string;
  readonly action: (clientUserId: string) => string;
}

const recorded = (need: Need) => () => `${NEEDS.name} = "${need}"`;
const stageSinceMs = (info: RunInfo) => readTimeMs(info, STAGE_SINCE.name);
const startAgain = () => 'POST /api/v1/applicants with "again": true';
const readInvitation = (id: string) => `GET /api/v1/applicants/${id}/invitation`;

/** The most urgent first. */
const RULES: readonly NeedRule[] = [
  {
    need: 'stuck-run',
    // The server sets it after five failed attempts of a workflow task, and clears it.
    toCondition: () => 'CloseTime IS NULL AND TemporalReportedProblems IS NOT NULL',
    sinceMs: () => null,
    text: () =>
      'Its workflow task fails in every attempt, so nothing happens. Check the version and the keys of the workers.',
    action: () => 'npm run chartway -- doctor',
  },
  {
    need: 'stuck-call',
    toCondition: recorded('stuck-call'),
    sinceMs: () => null,
    text: () => 'A call has failed for minutes and is retried.',
    action: (id) => `POST /api/v1/applicants/${id}/retry`,
  },
  {
    need: 'conflict',
    toCondition: recorded('conflict'),
    sinceMs: stageSinceMs,
    text: () => 'Upstream has this person with other details. Correct the details and start again.',
    action: startAgain,
  },
  {
    need: 'undeliverable',
    toCondition: recorded('undeliverable'),
    sinceMs: stageSinceMs,
    text: () => 'The invitation could not be delivered. Correct the e-mail address and start again.',
    action: startAgain,
  },
  {
    need: 'near-deadline',
    toCondition: (nowMs) =>
      `CloseTime IS NULL AND ${DUE_AT.name} <= "${new Date(nowMs + NEAR_DEADLINE_MS).toISOString()}"`,
    sinceMs: (info) => {
      const dueAtMs = readTimeMs(info, DUE_AT.name);
      return dueAtMs === null ? null : dueAtMs - NEAR_DEADLINE_MS;
    },
    text: (info) => {
      const dueAtMs = readTimeMs(info, DUE_AT.name);
      return `The deadline is near${dueAtMs === null ? '' : `: ${new Date(dueAtMs).toISOString()}`}.`;
    },
    action: (id) => `PUT /api/v1/applicants/${id}/deadline`,
  },
  {
    need: 'attention',
    toCondition: recorded('attention'),
    sinceMs: stageSinceMs,
    text: () => 'The person has to act at a provider. Ask the person to open the invitation again.',
    action: readInvitation,
  },
  {
    need: 'quiet',
    toCondition: recorded('quiet'),
    sinceMs: stageSinceMs,
    text: () => 'Nothing has happened for longer than usual. Remind the person of the invitation.',
    action: readInvitation,
  },
];

/** The needs of the newest runs, the most urgent first, without snoozed applicants; at most `limit`. Throws what the client throws. */
export async function listNeeds(deps: UseCaseDeps, nowMs: number, limit: number): Promise<readonly AttentionItem[]> {
  const items: AttentionItem[] = [];
  const untilMs = Date.now() + TIMEOUT_MS;
  for (const rule of RULES) {
    const found = await listNeed(deps, rule, nowMs, limit - items.length, untilMs);
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
  let nextPageToken: Uint8Array | null | undefined;
  do {
    const page = await listRuns(client, query, {
      pageSize: PAGE_SIZE,
      untilMs,
      ...(nextPageToken && { nextPageToken }),
    });
    const newest = await withoutOlderRuns(deps, page.executions ?? [], untilMs);
    for (const info of newest) {
      const run = toApplicantRun(info);
      if (!run || (await readSnoozedUntilMs(deps, run.workflowId, info)) > nowMs) continue;
      const { clientUserId } = run;
      const sinceMs = rule.sinceMs(info);
      items.push({
        clientUserId,
        need: rule.need,
        since: sinceMs === null ? null : new Date(sinceMs).toISOString(),
        text: rule.text(info),
        action: rule.action(clientUserId),
      });
      if (items.length >= limit) return items;
    }
    nextPageToken = page.nextPageToken;
  } while (nextPageToken && nextPageToken.length > 0);
  return items;
}

/** An open run is the newest one. A closed one may be that of an earlier round. */
async function withoutOlderRuns({ client }: UseCaseDeps, infos: readonly RunInfo[], untilMs: number) {
  const closed = infos.filter(({ closeTime }) => closeTime);
  const newestMs = new Map<string, number>();
  for (let at = 0; at < closed.length; at += IDS_PER_QUERY) {
    const ids = closed.slice(at, at + IDS_PER_QUERY).map(({ execution }) => `"${execution?.workflowId}"`);
    let nextPageToken: Uint8Array | null | undefined;
    do {
      const query = `WorkflowId IN (${ids.join(', ')})`;
      const page = await listRuns(client, query, { untilMs, ...(nextPageToken && { nextPageToken }) });
      for (const { execution, startTime } of page.executions ?? []) {
        const id = execution?.workflowId ?? '';
        newestMs.set(id, Math.max(newestMs.get(id) ?? 0, toMs(startTime) ?? 0));
      }
      nextPageToken = page.nextPageToken;
    } while (nextPageToken && nextPageToken.length > 0);
  }
  return infos.filter(
    ({ execution, startTime, closeTime }) =>
      !closeTime || (toMs(startTime) ?? 0) >= (newestMs.get(execution?.workflowId ?? '') ?? 0),
  );
}

/** 0 if it is not snoozed, or if its memo cannot be decoded: then it shows. */
async function readSnoozedUntilMs({ client }: UseCaseDeps, workflowId: string, { memo }: RunInfo): Promise<number> {
  const payload = memo?.fields?.[SNOOZED_UNTIL_MEMO];
  const untilMs = payload && (await decodeFirstOrNull(client, workflowId, [payload]));
  return typeof untilMs === 'number' ? untilMs : 0;
}

function readTimeMs({ searchAttributes }: RunInfo, name: string): number | null {
  const payload = searchAttributes?.indexedFields?.[name];
  const ms = payload ? Date.parse(defaultPayloadConverter.fromPayload<string>(payload)) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}
