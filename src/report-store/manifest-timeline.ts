import type { Timeline, TimelineEntry } from '../domain/timeline';

/** Entries of a manifest's timeline. */
const MAX_TIMELINE_ENTRIES = 200;

export const EMPTY_TIMELINE: Timeline = { entries: [], omitted: 0 };

/**
 * The timeline with added entries, in ascending order. An entry that is there already is not added again; the one with the higher count replaces it.
 * If there are too many, the oldest ones after the first are dropped. `omitted`: how many entries the run itself dropped.
 */
export function mergeTimeline(before: Timeline, added: readonly TimelineEntry[], omitted = 0): Timeline {
  const byKey = new Map(before.entries.map((entry) => [entryKey(entry), entry]));
  const isFull = before.entries.length >= MAX_TIMELINE_ENTRIES;
  const droppedUntilMs = isFull && before.omitted > 0 ? (before.entries[1]?.atMs ?? 0) : 0;
  for (const entry of added) {
    const known = byKey.get(entryKey(entry));
    // An older one was dropped before, and is counted.
    if (known ? countOf(entry) > countOf(known) : entry.atMs >= droppedUntilMs) byKey.set(entryKey(entry), entry);
  }
  const entries = [...byKey.values()].sort((a, b) => a.atMs - b.atMs);
  const surplus = Math.max(0, entries.length - MAX_TIMELINE_ENTRIES);
  const kept = entries.filter((_, index) => index === 0 || index > surplus);
  return { entries: kept, omitted: before.omitted + omitted + surplus };
}

function countOf({ count = 1 }: TimelineEntry): number {
  return count;
}

function entryKey({ atMs, kind, data = {} }: TimelineEntry): string {
  return JSON.stringify([atMs, kind, Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
