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

test('a call that fails and recovers again and again does not push out the rest', () => {
  const call = (atMs: number): TimelineEntry => ({
    atMs,
    kind: atMs % 2 === 0 ? 'call-stuck' : 'call-recovered',
    source: 'worker',
    data: { call: 'watchStatus' },
  });
  const flapping = Array.from({ length: 400 }, (_, at) => call(at + 1_000));
  const before = longTimeline(150);
  const { entries, omitted } = flapping.reduce(withEntry, before);
  expect(entries).toEqual([...before.entries, ...flapping.slice(-49)]);
  expect(omitted).toBe(351);
  const full = flapping.reduce(withEntry, longTimeline(199));
  expect(full.entries).toHaveLength(200);
  expect(full.entries.filter(({ kind }) => kind === 'status')).toHaveLength(198);
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
    // The manifest has the first three: 203 more happened, of which 199 are left.
    expect(entriesAfter(longTimeline(205), 3)).toMatchObject({ entries: { length: 199 }, omitted: 4 });
    expect(entriesAfter(longTimeline(205), 0)).toMatchObject({ entries: { length: 200 }, omitted: 6 });
    expect(entriesAfter(longTimeline(205), 10)).toMatchObject({ entries: { length: 196 }, omitted: 0 });
  });
});
