import { continueAsNew, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { FindingPosition, SweepSettings } from '../activities/sweep';
import { MINUTE_MS } from '../domain/policy';
import { internalActivities, longRunningActivities, upstreamActivities } from './activity-calls';
import type { SweepResult } from './contract';

/** A reply of fewer people cannot be a full page: upstream documents no size. */
const SHORT_PAGE = 10;
/** So many rows of either side are compared at once: some 30 MB of a worker's memory. */
const SHARD_ROWS = 50_000;
/** So many absent people are asked for one by one; more are a fault of the list, not of the people. */
const MAX_CONFIRMED = 1_000;

/** An answer that decides nothing for so long does not pass by itself: the sweep goes on with the next. */
const UNDECIDED_AFTER_MS = 5 * MINUTE_MS;

/** How far a sweep is: counts and places only; whatever grows with the number of people lies on the shelf. */
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
  /** How many parts each shard that was compared has. */
  parts: number[];
  checked: number;
  /** Whom the checked parts lack, and who is to be asked for. */
  asking: FindingPosition[];
  asked: number;
  confirmed: FindingPosition[];
  unchecked: number;
}

export interface SweepInput {
  /** What a run hands to the one that continues it. */
  readonly carried?: SweepProgress;
}

/**
 * Compares upstream's people with our applicants, both ways, and tells what does not fit. It reads and deletes nothing. Our applicants come
 * first: whoever is invited while people are listed is then a person too many, which one look at Temporal explains.
 */
export async function sweep(input: SweepInput = {}): Promise<SweepResult> {
  const { carried } = input;
  // An earlier version may have handed over less: the rest is as at the beginning.
  const at = carried
    ? { ...newProgress(carried.settings), ...carried }
    : newProgress(await internalActivities('Read the settings').beginSweep());
  const { sweepId } = at.settings;
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
  const writer = longRunningActivities('Write what was found');
  const result = await writer.finishSweep({ settings, people, applicants, parts, confirmed, unchecked });
  await internalActivities('Remove the working files').tidySweep({ sweepId });
  return result;
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
  setCurrentDetails(`Listing our applicants: ${at.applicants} so far.`);
  const { rows, next } = await internalActivities('List our applicants').listApplicants({
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
  at.peopleListed = repeats || received < SHORT_PAGE;
}

/** One shard is compared, then its parts are checked and whom they lack is asked for, then the next. */
async function compareOrCheckPart(at: SweepProgress, shards: number): Promise<void> {
  const place = at.asking.shift();
  if (place) return confirmGone(at, place);
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
  const { gone } = await longRunningActivities('Look at the candidates').checkPart({ settings, shard, part });
  at.checked += 1;
  const asking = gone.slice(0, MAX_CONFIRMED - at.asked);
  at.asking = asking.map((index) => [shard, part, index] as const);
  at.asked += asking.length;
  at.unchecked += gone.length - asking.length;
}

/** Nobody counts as gone because a list did not show them. */
async function confirmGone(at: SweepProgress, place: FindingPosition): Promise<void> {
  const { sweepId } = at.settings;
  const call = upstreamActivities('sweep', 'Ask whether a person is gone');
  for (const by of ['humanId', 'clientUserId'] as const) {
    const isThere = await call.isThere({ sweepId, at: place, by, undecidedAfterMs: UNDECIDED_AFTER_MS });
    if (isThere === true) return;
    // One undecided person must not keep a sweep from its end, and every later one with it.
    if (isThere !== false) {
      at.unchecked += 1;
      return;
    }
  }
  at.confirmed.push(place);
}

async function continueAsNewIfLong(at: SweepProgress): Promise<void> {
  if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof sweep>({ carried: at });
}
