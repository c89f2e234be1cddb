import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { toIso } from '../domain/instants';
import { RECORDED_NEEDS } from '../domain/needs';
import { type ApplicantRecord, toApplicantRecord } from '../temporal/applicant-record';
import { applicantsQuery, ENDED_BY_FORCE, listRuns } from '../temporal/runs';
import { applicantWorkflowId } from '../workflows/contract';
import { currentMs } from './run-sources';
import type { UseCaseDeps } from './use-cases';
import type { ApplicantChange, StreamComment, StreamEvent } from './views';

/** One poll serves all clients of the process. */
const POLL_EVERY_MS = 1_000;
/** Visibility may lag by this time. */
const OVERLAP_MS = 10_000;
const PAGE_SIZE = 500;
/** More changes in one poll than this are a reset. */
const MAX_CHANGES = 1_000;
/** For clients that connect again. */
const MAX_KEPT = 5_000;
/** Applicants whose last change is remembered, so that the overlap repeats nothing. */
const MAX_REMEMBERED = 50_000;
/** A client sends its last id and gets a comment after this time without an event. */
const COMMENT_AFTER_MS = 15_000;

/** Lists what may have changed since a time, in ms since 1970. Null: more than {@link MAX_CHANGES}. Throws what the client throws. */
export type ListChanges = (sinceMs: number) => Promise<readonly ApplicantRecord[] | null>;

interface StreamOptions {
  readonly list: ListChanges;
  readonly nowMs: () => number;
  readonly pollEveryMs?: number;
  readonly commentAfterMs?: number;
}

/** Changes of applicants. `lastEventId`: the last one that the client has; null: none. Ends with the signal. */
export type ChangeStream = (
  lastEventId: string | null,
  signal: AbortSignal,
) => AsyncGenerator<StreamEvent | StreamComment>;

/** The stream of a process: it polls Temporal while a client is connected. */
export function createChangeStream({
  list,
  nowMs,
  pollEveryMs = POLL_EVERY_MS,
  commentAfterMs = COMMENT_AFTER_MS,
}: StreamOptions): ChangeStream {
  const known = new LRUCache<string, string>({ max: MAX_REMEMBERED });
  const waiting = new Set<() => void>();
  let kept: { readonly sequence: number; readonly event: StreamEvent }[] = [];
  let epoch = newEpoch();
  let sequence = 0;
  let clients = 0;
  let sinceMs = 0;
  let isDegraded = false;
  let timer: NodeJS.Timeout | undefined;

  return async function* stream(lastEventId, signal) {
    let isBehind = false;
    if (clients === 0) start();
    clients += 1;
    try {
      let last = positionOf(lastEventId);
      if (last === null) {
        yield toEvent('reset', {});
        last = sequence;
      }
      // A client that loses its connection before the first event knows where it was.
      yield toComment(last);
      if (isDegraded) yield toEvent('degraded', { reasons: ['temporal-unavailable'] });
      while (!signal.aborted) {
        const next = kept.filter((one) => one.sequence > (last ?? 0));
        isBehind = next.length > 0 && (next[0]?.sequence ?? 0) > last + 1;
        if (isBehind) yield toEvent('reset', {});
        for (const { event } of next) yield event;
        // More may have come while the client read these.
        last = next.at(-1)?.sequence ?? last;
        if (next.length === 0 && !(await waitForChange(signal))) yield toComment(last);
      }
    } finally {
      clients -= 1;
      if (clients === 0) stop();
    }
  };

  /** The sequence that the client has; null if what came after it is unknown. */
  function positionOf(lastEventId: string | null): number | null {
    if (lastEventId === null) return sequence;
    const [, of, text] = /^([0-9a-f]{8})-(\d{1,15})$/.exec(lastEventId) ?? [];
    const position = Number(text);
    const oldest = kept[0]?.sequence ?? sequence + 1;
    return of === epoch && position <= sequence && position >= oldest - 1 ? position : null;
  }

  function start(): void {
    // What happened while no one was connected is unknown.
    epoch = newEpoch();
    kept = [];
    known.clear();
    sinceMs = nowMs();
    isDegraded = false;
    timer = setTimeout(poll, pollEveryMs);
  }

  function stop(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  async function poll(): Promise<void> {
    const ofEpoch = epoch;
    const beganAtMs = nowMs();
    try {
      const records = await list(sinceMs - OVERLAP_MS);
      if (ofEpoch !== epoch) return;
      sinceMs = beganAtMs;
      if (isDegraded) push('recovered', {});
      isDegraded = false;
      if (records === null) push('reset', {});
      for (const record of records ?? []) learn(record);
    } catch {
      if (ofEpoch !== epoch) return;
      if (!isDegraded) push('degraded', { reasons: ['temporal-unavailable'] });
      isDegraded = true;
    }
    // The time of the poll counts, so that a slow Temporal is not asked without pause.
    if (clients > 0) timer = setTimeout(poll, pollEveryMs);
  }

  function learn(record: ApplicantRecord): void {
    const change = toChange(record);
    const text = JSON.stringify(change);
    if (known.get(record.clientUserId) === text) return;
    known.set(record.clientUserId, text);
    push('applicant', change);
  }

  function push(event: StreamEvent['event'], data: StreamEvent['data']): void {
    sequence += 1;
    kept.push({ sequence, event: toEvent(event, data) });
    if (kept.length > MAX_KEPT) kept = kept.slice(-MAX_KEPT);
    for (const wake of [...waiting]) wake();
  }

  function toEvent(event: StreamEvent['event'], data: StreamEvent['data']): StreamEvent {
    return { id: idOf(sequence), event, data };
  }

  function toComment(position: number): StreamComment {
    return { id: idOf(position), event: null };
  }

  function idOf(position: number): string {
    return `${epoch}-${position}`;
  }

  /** False if nothing came for {@link COMMENT_AFTER_MS}. */
  function waitForChange(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (hasChanged: boolean) => () => {
        clearTimeout(comment);
        waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve(hasChanged);
      };
      const wake = end(true);
      const comment = setTimeout(end(false), commentAfterMs);
      waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}

function newEpoch(): string {
  return randomBytes(4).toString('hex');
}

function toChange(record: ApplicantRecord): ApplicantChange {
  const { clientUserId, round, stage, stageSinceMs, outcome, needs, standing, closedAtMs } = record;
  return {
    ...{ clientUserId, round, stage, stageSince: toIso(stageSinceMs), outcome, needs },
    open: standing === 'open' && stage !== 'closed',
    closedAt: toIso(closedAtMs),
  };
}

/** Lists changes by Temporal's visibility: new stages, runs that were ended by force, and changed needs. */
export function createChangeList(deps: UseCaseDeps): ListChanges {
  const all = applicantsQuery(deps.taskQueue);
  let needsBefore: ReadonlyMap<string, string> | null = null;

  async function list(condition: string): Promise<readonly ApplicantRecord[] | null> {
    const records: ApplicantRecord[] = [];
    let nextPageToken: Uint8Array | null | undefined;
    do {
      const page = await listRuns(deps.client, `${all} AND ${condition}`, {
        pageSize: PAGE_SIZE,
        ...(nextPageToken && { nextPageToken }),
      });
      records.push(...(page.executions ?? []).flatMap((info) => toApplicantRecord(info) ?? []));
      if (records.length > MAX_CHANGES) return null;
      ({ nextPageToken } = page);
    } while (nextPageToken && nextPageToken.length > 0);
    return records;
  }

  /** Applicants with other needs than at the last poll, at most as many as a page. */
  async function listChangedNeeds(): Promise<readonly ApplicantRecord[]> {
    const names = RECORDED_NEEDS.map((need) => `"${need}"`).join(', ');
    const { executions } = await listRuns(deps.client, `${all} AND ApplicantNeeds IN (${names})`, {
      pageSize: PAGE_SIZE,
    });
    const records = (executions ?? []).flatMap((info) => toApplicantRecord(info) ?? []);
    const before = needsBefore;
    needsBefore = new Map(records.map(({ clientUserId, needs }) => [clientUserId, needs.join()]));
    if (before === null) return [];
    const changed = records.filter(({ clientUserId, needs }) => before.get(clientUserId) !== needs.join());
    const gone = [...before.keys()].filter((id) => !needsBefore?.has(id)).slice(0, 100);
    if (gone.length === 0) return changed;
    const ids = gone.map((id) => `"${applicantWorkflowId(id)}"`).join(', ');
    return [...changed, ...((await list(`WorkflowId IN (${ids})`)) ?? [])];
  }

  return async (sinceMs) => {
    const since = new Date(sinceMs).toISOString();
    const [moved, forced, needs] = await Promise.all([
      list(`ApplicantStageSince >= "${since}"`),
      list(`CloseTime >= "${since}" AND ${ENDED_BY_FORCE}`),
      listChangedNeeds(),
    ]);
    return moved === null || forced === null ? null : newestOf([...moved, ...forced, ...needs]);
  };
}

/** One record per applicant, its newest run; the oldest change first. */
function newestOf(records: readonly ApplicantRecord[]): readonly ApplicantRecord[] {
  const newest = new Map<string, ApplicantRecord>();
  for (const record of records.toSorted((a, b) => a.startedAtMs - b.startedAtMs))
    newest.set(record.clientUserId, record);
  return [...newest.values()].sort((a, b) => (a.stageSinceMs ?? 0) - (b.stageSinceMs ?? 0));
}

export function openChangeStream(deps: UseCaseDeps): ChangeStream {
  return createChangeStream({ list: createChangeList(deps), nowMs: () => currentMs(deps) });
}
