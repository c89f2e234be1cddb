import { MAX_ENTRIES, occurrences, type Timeline, type TimelineEntry } from '../domain/timeline';

/**
 * The timeline with added entries, in ascending order. An entry that is there already is not added again; the one with the higher count replaces it.
 * If there are too many, the oldest ones after the first are dropped. `omitted`: how many occurrences the run itself dropped.
 */
export function mergeTimeline(before: Timeline, added: readonly TimelineEntry[], omitted = 0): Timeline {
  const byKey = new Map(before.entries.map((entry) => [entryKey(entry), entry]));
  const isFull = before.entries.length >= MAX_ENTRIES;
  const droppedUntilMs = isFull && before.omitted > 0 ? (before.entries[1]?.atMs ?? 0) : 0;
  for (const entry of added) {
    const known = byKey.get(entryKey(entry));
    // An older one was dropped before, and is counted.
    if (known ? occurrences(entry) > occurrences(known) : entry.atMs >= droppedUntilMs)
      byKey.set(entryKey(entry), entry);
  }
  const entries = [...byKey.values()].sort((a, b) => a.atMs - b.atMs);
  const surplus = Math.max(0, entries.length - MAX_ENTRIES);
  const dropped = entries.splice(1, surplus).reduce((sum, entry) => sum + occurrences(entry), 0);
  return { entries, omitted: before.omitted + omitted + dropped };
}

function entryKey({ atMs, kind, data = {} }: TimelineEntry): string {
  return JSON.stringify([atMs, kind, Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
