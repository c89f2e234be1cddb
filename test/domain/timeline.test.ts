import { EMPTY_TIMELINE, entriesAfter, type Timeline, type TimelineEntry, withEntry } from '../../src/domain/timeline';

const STARTED: TimelineEntry = { atMs: 0, kind: 'started', source: 'start' };

function status(atMs: number, kind: string): TimelineEntry {
  return { atMs, kind: 'status', source: 'poll', data: { status: kind } };
}

function timelineOf(...entries: readonly TimelineEntry[]): Timeline {
  return entries.reduce(withEntry, EMPTY_TIMELINE);
}

/** The entries `started`, then `count` different ones at 1, 2, ... */
function longTimeline(count: number): Timeline {
  return timelineOf(STARTED, ...Array.from({ length: count }, (_, at) => status(at + 1, `${at % 2}`)));
}

test('equal neighbours become one entry with a count and the time of the last', () => {
  const timeline = timelineOf(STARTED, status(1, 'syncing'), status(5, 'syncing'), status(9, 'syncing'));
  expect(timeline).toEqual({ entries: [STARTED, { ...status(1, 'syncing'), count: 3, lastAtMs: 9 }], omitted: 0 });
});

test.each([
  ['kind', { kind: 'quiet' }],
  ['source', { source: 'notification' }],
  ['data', { data: { status: 'engaged' } }],
  ['number of data', { data: { status: 'syncing', count: 1 } }],
] as const)('neighbours of another %s stay two entries', (_what, other) => {
  const entry = status(1, 'syncing');
  expect(timelineOf(entry, { ...entry, ...other }).entries).toHaveLength(2);
});

test('the 201st entry replaces the oldest after the first', () => {
  const full = longTimeline(199);
  expect(full).toMatchObject({ omitted: 0, entries: { length: 200 } });
  const { entries, omitted } = withEntry(full, { ...STARTED, kind: 'closed', atMs: 200 });
  expect([entries.length, omitted]).toEqual([200, 1]);
  expect([entries[0], entries[1]?.atMs, entries.at(-1)?.kind]).toEqual([STARTED, 2, 'closed']);
});

describe('the entries since the last write', () => {
  test('are those appended, or repeated', () => {
    const timeline = timelineOf(STARTED, status(1, 'syncing'), status(2, 'syncing'), status(3, 'engaged'));
    const [, syncing, engaged] = timeline.entries;
    expect(entriesAfter(timeline, 0)).toEqual(timeline);
    expect(entriesAfter(timeline, 2)).toEqual({ entries: [syncing, engaged], omitted: 0 });
    expect(entriesAfter(timeline, 3)).toEqual({ entries: [engaged], omitted: 0 });
    expect(entriesAfter(timeline, 4)).toEqual(EMPTY_TIMELINE);
  });

  test('count the omitted ones that no write had', () => {
    expect(entriesAfter(longTimeline(205), 3)).toMatchObject({ entries: { length: 200 }, omitted: 3 });
    expect(entriesAfter(longTimeline(205), 10)).toMatchObject({ entries: { length: 196 }, omitted: 0 });
  });
});
