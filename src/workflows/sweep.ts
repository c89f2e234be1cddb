import { ActivityFailure, continueAsNew, isCancellation, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { FindingPosition, SweepSettings } from '../activities/sweep';
import { MINUTE_MS } from '../domain/policy';
import { internalActivities, longRunningActivities, upstreamActivities } from './activity-calls';
import type { SweepResult } from './contract';

/** A page of fewer people is the last one: upstream documents no page size. */
const MIN_FULL_PAGE = 10;
/** Rows of either side that are compared at once: about 30 MB of a worker's memory. */
const SHARD_ROWS = 50_000;
/** Missing people that are confirmed one by one; more of them indicate a fault of the list. */
const MAX_CONFIRMED = 1_000;

/** Without a decisive answer for this long, the sweep continues with the next person. */
const UNDECIDED_AFTER_MS = 5 * MINUTE_MS;

/** Counts and positions only: data that grows with the number of people is on the shelf. */
interface SweepProgress {
  readonly settings: SweepSettings;
  applicantPages: number;
  applicants: number;
  /** Null once all applicants are listed. */
  next: string | null;
  applicantsListed: boolean;
  peoplePages: number;
  people: number;
  peopleListed: boolean;
  /** The number of parts of each compared shard. */
  parts: number[];
  checked: number;
  /** Findings of the checked parts that upstream still has to confirm. */
  asking: FindingPosition[];
  asked: number;
  confirmed: FindingPosition[];
  unchecked: number;
}

export interface SweepInput {
  /** State from the previous run. */
  readonly carried?: SweepProgress;
}

/**
 * Compares the people upstream with Chartway's applicants, both ways, and lists mismatches. Deletes nothing upstream. Lists the applicants first, so
 * that a person invited during the sweep appears to have no applicant, which the check of the applicant's run corrects.
 */
export async function sweep(input: SweepInput = {}): Promise<SweepResult> {
  const { carried } = input;
  // Fields that an earlier version did not carry start as new.
  const progress = carried
    ? { ...newProgress(carried.settings), ...carried }
    : newProgress(await internalActivities('Read the settings').beginSweep());
  try {
    return await runSweep(progress);
  } catch (error) {
    // A damaged file fails the sweep, because no retry repairs it.
    if (error instanceof ActivityFailure && !isCancellation(error)) await tidy(progress);
    throw error;
  }
}

async function runSweep(progress: SweepProgress): Promise<SweepResult> {
  while (!progress.applicantsListed) {
    await continueAsNewIfLong(progress);
    await listApplicants(progress);
  }
  while (!progress.peopleListed) {
    await continueAsNewIfLong(progress);
    await listPeople(progress);
  }
  const shards = Math.max(1, Math.ceil(Math.max(progress.people, progress.applicants) / SHARD_ROWS));
  while (
    progress.parts.length < shards ||
    progress.checked < (progress.parts.at(-1) ?? 0) ||
    progress.asking.length > 0
  ) {
    await continueAsNewIfLong(progress);
    await compareOrCheckPart(progress, shards);
  }
  const { settings, people, applicants, parts, confirmed, unchecked } = progress;
  const writer = longRunningActivities('Write the findings');
  const result = await writer.finishSweep({ settings, people, applicants, parts, confirmed, unchecked });
  await tidy(progress);
  return result;
}

async function tidy({ settings: { sweepId } }: SweepProgress): Promise<void> {
  await internalActivities('Remove the working files').tidySweep({ sweepId });
}

function newProgress(settings: SweepSettings): SweepProgress {
  return {
    settings,
    applicantPages: 0,
    applicants: 0,
    next: null,
    applicantsListed: false,
    peoplePages: 0,
    people: 0,
    peopleListed: false,
    parts: [],
    checked: 0,
    asking: [],
    asked: 0,
    confirmed: [],
    unchecked: 0,
  };
}

async function listApplicants(progress: SweepProgress): Promise<void> {
  const { sweepId } = progress.settings;
  const page = progress.applicantPages;
  setCurrentDetails(`Listing the applicants: ${progress.applicants} so far.`);
  const { rows, next } = await internalActivities('List the applicants').listApplicants({
    sweepId,
    page,
    next: progress.next,
  });
  progress.applicantPages += 1;
  progress.applicants += rows;
  progress.next = next;
  progress.applicantsListed = next === null;
}

async function listPeople(progress: SweepProgress): Promise<void> {
  const { sweepId } = progress.settings;
  setCurrentDetails(`Listing the people at Human API: ${progress.people} so far.`);
  const call = upstreamActivities('sweep', 'List the people at Human API');
  const { received, repeats } = await call.listPeople({ sweepId, page: progress.peoplePages, offset: progress.people });
  progress.peoplePages += 1;
  if (!repeats) progress.people += received;
  progress.peopleListed = repeats || received < MIN_FULL_PAGE;
}

/** Compares one shard, then checks its parts and confirms their missing people, then takes the next shard. */
async function compareOrCheckPart(progress: SweepProgress, shards: number): Promise<void> {
  const position = progress.asking.shift();
  if (position) return confirmGone(progress, position);
  const { settings, peoplePages, applicantPages } = progress;
  const shard = progress.parts.length - 1;
  const parts = progress.parts[shard] ?? 0;
  setCurrentDetails(`Comparing ${progress.people} people with ${progress.applicants} applicants.`);
  if (progress.checked >= parts) {
    const next = { settings, shard: shard + 1, shards, peoplePages, applicantPages };
    progress.parts.push(await longRunningActivities('Compare both lists').compareShard(next));
    progress.checked = 0;
    return;
  }
  const part = progress.checked;
  const { gone } = await longRunningActivities('Check the candidates').checkPart({ settings, shard, part });
  progress.checked += 1;
  const asking = gone.slice(0, MAX_CONFIRMED - progress.asked);
  progress.asking = asking.map((index) => [shard, part, index] as const);
  progress.asked += asking.length;
  progress.unchecked += gone.length - asking.length;
}

/** A person missing from a list is gone only if upstream does not find them by either id. */
async function confirmGone(progress: SweepProgress, position: FindingPosition): Promise<void> {
  const { sweepId } = progress.settings;
  const call = upstreamActivities('sweep', 'Ask whether a person is gone');
  for (const by of ['humanId', 'clientUserId'] as const) {
    const isThere = await call.isThere({ sweepId, at: position, by, undecidedAfterMs: UNDECIDED_AFTER_MS });
    if (isThere === true) return;
    // One undecided person must not block this sweep and all later ones.
    if (isThere !== false) {
      progress.unchecked += 1;
      return;
    }
  }
  progress.confirmed.push(position);
}

async function continueAsNewIfLong(progress: SweepProgress): Promise<void> {
  if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof sweep>({ carried: progress });
}
