import { withList, withListAnswer, withNoticeList, withReportNotice } from '../../src/domain/collection';
import { selectDownloads, withDownloadResult } from '../../src/domain/collection-documents';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import type { ListedReport } from '../../src/domain/reports';
import { clinicAt, listedAt, Situation } from './model/situation';
import { T0 } from './model/upstream';

const SHARED_MS = 2_000;
const SETTLE_MS = 10 * MINUTE_MS;
/** Complete since the invitation. */
const CLINIC = clinicAt(0);

const conclusion = (outcome: string, reason: string | null) => ({
  do: 'conclude',
  conclusion: { outcome, reason, shouldWithdraw: false },
});
const notifyReport = (applicant: Situation, atMs: number) => {
  applicant.collection = withReportNotice(applicant.collection, { reportId: 'r9', updatedAt: null }, T0 + atMs);
};

describe.each(['Some Synced', 'All Synced'])('%s', (status) => {
  test('requests a list at once, which the report notices of the next two seconds share', () => {
    const applicant = new Situation('Syncing').read(status, DAY_MS);
    expect(applicant.waitsUntilMs(DAY_MS)).toBe(DAY_MS + SHARED_MS);
    notifyReport(applicant, DAY_MS + 1_000);
    expect(applicant.next(DAY_MS + 1_000 + SHARED_MS)).toEqual({ do: 'list', because: 'request' });
    expect(applicant.list([], DAY_MS + 1_000 + SHARED_MS).next(DAY_MS + 2 * SHARED_MS).do).toBe('wait');
  });

  test('downloads listed documents first', () => {
    const applicant = new Situation('Syncing').read(status, DAY_MS).list(CLINIC, DAY_MS);
    expect(applicant.next(DAY_MS)).toMatchObject({ do: 'fetch', documents: [{}, {}, {}] });
  });
});

describe('Some Synced', () => {
  const DUE_MS = DAY_MS + 24 * HOUR_MS;
  const setup = () => new Situation('Syncing').read('Some Synced', DAY_MS).list(CLINIC, DAY_MS).store(DAY_MS);

  test('waits 24 h for the rest, then checks status and list, and is partial', () => {
    const applicant = setup();
    expect([applicant.waitsUntilMs(DAY_MS), applicant.waitsUntilMs(DUE_MS - 1)]).toEqual([DUE_MS, DUE_MS]);
    expect(applicant.next(DUE_MS)).toEqual({ do: 'read-and-list' });
    applicant.read('Some Synced', DUE_MS, { updatedMs: DAY_MS }).list(CLINIC, DUE_MS);
    expect(applicant.next(DUE_MS)).toEqual(conclusion('partial', null));
  });

  test('counts from the first one: new reports, a repeat and a return to Syncing do not restart the window', () => {
    const atMs = DAY_MS + HOUR_MS;
    const applicant = setup()
      .list([...CLINIC, ...clinicAt(DAY_MS, 'o2')], atMs)
      .store(atMs);
    expect(applicant.waitsUntilMs(atMs)).toBe(DUE_MS);
    expect(applicant.read('Some Synced', atMs + HOUR_MS).waitsUntilMs(atMs + HOUR_MS)).toBe(DUE_MS);
    const again = setup()
      .read('Syncing', atMs)
      .read('Some Synced', atMs + HOUR_MS);
    expect(again.list(CLINIC, atMs + HOUR_MS).waitsUntilMs(atMs + HOUR_MS)).toBe(DUE_MS);
  });

  test('that returns after its window is listed again before it ends', () => {
    const applicant = setup()
      .read('Syncing', DAY_MS + HOUR_MS)
      .list(CLINIC, DUE_MS + HOUR_MS);
    expect(applicant.read('Some Synced', 5 * DAY_MS).next(5 * DAY_MS).do).toBe('list');
  });

  test('that becomes All Synced gets the window of All Synced', () => {
    const applicant = setup().read('All Synced', DUE_MS).list(CLINIC, DUE_MS);
    expect(applicant.waitsUntilMs(DUE_MS)).toBe(DUE_MS + SETTLE_MS);
  });
});

describe('All Synced', () => {
  const DUE_MS = DAY_MS + SETTLE_MS;
  const AT_MS = DAY_MS + 7 * MINUTE_MS;
  const setup = () => new Situation('Syncing').read('All Synced', DAY_MS).list(CLINIC, DAY_MS).store(DAY_MS);
  const endedAt = (applicant: Situation, atMs: number, reports = applicant.collection.listed) =>
    applicant.read('All Synced', atMs, { updatedMs: DAY_MS }).list(reports, atMs).next(atMs);

  test('is collected if nothing new has appeared for 10 min, and status and list confirm it', () => {
    const applicant = setup();
    expect(applicant.waitsUntilMs(DUE_MS - 1)).toBe(DUE_MS);
    expect(applicant.next(DUE_MS)).toEqual({ do: 'read-and-list' });
    expect(endedAt(applicant, DUE_MS)).toEqual(conclusion('collected', null));
  });

  test('is not delayed by claims that no read confirms', () => {
    const applicant = setup();
    for (let atMs = DAY_MS + MINUTE_MS; atMs < DUE_MS; atMs += MINUTE_MS) {
      applicant.claim('Syncing', atMs).read('All Synced', atMs, { updatedMs: DAY_MS });
      expect(applicant.waitsUntilMs(atMs)).toBe(DUE_MS);
    }
    applicant.claim('Syncing', DUE_MS).claim('Engaged', DUE_MS + 1);
    expect(endedAt(applicant, DUE_MS + 1)).toEqual(conclusion('collected', null));
  });

  test('restarts its window for a read with a new date after a claim of Syncing, from the time of the read', () => {
    const applicant = setup()
      .claim('Syncing', AT_MS - 3 * MINUTE_MS)
      .read('All Synced', AT_MS, { updatedMs: AT_MS - 2 * MINUTE_MS })
      .list(CLINIC, AT_MS);
    expect(applicant.waitsUntilMs(AT_MS)).toBe(AT_MS + SETTLE_MS);
  });

  const spelledAs = (id: string | null, name: string | null) =>
    CLINIC.map((row) => ({ ...row, organization: { id, name } }));

  const WAIT = { do: 'wait' };
  const fetch = (length: number) => ({ do: 'fetch', documents: { length } });

  test.each([
    [true, 'a new report', fetch(2), [...CLINIC, listedAt('u-2', 'unity', 0)]],
    [true, 'a new organization', WAIT, [...CLINIC, listedAt('u-o1', 'unity', 0, 'o2')]],
    [true, 'a new report of an unwanted type', WAIT, [...CLINIC, listedAt('t-1', 'timeline', 0)]],
    [false, 'the same reports after an empty list', WAIT, CLINIC],
    [false, 'a newer version', fetch(3), clinicAt(DAY_MS)],
    [false, 'a provider without its name', WAIT, spelledAs('o1', null)],
    [false, 'a provider in another spelling and without its id', WAIT, spelledAs(null, ' CLINIC  o1')],
  ])(
    'restarts its window (%p) after a list with %s, and fetches only what is new',
    (isRestarted, _what, step, reports) => {
      const applicant = setup()
        .list([], AT_MS - 1)
        .list(reports, AT_MS);
      expect(applicant.next(AT_MS)).toMatchObject(step);
      expect(applicant.store(AT_MS).waitsUntilMs(AT_MS)).toBe(isRestarted ? AT_MS + SETTLE_MS : DUE_MS);
    },
  );

  test('restarts its window for 24 h at most', () => {
    const applicant = setup();
    for (let atMs = DAY_MS; atMs < 2 * DAY_MS; atMs += 9 * MINUTE_MS) {
      applicant.list([...applicant.collection.listed, listedAt(`u-${atMs}`, 'unity', 0)], atMs).store(atMs);
      expect(applicant.next(atMs).do).toBe('wait');
    }
    expect(applicant.waitsUntilMs(2 * DAY_MS - 1)).toBe(2 * DAY_MS);
    expect(endedAt(applicant, 2 * DAY_MS)).toEqual(conclusion('collected', null));
  });

  test('waits a window of more than 24 h', () => {
    const settleMs = { ...DEFAULT_POLICY.settleMs, allSynced: 3 * DAY_MS };
    const applicant = new Situation('All Synced', { ...DEFAULT_POLICY, settleMs }).list(CLINIC, 0).store(0);
    expect(applicant.waitsUntilMs(0)).toBe(3 * DAY_MS);
  });

  test('by a notice starts the window, but only a read ends it', () => {
    const applicant = new Situation('Syncing').claim('All Synced', DAY_MS).list(CLINIC, DAY_MS).store(DAY_MS);
    expect(applicant.next(DUE_MS)).toEqual({ do: 'read-and-list' });
    expect(endedAt(applicant, DUE_MS)).toEqual(conclusion('collected', null));
  });

  test('is read back before it ends if a notice comes after the last read', () => {
    const applicant = setup().read('All Synced', DUE_MS, { updatedMs: DAY_MS }).list(CLINIC, DUE_MS);
    expect(applicant.claim('All Synced', DUE_MS + 1).next(DUE_MS + 1)).toEqual({ do: 'read', because: 'notice' });
  });

  test('lists again before it ends if a notice requests it', () => {
    const applicant = setup();
    endedAt(applicant, DUE_MS);
    notifyReport(applicant, DUE_MS);
    expect(applicant.waitsUntilMs(DUE_MS)).toBe(DUE_MS + SHARED_MS);
    const atMs = DUE_MS + SHARED_MS;
    expect(applicant.next(atMs)).toEqual({ do: 'list', because: 'request' });
    expect(applicant.list(applicant.collection.listed, atMs).next(atMs)).toEqual(conclusion('collected', null));
  });

  test('waits for retries of documents, and for a notice during them', () => {
    const applicant = setup();
    endedAt(applicant, DUE_MS, clinicAt(DUE_MS));
    for (const wanted of selectDownloads(applicant.collection, applicant.policy.wanted, T0 + DUE_MS)) {
      const down = { kind: 'unavailable', detail: '503' } as const;
      applicant.collection = withDownloadResult(applicant.collection, wanted, down, T0 + DUE_MS, applicant.policy);
    }
    applicant.collection = { ...applicant.collection, unrecorded: false };
    expect(applicant.waitsUntilMs(DUE_MS)).toBe(DUE_MS + HOUR_MS);
    notifyReport(applicant, DUE_MS);
    expect(applicant.waitsUntilMs(DUE_MS)).toBe(DUE_MS + SHARED_MS);
  });

  test('ends within a day although notices never stop', () => {
    const applicant = setup();
    let atMs = DUE_MS;
    endedAt(applicant, atMs);
    for (; applicant.next(atMs).do !== 'conclude' && atMs < 9 * DAY_MS; atMs += MINUTE_MS) {
      if (applicant.next(atMs).do === 'list')
        applicant.collection = withNoticeList(applicant.collection, T0 + atMs, HOUR_MS);
      applicant.list(applicant.collection.listed, atMs);
      notifyReport(applicant, atMs + 1);
    }
    expect(atMs).toBeLessThanOrEqual(DUE_MS + DAY_MS);
  });
});

describe('All Synced ends', () => {
  const DUE_MS = DAY_MS + SETTLE_MS;
  const setup = (reports: ListedReport[], policy = DEFAULT_POLICY) =>
    new Situation('All Synced', policy).read('All Synced', DUE_MS, { updatedMs: 0 }).list(reports, DUE_MS);
  const END_MS = DUE_MS + DAY_MS;
  const listAt = (applicant: Situation, atMs: number, list: Omit<Parameters<typeof withList>[1], 'askedAtMs'>) => {
    applicant.collection = withList(applicant.collection, { ...list, askedAtMs: T0 + atMs }, T0 + atMs);
  };
  // The window restarts with the first list that has a report; the second list ends it.
  const ended = (applicant: Situation) =>
    applicant.read('All Synced', END_MS, { updatedMs: 0 }).list(applicant.collection.listed, END_MS).next(END_MS);
  const stored = (more: ListedReport) => setup([...CLINIC, more]).store(DUE_MS);
  const CCDRAW_ONLY = { ...DEFAULT_POLICY, wanted: { ccdraw: ['pdf'] } } as const;

  test.each<[string, string, string | null, () => Situation]>([
    ['an empty list', 'partial', 'nothing-listed', () => setup([])],
    ['a provider without its unity', 'partial', 'missing-documents', () => stored(listedAt('c-o2', 'ccdraw', 0, 'o2'))],
    ['a provider without a ccdraw', 'collected', null, () => stored(listedAt('u-o2', 'unity', 0, 'o2'))],
    ['no wanted report', 'partial', 'missing-documents', () => setup([listedAt('u', 'unity', 0)], CCDRAW_ONLY)],
    ['no offered document', 'partial', 'missing-documents', () => setup(CLINIC).store(DUE_MS, ['json', 'pdf'])],
    ['a format that is not offered', 'collected', null, () => setup(CLINIC).store(DUE_MS, ['json'])],
  ])('with %s: %s, %s', (_what, outcome, reason, create) => {
    expect(ended(create())).toEqual(conclusion(outcome, reason));
  });

  test('with access denied: partial, nothing-listed', () => {
    const applicant = new Situation('All Synced').read('All Synced', DUE_MS, { updatedMs: 0 });
    const answer = { kind: 'refused', askedAtMs: T0 + DUE_MS } as const;
    applicant.collection = withListAnswer(applicant.collection, answer, T0 + DUE_MS, HOUR_MS);
    expect(applicant.next(DUE_MS)).toEqual(conclusion('partial', 'nothing-listed'));
  });

  test.each([
    ['only unwanted rows', 'missing-documents', { others: [{ type: '', organization: { id: 'o1', name: 'Clinic' } }] }],
    ['reports that did not fit into the answer', 'failed-documents', { left: 7 }],
  ])('with %s: partial, %s', (_what, reason, more) => {
    const applicant = 'left' in more ? setup(CLINIC).store(DUE_MS) : setup([]);
    const list = { reports: applicant.collection.listed, digest: 'x', ...more };
    listAt(applicant, DUE_MS, list);
    applicant.read('All Synced', END_MS, { updatedMs: 0 });
    listAt(applicant, END_MS, list);
    expect(applicant.next(END_MS)).toEqual(conclusion('partial', reason));
  });
});
