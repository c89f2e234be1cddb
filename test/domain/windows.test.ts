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
const notifyReport = (it: Situation, atMs: number) => {
  it.collection = withReportNotice(it.collection, { reportId: 'r9', updatedAt: null }, T0 + atMs);
};

describe.each(['Some Synced', 'All Synced'])('%s', (status) => {
  test('requests a list at once, which the report notices of the next two seconds share', () => {
    const it = new Situation('Syncing').read(status, DAY_MS);
    expect(it.waitsUntilMs(DAY_MS)).toBe(DAY_MS + SHARED_MS);
    notifyReport(it, DAY_MS + 1_000);
    expect(it.next(DAY_MS + 1_000 + SHARED_MS)).toEqual({ do: 'list', because: 'notice' });
    expect(it.list([], DAY_MS + 1_000 + SHARED_MS).next(DAY_MS + 2 * SHARED_MS).do).toBe('wait');
  });

  test('downloads listed documents first', () => {
    const it = new Situation('Syncing').read(status, DAY_MS).list(wholeAt(0), DAY_MS);
    expect(it.next(DAY_MS)).toMatchObject({ do: 'fetch', documents: [{}, {}, {}] });
  });
});

describe('Some Synced', () => {
  const DUE_MS = DAY_MS + 24 * HOUR_MS;
  const setup = () => new Situation('Syncing').read('Some Synced', DAY_MS).list(wholeAt(0), DAY_MS).store(DAY_MS);

  test('waits 24 h for the rest, then checks status and list, and is partial', () => {
    const it = setup();
    expect([it.waitsUntilMs(DAY_MS), it.waitsUntilMs(DUE_MS - 1)]).toEqual([DUE_MS, DUE_MS]);
    expect(it.next(DUE_MS)).toEqual({ do: 'read-and-list' });
    it.read('Some Synced', DUE_MS, { updatedMs: DAY_MS }).list(wholeAt(0), DUE_MS);
    expect(it.next(DUE_MS)).toEqual(conclusion('partial', null));
  });

  test('counts from the first one: new reports, a repeat and a return to Syncing do not restart the window', () => {
    const atMs = DAY_MS + HOUR_MS;
    const it = setup()
      .list([...wholeAt(0), ...wholeAt(DAY_MS, 'o2')], atMs)
      .store(atMs);
    expect(it.waitsUntilMs(atMs)).toBe(DUE_MS);
    expect(it.read('Some Synced', atMs + HOUR_MS).waitsUntilMs(atMs + HOUR_MS)).toBe(DUE_MS);
    const again = setup()
      .read('Syncing', atMs)
      .read('Some Synced', atMs + HOUR_MS);
    expect(again.list(wholeAt(0), atMs + HOUR_MS).waitsUntilMs(atMs + HOUR_MS)).toBe(DUE_MS);
  });

  test('that returns after its window is listed again before it ends', () => {
    const it = setup()
      .read('Syncing', DAY_MS + HOUR_MS)
      .list(wholeAt(0), DUE_MS + HOUR_MS);
    expect(it.read('Some Synced', 5 * DAY_MS).next(5 * DAY_MS).do).toBe('list');
  });

  test('that becomes All Synced gets the window of All Synced', () => {
    const it = setup().read('All Synced', DUE_MS).list(wholeAt(0), DUE_MS);
    expect(it.waitsUntilMs(DUE_MS)).toBe(DUE_MS + SETTLE_MS);
  });
});

describe('All Synced', () => {
  const DUE_MS = DAY_MS + SETTLE_MS;
  const AT_MS = DAY_MS + 7 * MINUTE_MS;
  const setup = () => new Situation('Syncing').read('All Synced', DAY_MS).list(wholeAt(0), DAY_MS).store(DAY_MS);
  const endedAt = (it: Situation, atMs: number, reports = it.collection.listed) =>
    it.read('All Synced', atMs, { updatedMs: DAY_MS }).list(reports, atMs).next(atMs);

  test('is collected if nothing new has appeared for 10 min, and status and list confirm it', () => {
    const it = setup();
    expect(it.waitsUntilMs(DUE_MS - 1)).toBe(DUE_MS);
    expect(it.next(DUE_MS)).toEqual({ do: 'read-and-list' });
    expect(endedAt(it, DUE_MS)).toEqual(conclusion('collected', null));
  });

  test('is not delayed by claims that no read confirms', () => {
    const it = setup();
    for (let atMs = DAY_MS + MINUTE_MS; atMs < DUE_MS; atMs += MINUTE_MS) {
      it.claim('Syncing', atMs).read('All Synced', atMs, { updatedMs: DAY_MS });
      expect(it.waitsUntilMs(atMs)).toBe(DUE_MS);
    }
    it.claim('Syncing', DUE_MS).claim('Engaged', DUE_MS + 1);
    expect(endedAt(it, DUE_MS + 1)).toEqual(conclusion('collected', null));
  });

  test('restarts its window for a read with a new date', () => {
    const atMs = DAY_MS + 5 * MINUTE_MS;
    const it = setup().claim('Syncing', DAY_MS + MINUTE_MS);
    it.read('All Synced', atMs, { updatedMs: DAY_MS + 2 * MINUTE_MS }).list(it.collection.listed, atMs);
    expect(it.waitsUntilMs(atMs)).toBe(atMs + SETTLE_MS);
  });

  test.each([
    ['report', listedAt('u-2', 'unity', 0)],
    ['organization', listedAt('u-o1', 'unity', 0, 'o2')],
    ['report of an unwanted type', listedAt('t-1', 'timeline', 0)],
  ])('restarts its window for a new %s', (_what, row) => {
    const it = setup().list([...wholeAt(0), row], AT_MS);
    expect(it.store(AT_MS).waitsUntilMs(AT_MS)).toBe(AT_MS + SETTLE_MS);
  });

  test('does not restart it for a newer version, a report that returns, or another spelling of a provider', () => {
    const newer = setup().list(wholeAt(DAY_MS), AT_MS);
    expect(newer.next(AT_MS)).toMatchObject({ do: 'fetch', documents: [{}, {}, {}] });
    const returned = setup()
      .list([], AT_MS - MINUTE_MS)
      .list(wholeAt(0), AT_MS);
    const spellings = [
      { id: 'o1', name: null },
      { id: null, name: ' CLINIC  o1' },
    ];
    const respelt = setup();
    respelt.list(
      wholeAt(0).map((row, at) => ({ ...row, organization: spellings[at] ?? null })),
      AT_MS,
    );
    for (const it of [newer.store(AT_MS), returned, respelt]) expect(it.waitsUntilMs(AT_MS)).toBe(DUE_MS);
  });

  test('restarts it for 24 h at most', () => {
    const it = setup();
    for (let atMs = DAY_MS; atMs < 2 * DAY_MS; atMs += 9 * MINUTE_MS) {
      it.list([...it.collection.listed, listedAt(`u-${atMs}`, 'unity', 0)], atMs).store(atMs);
      expect(it.next(atMs).do).toBe('wait');
    }
    expect(it.waitsUntilMs(2 * DAY_MS - 1)).toBe(2 * DAY_MS);
    expect(endedAt(it, 2 * DAY_MS)).toEqual(conclusion('collected', null));
  });

  test('waits a window of more than 24 h', () => {
    const settleMs = { ...DEFAULT_POLICY.settleMs, allSynced: 3 * DAY_MS };
    const it = new Situation('All Synced', { ...DEFAULT_POLICY, settleMs }).list(wholeAt(0), 0).store(0);
    expect(it.waitsUntilMs(0)).toBe(3 * DAY_MS);
  });

  test('by a notice starts the window, but only a read ends it', () => {
    const it = new Situation('Syncing').claim('All Synced', DAY_MS).list(wholeAt(0), DAY_MS).store(DAY_MS);
    expect(it.next(DUE_MS)).toEqual({ do: 'read-and-list' });
    expect(endedAt(it, DUE_MS)).toEqual(conclusion('collected', null));
  });

  test('is read back before it ends if a notice comes after the last read', () => {
    const it = setup().read('All Synced', DUE_MS, { updatedMs: DAY_MS }).list(wholeAt(0), DUE_MS);
    expect(it.claim('All Synced', DUE_MS + 1).next(DUE_MS + 1)).toEqual({ do: 'read', because: 'notice' });
  });

  test('lists again before it ends if a notice requests it', () => {
    const it = setup();
    endedAt(it, DUE_MS);
    notifyReport(it, DUE_MS);
    expect(it.waitsUntilMs(DUE_MS)).toBe(DUE_MS + SHARED_MS);
    const atMs = DUE_MS + SHARED_MS;
    expect(it.next(atMs)).toEqual({ do: 'list', because: 'notice' });
    expect(it.list(it.collection.listed, atMs).next(atMs)).toEqual(conclusion('collected', null));
  });

  test('waits for retries of documents, and for a notice during them', () => {
    const it = setup();
    endedAt(it, DUE_MS, wholeAt(DUE_MS));
    for (const wanted of selectDownloads(it.collection, it.policy.wanted, T0 + DUE_MS)) {
      const down = { kind: 'unavailable', detail: '503' } as const;
      it.collection = withDownloadResult(it.collection, wanted, down, T0 + DUE_MS, it.policy);
    }
    it.collection = { ...it.collection, unrecorded: false };
    expect(it.waitsUntilMs(DUE_MS)).toBe(DUE_MS + HOUR_MS);
    notifyReport(it, DUE_MS);
    expect(it.waitsUntilMs(DUE_MS)).toBe(DUE_MS + SHARED_MS);
  });

  test('ends within a day although notices never stop', () => {
    const it = setup();
    let atMs = DUE_MS;
    endedAt(it, atMs);
    for (; it.next(atMs).do !== 'conclude' && atMs < 9 * DAY_MS; atMs += MINUTE_MS) {
      if (it.next(atMs).do === 'list') it.collection = withNoticeList(it.collection, T0 + atMs, HOUR_MS);
      it.list(it.collection.listed, atMs);
      notifyReport(it, atMs + 1);
    }
    expect(atMs).toBeLessThanOrEqual(DUE_MS + DAY_MS);
  });
});

describe('All Synced is', () => {
  const DUE_MS = DAY_MS + SETTLE_MS;
  const setup = (reports: ReturnType<typeof wholeAt>, policy = DEFAULT_POLICY) =>
    new Situation('All Synced', policy).read('All Synced', DUE_MS, { updatedMs: 0 }).list(reports, DUE_MS);
  const END_MS = DUE_MS + DAY_MS;
  const listAt = (it: Situation, atMs: number, list: Omit<Parameters<typeof withList>[1], 'askedAtMs'>) => {
    it.collection = withList(it.collection, { ...list, askedAtMs: T0 + atMs }, T0 + atMs);
  };
  // The window restarts with the first list that has a report; the second list ends it.
  const ended = (it: Situation) =>
    it.read('All Synced', END_MS, { updatedMs: 0 }).list(it.collection.listed, END_MS).next(END_MS);
  const ccdrawOnly = { ...DEFAULT_POLICY, wanted: { ccdraw: ['pdf'] } } as const;

  test.each<[string, string, string | null, () => Situation]>([
    ['an empty list', 'partial', 'nothing-listed', () => setup([])],
    [
      'a provider without its unity',
      'partial',
      'missing-documents',
      () => setup([...wholeAt(0), listedAt('c-o2', 'ccdraw', 0, 'o2')]).store(DUE_MS),
    ],
    [
      'a provider without a ccdraw',
      'collected',
      null,
      () => setup([...wholeAt(0), listedAt('u-o2', 'unity', 0, 'o2')]).store(DUE_MS),
    ],
    [
      'a list without wanted reports',
      'partial',
      'missing-documents',
      () => setup([listedAt('u', 'unity', 0)], ccdrawOnly),
    ],
    ['no offered document', 'partial', 'missing-documents', () => setup(wholeAt(0)).store(DUE_MS, ['json', 'pdf'])],
    ['a format that is not offered', 'collected', null, () => setup(wholeAt(0)).store(DUE_MS, ['json'])],
  ])('with %s: %s, %s', (_what, outcome, reason, it) => {
    expect(ended(it())).toEqual(conclusion(outcome, reason));
  });

  test('with access denied: partial, nothing-listed', () => {
    const it = new Situation('All Synced').read('All Synced', DUE_MS, { updatedMs: 0 });
    const answer = { kind: 'refused', askedAtMs: T0 + DUE_MS } as const;
    it.collection = withListAnswer(it.collection, answer, T0 + DUE_MS, HOUR_MS);
    expect(it.next(DUE_MS)).toEqual(conclusion('partial', 'nothing-listed'));
  });

  test.each([
    ['only unwanted rows', 'missing-documents', { others: [{ type: '', organization: { id: 'o1', name: 'Clinic' } }] }],
    ['reports that did not fit into the answer', 'failed-documents', { left: 7 }],
  ])('with %s: partial, %s', (_what, reason, more) => {
    const it = 'left' in more ? setup(wholeAt(0)).store(DUE_MS) : setup([]);
    const list = { reports: it.collection.listed, digest: 'x', ...more };
    listAt(it, DUE_MS, list);
    it.read('All Synced', END_MS, { updatedMs: 0 });
    listAt(it, END_MS, list);
    expect(it.next(END_MS)).toEqual(conclusion('partial', reason));
  });
});
