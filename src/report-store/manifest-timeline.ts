import {
  isOfCall,
  MAX_ENTRIES,
  occurrences,
  type Timeline,
  type TimelineEntry,
  withoutSurplus,
} from '../domain/timeline';

/**
 * The timeline with added entries, in ascending order. An entry that is there already is not added again; the one with the higher count replaces it.
 * If there are too many, some are dropped, see {@link withoutSurplus}. `omitted`: how many occurrences the run itself dropped.
 */
export function mergeTimeline(before: Timeline, added: readonly TimelineEntry[], omitted = 0): Timeline {
  const byKey = new Map(before.entries.map((entry) => [entryKey(entry), entry]));
  const wasDropped = createDropCheck(before);
  for (const entry of added) {
    const known = byKey.get(entryKey(entry));
    if (known ? occurrences(entry) > occurrences(known) : !wasDropped(entry)) byKey.set(entryKey(entry), entry);
  }
  const entries = [...byKey.values()].sort((a, b) => a.atMs - b.atMs);
  return withoutSurplus({ entries, omitted: before.omitted + omitted });
}

/** True for an entry that a full timeline dropped before, and has counted: it is older than the oldest of its sort. */
function createDropCheck({ entries, omitted }: Timeline): (entry: TimelineEntry) => boolean {
  if (entries.length < MAX_ENTRIES || omitted === 0) return () => false;
  const inner = entries.slice(1);
  const firstCallMs = (inner.find(isOfCall) ?? inner.at(-1))?.atMs ?? 0;
  const firstOtherMs = inner.find((entry) => !isOfCall(entry))?.atMs ?? 0;
  return (entry) => entry.atMs < (isOfCall(entry) ? firstCallMs : firstOtherMs);
}

function entryKey({ atMs, kind, data = {} }: TimelineEntry): string {
  return JSON.stringify([atMs, kind, Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
