import {
  type ActivityOptions,
  CancellationScope,
  continueAsNew,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { DueResult } from '../activities/retention';
import { internalActivities, longRunningActivities } from './activity-calls';
import type { RetentionKind, RetentionResult } from './contract';

/** Each erasure waits most of a minute for Temporal's queues: 8 at once make about 10,000 a day. */
const ERASE_CONCURRENCY = 8;
/** An erasure takes some minutes, because it waits until the server has deleted the closed runs. After three attempts the next run tries again. */
const ERASURE: ActivityOptions = {
  startToCloseTimeout: '15 minutes',
  retry: { initialInterval: '1 second', backoffCoefficient: 5, maximumAttempts: 3 },
};
/** Ids of each kind in the result, which is part of the history. */
const FIRST_IDS = 100;

/** Counts and first ids of this pass over the store. */
interface RetentionProgress {
  /** The next page starts after this clientUserId. */
  after: string;
  readonly counts: Record<RetentionKind, number>;
  readonly first: Record<RetentionKind, string[]>;
  /** The first ids under which upstream keeps a person that Chartway does not know. */
  readonly strangers: string[];
}

export interface RetentionInput {
  /** State from the previous run; 0.1.0 has no `strangers`. */
  readonly carried?: Omit<RetentionProgress, 'strangers'> & Partial<Pick<RetentionProgress, 'strangers'>>;
}

/**
 * Erases each applicant that has been closed for longer than REPORTS_RETENTION, by one activity each. A failure does not stop the others. Skips
 * open applicants. Each activity reads the setting again: once it is off, the run ends after the erasures in progress.
 */
export async function retention(input: RetentionInput = {}): Promise<RetentionResult> {
  const progress: RetentionProgress = input.carried ? upgradeProgress(input.carried) : newProgress();
  let hasMore = await internalActivities('Read the settings').isRetentionOn();
  while (hasMore) {
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof retention>({ carried: progress });
    const { erased, held, failed } = progress.counts;
    setCurrentDetails(`Erasing by age: ${erased} erased, ${held} held, ${failed} failed so far.`);
    const { due, unread, next } = await longRunningActivities('List applicants due for erasure').listDue({
      after: progress.after,
    });
    for (const clientUserId of unread) countResult(progress, 'failed', clientUserId);
    const isOn = await eraseAll(due, progress);
    await internalActivities('Count').countRetention({
      erased: progress.counts.erased - erased,
      held: progress.counts.held - held,
      failed: progress.counts.failed - failed,
    });
    hasMore = isOn && next !== null;
    progress.after = next ?? progress.after;
  }
  return { counts: progress.counts, first: progress.first, strangers: progress.strangers };
}

function newProgress(): RetentionProgress {
  const counts = { erased: 0, held: 0, failed: 0 };
  return { after: '', counts, first: { erased: [], held: [], failed: [] }, strangers: [] };
}

/** A kind that an earlier version did not count starts at 0. */
function upgradeProgress(carried: NonNullable<RetentionInput['carried']>): RetentionProgress {
  const fresh = newProgress();
  const { counts, first } = carried;
  return { ...fresh, ...carried, counts: { ...fresh.counts, ...counts }, first: { ...fresh.first, ...first } };
}

/** False once an activity reports that the retention is off. */
async function eraseAll(due: readonly string[], progress: RetentionProgress): Promise<boolean> {
  const waiting = [...due];
  let isOn = true;
  const eraseUntilDone = async () => {
    for (let next = waiting.shift(); next !== undefined && isOn; next = waiting.shift()) {
      const ended = await eraseOne(next);
      if (ended === 'off') isOn = false;
      else if (ended !== 'kept') countResult(progress, ended, next);
    }
  };
  await Promise.all(Array.from({ length: ERASE_CONCURRENCY }, eraseUntilDone));
  return isOn;
}

async function eraseOne(clientUserId: string): Promise<DueResult | 'failed'> {
  try {
    return await longRunningActivities('Erase one applicant', ERASURE).eraseDue({ clientUserId });
  } catch (error) {
    // A worker that drains cancels its activities, which is not a cancel request of this run.
    if (CancellationScope.current().consideredCancelled) throw error;
    return 'failed';
  }
}

function countResult(progress: RetentionProgress, ended: RetentionKind | 'stranger', clientUserId: string): void {
  const { counts, first, strangers } = progress;
  const kind = ended === 'stranger' ? 'erased' : ended;
  counts[kind] += 1;
  if (ended === 'stranger' && strangers.length < FIRST_IDS) strangers.push(clientUserId);
  if (first[kind].length < FIRST_IDS) first[kind].push(clientUserId);
}
