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
 * Compares the people upstream with Chartway's applicants, both ways, and reports mismatches. Deletes nothing upstream. Lists applicants first: a
 * person invited during the sweep then shows up as a person without an applicant, which one look at Temporal resolves.
 */
export async function sweep(input: SweepInput = {}): Promise<SweepResult> {
  const { carried } = input;
  // Fields that an earlier version did not carry start as new.
  const at = carried
    ? { ...newProgress(carried.settings), ...carried }
    : newProgress(await internalActivities('Read the settings').beginSweep());
  try {
    return await runSweep(at);
  } catch (error) {
    // A damaged file fails the sweep, because no retry repairs it.
    if (error instanceof ActivityFailure && !isCancellation(error)) await tidy(at);
    throw error;
  }
}

async function runSweep(at: SweepProgress): Promise<SweepResult> {
  while (!at.applicantsListed) {
    await continueAsNewIfLong(at);
    await listApplicants(at);
  }
  while (!at.peopleListed) {
    await continueAsNewIfLong(at);
    await listPeople(at);
  }
  const shards = Math.max(1, Math.ceil(Math.max(at.people, at.applicants) / SHARD_ROWS));
  while (at.parts.length < shards || at.checked < (at.parts.at(-1) ?? 0) || at.asking.length > 0) {
    await continueAsNewIfLong(at);
    await compareOrCheckPart(at, shards);
  }
  const { settings, people, applicants, parts, confirmed, unchecked } = at;
  const writer = longRunningActivities('Write the findings');
  const result = await writer.finishSweep({ settings, people, applicants, parts, confirmed, unchecked });
  await tidy(at);
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

async function listApplicants(at: SweepProgress): Promise<void> {
  const { sweepId } = at.settings;
  const page = at.applicantPages;
  setCurrentDetails(`Listing the applicants: ${at.applicants} so far.`);
  const { rows, next } = await internalActivities('List the applicants').listApplicants({
    sweepId,
    page,
    next: at.next,
  });
  at.applicantPages += 1;
  at.applicants += rows;
  at.next = next;
  at.applicantsListed = next === null;
}

async function listPeople(at: SweepProgress): Promise<void> {
  const { sweepId } = at.settings;
  setCurrentDetails(`Listing the people at Human API: ${at.people} so far.`);
  const call = upstreamActivities('sweep', 'List the people at Human API');
  const { received, repeats } = await call.listPeople({ sweepId, page: at.peoplePages, offset: at.people });
  at.peoplePages += 1;
  if (!repeats) at.people += received;
  at.peopleListed = repeats || received < MIN_FULL_PAGE;
}

/** Compares one shard, then checks its parts and confirms their missing people, then takes the next shard. */
async function compareOrCheckPart(at: SweepProgress, shards: number): Promise<void> {
  const position = at.asking.shift();
  if (position) return confirmGone(at, position);
  const { settings, peoplePages, applicantPages } = at;
  const shard = at.parts.length - 1;
  const parts = at.parts[shard] ?? 0;
  setCurrentDetails(`Comparing ${at.people} people with ${at.applicants} applicants.`);
  if (at.checked >= parts) {
    const next = { settings, shard: shard + 1, shards, peoplePages, applicantPages };
    at.parts.push(await longRunningActivities('Compare both lists').compareShard(next));
    at.checked = 0;
    return;
  }
  const part = at.checked;
  const { gone } = await longRunningActivities('Check the candidates').checkPart({ settings, shard, part });
  at.checked += 1;
  const asking = gone.slice(0, MAX_CONFIRMED - at.asked);
  at.asking = asking.map((index) => [shard, part, index] as const);
  at.asked += asking.length;
  at.unchecked += gone.length - asking.length;
}

/** A person missing from a list is gone only if upstream does not find them by either id. */
async function confirmGone(at: SweepProgress, position: FindingPosition): Promise<void> {
  const { sweepId } = at.settings;
  const call = upstreamActivities('sweep', 'Ask whether a person is gone');
  for (const by of ['humanId', 'clientUserId'] as const) {
    const isThere = await call.isThere({ sweepId, at: position, by, undecidedAfterMs: UNDECIDED_AFTER_MS });
    if (isThere === true) return;
    // One undecided person must not block this sweep and all later ones.
    if (isThere !== false) {
      at.unchecked += 1;
      return;
    }
  }
  at.confirmed.push(position);
}

async function continueAsNewIfLong(at: SweepProgress): Promise<void> {
  if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof sweep>({ carried: at });
}
