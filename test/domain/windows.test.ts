import { withList, withListAnswer, withNoticeList, withReportNotice } from '../../src/domain/collection';
import { selectDownloads, withDownloadResult } from '../../src/domain/collection-documents';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { listedAt, Situation, wholeAt } from './model/situation';
import { T0 } from './model/upstream';

const SHARED_MS = 2_000;
const SETTLE_MS = 10 * MINUTE_MS;

const conclusion = (outcome: string, reason: string | null) => ({
  do: 'conclude',
  conclusion: { outcome, reason, shouldWithdraw: false },
});

describe.each(['Some Synced', 'All Synced'])('%s', (status) => {
  test('asks for a list at once, which the report notices of the next two seconds share', () => {
    const it = new Situation('Syncing').read(status, DAY_MS);
    expect(it.waitsUntilMs(DAY_MS)).toBe(DAY_MS + SHARED_MS);
    it.collection = withReportNotice(it.collection, { reportId: 'r1', updatedAt: null }, T0 + DAY_MS + 1_000);
    expect(it.next(DAY_MS + 1_000 + SHARED_MS)).toEqual({ do: 'list', because: 'notice' });
    expect(it.list([], DAY_MS + 1_000 + SHARED_MS).next(DAY_MS + 2 * SHARED_MS).do).toBe('wait');
  });

  test('fetches what a list shows before anything else', () => {
    const it = new Situation('Syncing').read(status, DAY_MS).list(wholeAt(0), DAY_MS);
    expect(it.next(DAY_MS)).toMatchObject({ do: 'fetch', documents: [{}, {}, {}] });
  });
});

describe('Some Synced', () => {
  const DUE_MS = DAY_MS + 24 * HOUR_MS;
  const setup = () => new Situation('Syncing').read('Some Synced', DAY_MS).list(wholeAt(0), DAY_MS).store(DAY_MS);

  test('waits 24 h for the rest, then checks status and list, and is partial', () => {
    const it = setup();
    expect(it.waitsUntilMs(DAY_MS)).toBe(DUE_MS);
    expect(it.waitsUntilMs(DUE_MS - 1)).toBe(DUE_MS);
    expect(it.next(DUE_MS)).toEqual({ do: 'read-and-list' });
    it.read('Some Synced', DUE_MS, { updatedMs: DAY_MS }).list(wholeAt(0), DUE_MS);
    expect(it.next(DUE_MS)).toEqual(conclusion('partial', null));
  });

  test('does not wait longer for new reports, nor when it is said again', () => {
    const it = setup()
      .list([...wholeAt(0), ...wholeAt(DAY_MS, 'o2')], DAY_MS + HOUR_MS)
      .store(DAY_MS + HOUR_MS);
    expect(it.waitsUntilMs(DAY_MS + HOUR_MS)).toBe(DUE_MS);
    expect(it.read('Some Synced', DAY_MS + 2 * HOUR_MS).waitsUntilMs(DAY_MS + 2 * HOUR_MS)).toBe(DUE_MS);
  });

  test('counts from the first one, also when the person was syncing again in between', () => {
    const it = setup()
      .read('Syncing', DAY_MS + HOUR_MS)
      .read('Some Synced', DAY_MS + 2 * HOUR_MS);
    it.list(wholeAt(0), DAY_MS + 2 * HOUR_MS);
    expect(it.waitsUntilMs(DAY_MS + 2 * HOUR_MS)).toBe(DUE_MS);
  });

  test('that comes back after its window is listed anew before it ends', () => {
    const it = setup()
      .read('Syncing', DAY_MS + HOUR_MS)
      .list(wholeAt(0), DUE_MS + HOUR_MS)
      .read('Some Synced', 5 * DAY_MS);
    expect(it.next(5 * DAY_MS).do).toBe('list');
  });

  test('that becomes All Synced is collected by the rules of that', () => {
    const it = setup().read('All Synced', DUE_MS).list(wholeAt(0), DUE_MS);
    expect(it.waitsUntilMs(DUE_MS)).toBe(DUE_MS + SETTLE_MS);
  });
});

describe('All Synced', () => {
  const setup = () => new Situation('Syncing').read('All Synced', DAY_MS).list(wholeAt(0), DAY_MS).store(DAY_MS);
  const endedAt = (it: Situation, atMs: number, reports = it.collection.listed) =>
    it.read('All Synced', atMs, { updatedMs: DAY_MS }).list(reports, atMs).next(atMs);

  test('is collected when nothing new has appeared for 10 min and status and list still say so', () => {
    const it = setup();
    expect(it.waitsUntilMs(DAY_MS + SETTLE_MS - 1)).toBe(DAY_MS + SETTLE_MS);
    expect(it.next(DAY_MS + SETTLE_MS)).toEqual({ do: 'read-and-list' });
    expect(endedAt(it, DAY_MS + SETTLE_MS)).toEqual(conclusion('collected', null));
  });

  test('is not put off by claims that no read bears out, however many', () => {
    const it = setup();
    for (let atMs = DAY_MS + MINUTE_MS; atMs < DAY_MS + SETTLE_MS; atMs += MINUTE_MS) {
      it.claim('Syncing', atMs).read('All Synced', atMs, { updatedMs: DAY_MS });
      expect(it.waitsUntilMs(atMs)).toBe(DAY_MS + SETTLE_MS);
    }
    it.claim('Syncing', DAY_MS + SETTLE_MS).claim('Engaged', DAY_MS + SETTLE_MS + 1);
    expect(endedAt(it, DAY_MS + SETTLE_MS + 1)).toEqual(conclusion('collected', null));
  });

  test('settles anew where upstream has stirred since', () => {
    const it = setup().claim('Syncing', DAY_MS + MINUTE_MS);
    it.read('All Synced', DAY_MS + 5 * MINUTE_MS, { updatedMs: DAY_MS + 2 * MINUTE_MS });
    it.list(it.collection.listed, DAY_MS + 5 * MINUTE_MS);
    expect(it.waitsUntilMs(DAY_MS + 5 * MINUTE_MS)).toBe(DAY_MS + 5 * MINUTE_MS + SETTLE_MS);
  });

  test.each([
    ['report', listedAt('u-2', 'unity', 0)],
    ['organization', listedAt('u-o1', 'unity', 0, 'o2')],
    ['report of a type that nobody wants', listedAt('t-1', 'timeline', 0)],
  ])('starts its window anew for a new %s', (_what, row) => {
    const atMs = DAY_MS + 7 * MINUTE_MS;
    const it = setup()
      .list([...wholeAt(0), row], atMs)
      .store(atMs);
    expect(it.waitsUntilMs(atMs)).toBe(atMs + SETTLE_MS);
  });

  test('stores a newer version of a known report without starting its window anew', () => {
    const atMs = DAY_MS + 7 * MINUTE_MS;
    const it = setup().list(wholeAt(DAY_MS), atMs);
    expect(it.next(atMs)).toMatchObject({ do: 'fetch', documents: [{}, {}, {}] });
    expect(it.store(atMs).waitsUntilMs(atMs)).toBe(DAY_MS + SETTLE_MS);
  });

  test('does not start its window anew for a report that left the list and came back', () => {
    const atMs = DAY_MS + 7 * MINUTE_MS;
    const it = setup()
      .list([], atMs - MINUTE_MS)
      .list(wholeAt(0), atMs);
    expect(it.waitsUntilMs(atMs)).toBe(DAY_MS + SETTLE_MS);
  });

  test('does not start its window anew for another spelling of a known provider', () => {
    const it = setup();
    it.list(wholeAt(0), DAY_MS).store(DAY_MS);
    const spellings = [
      { id: 'o1', name: null },
      { id: null, name: ' CLINIC  o1' },
    ];
    const rows = wholeAt(0).map((row, at) => ({ ...row, organization: spellings[at] ?? null }));
    expect(it.list(rows, DAY_MS + MINUTE_MS).waitsUntilMs(DAY_MS + MINUTE_MS)).toBe(DAY_MS + SETTLE_MS);
  });

  test('starts its window anew for 24 h at most', () => {
    const it = setup();
    for (let atMs = DAY_MS; atMs < 2 * DAY_MS; atMs += 9 * MINUTE_MS) {
      it.list([...it.collection.listed, listedAt(`u-${atMs}`, 'unity', 0)], atMs).store(atMs);
      expect(it.next(atMs).do).toBe('wait');
    }
    expect(it.waitsUntilMs(2 * DAY_MS - 1)).toBe(2 * DAY_MS);
    expect(endedAt(it, 2 * DAY_MS)).toEqual(conclusion('collected', null));
  });

  test('waits its window where that is longer than 24 h', () => {
    const settleMs = { ...DEFAULT_POLICY.settleMs, allSynced: 3 * DAY_MS };
    const it = new Situation('All Synced', { ...DEFAULT_POLICY, settleMs }).list(wholeAt(0), 0).store(0);
    expect(it.waitsUntilMs(0)).toBe(3 * DAY_MS);
  });

  test('that a notice claims still counts its window from the notice, but ends by a read only', () => {
    const it = new Situation('Syncing').claim('All Synced', DAY_MS).list(wholeAt(0), DAY_MS).store(DAY_MS);
    expect(it.next(DAY_MS + SETTLE_MS)).toEqual({ do: 'read-and-list' });
    expect(endedAt(it, DAY_MS + SETTLE_MS)).toEqual(conclusion('collected', null));
  });

  test('that a later notice contradicts in the last moment is read back before it ends', () => {
    const it = setup()
      .read('All Synced', DAY_MS + SETTLE_MS, { updatedMs: DAY_MS })
      .list(wholeAt(0), DAY_MS + SETTLE_MS);
    expect(it.claim('All Synced', DAY_MS + SETTLE_MS + 1).next(DAY_MS + SETTLE_MS + 1)).toEqual({
      do: 'read',
      because: 'notice',
    });
  });

  test('does not end before a list that an acknowledged notice asks for', () => {
    const atMs = DAY_MS + SETTLE_MS;
    const it = setup();
    endedAt(it, atMs);
    it.collection = withReportNotice(it.collection, { reportId: 'r9', updatedAt: null }, T0 + atMs);
    expect(it.waitsUntilMs(atMs)).toBe(atMs + SHARED_MS);
    expect(it.next(atMs + SHARED_MS)).toEqual({ do: 'list', because: 'notice' });
    expect(it.list(it.collection.listed, atMs + SHARED_MS).next(atMs + SHARED_MS)).toEqual(
      conclusion('collected', null),
    );
  });

  test('does not end before a document that is tried again, and still hears a notice meanwhile', () => {
    const atMs = DAY_MS + SETTLE_MS;
    const it = setup();
    endedAt(it, atMs, wholeAt(atMs));
    for (const wanted of selectDownloads(it.collection, it.policy.wanted, T0 + atMs)) {
      const down = { kind: 'unavailable', detail: '503' } as const;
      it.collection = withDownloadResult(it.collection, wanted, down, T0 + atMs, it.policy);
    }
    it.collection = { ...it.collection, unrecorded: false };
    expect(it.waitsUntilMs(atMs)).toBe(atMs + HOUR_MS);
    it.collection = withReportNotice(it.collection, { reportId: 'r9', updatedAt: null }, T0 + atMs);
    expect(it.waitsUntilMs(atMs)).toBe(atMs + SHARED_MS);
  });

  test('ends all the same when such notices never cease', () => {
    const it = setup();
    let atMs = DAY_MS + SETTLE_MS;
    endedAt(it, atMs);
    for (; it.next(atMs).do !== 'conclude' && atMs < 9 * DAY_MS; atMs += MINUTE_MS) {
      if (it.next(atMs).do === 'list') it.collection = withNoticeList(it.collection, T0 + atMs, HOUR_MS);
      it.list(it.collection.listed, atMs);
      it.collection = withReportNotice(it.collection, { reportId: 'r9', updatedAt: null }, T0 + atMs + 1);
    }
    expect(atMs).toBeLessThanOrEqual(DAY_MS + SETTLE_MS + DAY_MS);
  });
});

describe('what keeps an All Synced from being collected', () => {
  const DUE_MS = DAY_MS + SETTLE_MS;
  const setup = (reports: ReturnType<typeof wholeAt>) =>
    new Situation('All Synced').read('All Synced', DUE_MS, { updatedMs: 0 }).list(reports, DUE_MS);
  // The window counts from the first list that shows a report: the second one ends it.
  const ended = (it: Situation) =>
    it
      .read('All Synced', DUE_MS + DAY_MS, { updatedMs: 0 })
      .list(it.collection.listed, DUE_MS + DAY_MS)
      .next(DUE_MS + DAY_MS);

  test('is an empty list', () => {
    expect(ended(setup([]))).toEqual(conclusion('partial', 'nothing-listed'));
  });

  test('is access that is proven to be refused', () => {
    const it = new Situation('All Synced').read('All Synced', DUE_MS, { updatedMs: 0 });
    const answer = { kind: 'refused', askedAtMs: T0 + DUE_MS } as const;
    it.collection = withListAnswer(it.collection, answer, T0 + DUE_MS, HOUR_MS);
    expect(it.next(DUE_MS)).toEqual(conclusion('partial', 'nothing-listed'));
  });

  test('is a provider without its unity', () => {
    const it = setup([...wholeAt(0), listedAt('c-o2', 'ccdraw', 0, 'o2')]).store(DUE_MS);
    expect(ended(it)).toEqual(conclusion('partial', 'missing-documents'));
  });

  test('is not a provider without a ccdraw', () => {
    const it = setup([...wholeAt(0), listedAt('u-o2', 'unity', 0, 'o2')]).store(DUE_MS);
    expect(ended(it)).toEqual(conclusion('collected', null));
  });

  test('is a list on which nothing is wanted: something is there, and nothing of it is stored', () => {
    const it = setup([]);
    const others = [{ type: '', organization: { id: 'o1', name: 'Clinic o1' } }];
    it.collection = withList(it.collection, { reports: [], others, digest: 'x', askedAtMs: T0 + DUE_MS }, T0 + DUE_MS);
    it.read('All Synced', DUE_MS + DAY_MS, { updatedMs: 0 });
    const list = { reports: [], others, digest: 'x', askedAtMs: T0 + DUE_MS + DAY_MS };
    it.collection = withList(it.collection, list, T0 + DUE_MS + DAY_MS);
    expect(it.next(DUE_MS + DAY_MS)).toEqual(conclusion('partial', 'missing-documents'));
  });

  test('is a collection without a single document, though nothing of it failed', () => {
    const it = new Situation('All Synced', { ...DEFAULT_POLICY, wanted: { ccdraw: ['pdf'] } });
    it.read('All Synced', DUE_MS, { updatedMs: 0 }).list([listedAt('u-o1', 'unity', 0)], DUE_MS);
    expect(ended(it)).toEqual(conclusion('partial', 'missing-documents'));
    expect(ended(setup(wholeAt(0)).store(DUE_MS, ['json', 'pdf']))).toEqual(conclusion('partial', 'missing-documents'));
  });

  test('is a list with more reports than one answer holds, while some have had no turn', () => {
    const it = setup(wholeAt(0)).store(DUE_MS);
    const list = { reports: it.collection.listed, left: 7, digest: 'x' };
    const at = (atMs: number) => withList(it.collection, { ...list, askedAtMs: T0 + atMs }, T0 + atMs);
    it.collection = at(DUE_MS);
    it.read('All Synced', DUE_MS + DAY_MS, { updatedMs: 0 });
    it.collection = at(DUE_MS + DAY_MS);
    expect(it.next(DUE_MS + DAY_MS)).toEqual(conclusion('partial', 'failed-documents'));
  });

  test('is not a format that a report does not come in', () => {
    expect(ended(setup(wholeAt(0)).store(DUE_MS, ['json']))).toEqual(conclusion('collected', null));
  });
});
