import pLimit from 'p-limit';
import { toIso } from '../domain/instants';
import { OUTCOMES, STAGES, type Stage } from '../domain/outcome';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../domain/policy';
import { applicantsQuery } from '../temporal/runs';
import { countRuns, readRetentionMs } from '../temporal/visibility';
import { SEARCH_ATTRIBUTE_KEYS } from '../workflows/contract';
import { currentMs } from './run-sources';
import { readTemporal } from './unavailable';
import type { UseCaseDeps } from './use-cases';
import type { SummaryView } from './views';

const CACHED_FOR_MS = 5_000;
/** A day that ended this long ago changes only when Temporal deletes its runs, so its counts are cached for longer. */
const DAY_SETTLES_AFTER_MS = 10 * MINUTE_MS;
const DAY_CACHED_FOR_MS = HOUR_MS;
const DAYS = 30;
/** The upper bounds of the ages, in days; null: older. */
const AGES = [1, 3, 7, 14, 30, 60, 90, null] as const;
/** A summary takes about 80 counts; the other readers of visibility must not wait for them. */
const CONCURRENT_COUNTS = 8;
const TIMEOUT_MS = 8_000;

const { stage: STAGE, outcome: OUTCOME, openedAt: OPENED_AT } = SEARCH_ATTRIBUTE_KEYS;

/**
 * Counts runs in Temporal, so an applicant counts once for each round within `coverage`. Callers within 5 s share one answer, and callers at the same
 * time one computation. A failure is not cached.
 */
export function createSummary(deps: UseCaseDeps): () => Promise<SummaryView> {
  const days = createDayCounts();
  let cache: { readonly atMs: number; readonly summary: Promise<SummaryView> } | null = null;
  return () => {
    const nowMs = currentMs(deps);
    if (cache === null || nowMs - cache.atMs >= CACHED_FOR_MS) {
      const summary = readTemporal(() => compute(deps, days, nowMs));
      const current = { atMs: nowMs, summary };
      cache = current;
      summary.catch(() => {
        if (cache === current) cache = null;
      });
    }
    return cache.summary;
  };
}

async function compute({ client, taskQueue }: UseCaseDeps, days: DayCounts, nowMs: number): Promise<SummaryView> {
  const untilMs = Date.now() + TIMEOUT_MS;
  const limit = pLimit(CONCURRENT_COUNTS);
  const all = applicantsQuery(taskQueue);
  const count = (condition: string) => limit(() => countRuns(client, `${all} AND ${condition}`, untilMs));
  const countEach = async <K extends string>(keys: readonly K[], toCondition: (key: K) => string) =>
    Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await count(toCondition(key))]))) as Record<
      K,
      number
    >;
  try {
    const [stages, outcomes, dayCounts, ages, retentionMs] = await Promise.all([
      countEach(STAGES, stageCondition),
      countEach(OUTCOMES, (outcome) => `${OUTCOME.name} = "${outcome}" AND CloseTime IS NOT NULL`),
      Promise.all(lastDays(nowMs).map((startMs) => days.read(startMs, nowMs, count))),
      Promise.all(AGES.map((atMostDays, index) => countAge(AGES[index - 1] ?? null, atMostDays, nowMs, count))),
      readRetentionMs(client, untilMs),
    ]);
    const since = retentionMs === null ? null : toIso(nowMs - retentionMs);
    return { stages, outcomes, days: dayCounts, ages, coverage: { since }, asOf: toIso(nowMs) };
  } finally {
    limit.clearQueue();
  }
}

/** A run that was ended by force keeps its stage, and counts as closed. It has no outcome. */
function stageCondition(stage: Stage): string {
  const hasStage = `${STAGE.name} = "${stage}"`;
  return stage === 'closed' ? `(${hasStage} OR CloseTime IS NOT NULL)` : `(${hasStage} AND CloseTime IS NULL)`;
}

type Count = (condition: string) => Promise<number>;
type DayCount = SummaryView['days'][number];

interface DayCounts {
  read(startMs: number, nowMs: number, count: Count): Promise<DayCount>;
}

function createDayCounts(): DayCounts {
  const cache = new Map<number, { readonly untilMs: number; readonly counts: DayCount }>();
  return {
    async read(startMs, nowMs, count) {
      const cached = cache.get(startMs);
      if (cached && nowMs < cached.untilMs) return cached.counts;
      const endMs = startMs + DAY_MS;
      const [opened, closed] = await Promise.all([
        count(openedWithin(startMs, endMs)),
        count(`CloseTime >= "${toIso(startMs)}" AND CloseTime < "${toIso(endMs)}"`),
      ]);
      const counts = { date: toIso(startMs).slice(0, 10), opened, closed };
      if (nowMs > endMs + DAY_SETTLES_AFTER_MS) cache.set(startMs, { untilMs: nowMs + DAY_CACHED_FOR_MS, counts });
      for (const day of cache.keys()) if (day < nowMs - (DAYS + 1) * DAY_MS) cache.delete(day);
      return counts;
    },
  };
}

/** The starts of the last days in UTC, oldest first. */
function lastDays(nowMs: number): readonly number[] {
  const todayMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
  return Array.from({ length: DAYS }, (_, index) => todayMs - (DAYS - 1 - index) * DAY_MS);
}

async function countAge(youngerDays: number | null, atMostDays: number | null, nowMs: number, count: Count) {
  const fromMs = atMostDays === null ? 0 : nowMs - atMostDays * DAY_MS;
  // A clock that is ahead may have opened the youngest.
  const untilMs = nowMs + (youngerDays === null ? DAY_MS : -youngerDays * DAY_MS);
  return { atMostDays, count: await count(`CloseTime IS NULL AND ${openedWithin(fromMs, untilMs)}`) };
}

/** A run of 0.2.0 has no time of its opening, so the start of the run counts. */
function openedWithin(fromMs: number, untilMs: number): string {
  const within = (name: string) => `${name} >= "${toIso(fromMs)}" AND ${name} < "${toIso(untilMs)}"`;
  return `((${within(OPENED_AT.name)}) OR (${OPENED_AT.name} IS NULL AND ${within('StartTime')}))`;
}
