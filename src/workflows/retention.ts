import {
  CancellationScope,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { InternalActivities } from '../activities';
import type { DueResult } from '../activities/retention';
import { internalActivities, longRunningActivities, PRIORITY } from './activity-calls';
import type { RetentionKind, RetentionResult } from './contract';

/** Side by side: each waits most of its minute for Temporal's queues, so this makes some 10,000 a day and little work at once. */
const ERASE_CONCURRENCY = 8;
/** One that cannot be erased takes a place for so many attempts; the next run tries again. */
const ATTEMPTS = 3;
/** Ids of each kind in the result, which stands in history. */
const FIRST_IDS = 100;

/** How far it is: counts and first ids; whoever is due is looked for page by page. */
interface RetentionProgress {
  /** Behind whom the next page begins. */
  after: string;
  readonly counts: Record<RetentionKind, number>;
  readonly first: Record<RetentionKind, string[]>;
  /** The first ids under which a stranger was left. */
  readonly strangers: string[];
}

export interface RetentionInput {
  /** What a run hands to the one that continues it; 0.1.0 counted no strangers. */
  readonly carried?: Omit<RetentionProgress, 'strangers'> & Partial<Pick<RetentionProgress, 'strangers'>>;
}

/**
 * Erases every applicant who has been closed for longer than REPORTS_RETENTION, one activity each; one that cannot be erased stops nobody
 * else. Who is open is left alone. What the retention is, is asked anew for each: turned off, it ends with those it is at.
 */
export async function retention(input: RetentionInput = {}): Promise<RetentionResult> {
  const at: RetentionProgress = input.carried ? upgradeProgress(input.carried) : newProgress();
  let goesOn = await internalActivities('Read the settings').isRetentionOn();
  while (goesOn) {
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof retention>({ carried: at });
    const { erased, held, failed } = at.counts;
    setCurrentDetails(`Erasing by age: ${erased} erased, ${held} held, ${failed} failed so far.`);
    const { due, unread, next } = await longRunningActivities('Look who is due').listDue({ after: at.after });
    for (const clientUserId of unread) countResult(at, 'failed', clientUserId);
    const stillOn = await eraseAll(due, at);
    await internalActivities('Count').countRetention({
      erased: at.counts.erased - erased,
      held: at.counts.held - held,
      failed: at.counts.failed - failed,
    });
    goesOn = stillOn && next !== null;
    at.after = next ?? at.after;
  }
  return { counts: at.counts, first: at.first, strangers: at.strangers };
}

function newProgress(): RetentionProgress {
  const counts = { erased: 0, held: 0, failed: 0 };
  return { after: '', counts, first: { erased: [], held: [], failed: [] }, strangers: [] };
}

/** What an earlier version handed over: a kind that it did not count is as at the beginning. */
function upgradeProgress(carried: NonNullable<RetentionInput['carried']>): RetentionProgress {
  const fresh = newProgress();
  const { counts, first } = carried;
  return { ...fresh, ...carried, counts: { ...fresh.counts, ...counts }, first: { ...fresh.first, ...first } };
}

/** Whether the retention is still on behind it. */
async function eraseAll(due: readonly string[], at: RetentionProgress): Promise<boolean> {
  const waiting = [...due];
  let stillOn = true;
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined && stillOn; next = waiting.shift()) {
      const ended = await eraseOne(next);
      if (ended === 'off') stillOn = false;
      else if (ended !== 'kept') countResult(at, ended, next);
    }
  };
  await Promise.all(Array.from({ length: ERASE_CONCURRENCY }, worker));
  return stillOn;
}

async function eraseOne(clientUserId: string): Promise<DueResult | 'failed'> {
  try {
    return await eraser().eraseDue({ clientUserId });
  } catch (error) {
    // The activity's own cancel, of a worker that drains, is its failure only.
    if (CancellationScope.current().consideredCancelled) throw error;
    return 'failed';
  }
}

function countResult(at: RetentionProgress, ended: RetentionKind | 'stranger', clientUserId: string): void {
  const { counts, first, strangers } = at;
  const kind = ended === 'stranger' ? 'erased' : ended;
  counts[kind] += 1;
  if (ended === 'stranger' && strangers.length < FIRST_IDS) strangers.push(clientUserId);
  if (first[kind].length < FIRST_IDS) first[kind].push(clientUserId);
}

/** One erasure takes half a minute to some minutes: it waits until the server has deleted what it has just closed. */
function eraser() {
  return proxyActivities<InternalActivities>({
    startToCloseTimeout: '15 minutes',
    heartbeatTimeout: '1 minute',
    retry: { initialInterval: '1 second', backoffCoefficient: 5, maximumAttempts: ATTEMPTS },
    priority: { priorityKey: PRIORITY.background },
    summary: 'Erase one applicant',
  });
}
