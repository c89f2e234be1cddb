import { EMPTY_TIMELINE, type TimelineEntry } from '../../src/domain/timeline';
import { mergeManifest } from '../../src/report-store/manifest';
import { manifestText, parseManifest } from '../../src/report-store/manifest-file';
import { mergeTimeline } from '../../src/report-store/manifest-timeline';
import { change } from './fixtures';

const status = (atMs: number, value = 'Logged In'): TimelineEntry => ({
  atMs,
  kind: 'status',
  source: 'poll',
  data: { status: value },
});
const STARTED: TimelineEntry = { atMs: 1, kind: 'started', source: 'start' };

describe('the timeline of a manifest', () => {
  it('has each entry once, in ascending order, although writes are repeated or delayed', () => {
    const first = change({ round: 1, revision: 1, timeline: [STARTED, status(20)], omitted: 0 });
    const second = change({ round: 1, revision: 2, timeline: [status(30), status(30, 'Some Synced')], omitted: 3 });
    const expected = { entries: [STARTED, status(20), status(30), status(30, 'Some Synced')], omitted: 3 };
    const inOrder = mergeManifest(mergeManifest(null, first), second);
    expect(inOrder.timeline).toEqual(expected);
    for (const repeated of [first, second]) expect(mergeManifest(inOrder, repeated).timeline).toEqual(expected);
    expect(mergeManifest(mergeManifest(null, second), first).timeline).toEqual(expected);
  });

  it('has the higher count of an entry that stands for several', () => {
    const [once, twice] = [status(20), { ...status(20), count: 2, lastAtMs: 25 }];
    expect(mergeTimeline({ entries: [once], omitted: 0 }, [twice]).entries).toEqual([twice]);
    expect(mergeTimeline({ entries: [twice], omitted: 0 }, [once]).entries).toEqual([twice]);
  });

  it('keeps the first entry and the newest 199, and counts what each dropped one stands for once', () => {
    const statuses = Array.from({ length: 300 }, (_, index) => status(index + 10));
    const first = { ...status(10), count: 4 };
    const full = mergeTimeline(EMPTY_TIMELINE, [STARTED, first, ...statuses.slice(1)]);
    expect(full).toEqual({ entries: [STARTED, ...statuses.slice(-199)], omitted: 104 });
    expect(mergeTimeline(full, statuses.slice(0, 150))).toEqual(full);
    expect(mergeTimeline(full, [status(1_000)])).toEqual({
      entries: [STARTED, ...statuses.slice(-198), status(1_000)],
      omitted: 105,
    });
  });

  it('drops entries about calls first, and counts a repeated one once', () => {
    const call = (atMs: number): TimelineEntry => ({ atMs, kind: 'call-stuck', source: 'worker', data: { call: 'a' } });
    const statuses = Array.from({ length: 190 }, (_, index) => status(index + 10));
    const calls = Array.from({ length: 30 }, (_, index) => call(index + 15));
    const full = mergeTimeline(EMPTY_TIMELINE, [STARTED, ...statuses, ...calls]);
    expect(full.omitted).toBe(21);
    expect(full.entries.filter(({ kind }) => kind === 'call-stuck')).toEqual(calls.slice(-9));
    expect(mergeTimeline(full, [...statuses, ...calls])).toEqual(full);
  });

  it('keeps entries of a later version, and drops unreadable ones', () => {
    const later = { atMs: 5, kind: 'moved-house', source: 'postal-service', data: { pages: 3 } };
    const written = JSON.parse(manifestText(mergeManifest(null, change({ timeline: [STARTED] }))));
    const entries = [STARTED, later, { atMs: 'Maxwell' }, null];
    const read = parseManifest('POL-1', JSON.stringify({ ...written, timeline: { entries, omitted: 1 } }));
    expect(read.timeline).toEqual({ entries: [STARTED, later], omitted: 3 });
    expect(parseManifest('POL-1', manifestText(read))).toEqual(read);
  });
});
