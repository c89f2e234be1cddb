import {
  type Collection,
  countCurrentDocuments,
  emptyCollection,
  withList,
  withListAnswer,
  withListRequested,
  withReportNotice,
} from '../../src/domain/collection';
import { mustRecord, nextRetryAtMs, selectDownloads, withDownloadResult } from '../../src/domain/collection-documents';
import type { DownloadResult } from '../../src/domain/download-results';
import { withMarks } from '../../src/domain/marks';
import { missingDocuments } from '../../src/domain/missing-documents';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import type { ListedReport } from '../../src/domain/reports';
import { storedDocument } from '../support/stored';

const T0 = Date.UTC(2026, 0, 1);
const WANTED = { unity: ['pdf'] } as const;
const BROKEN: DownloadResult = { kind: 'broken', detail: 'no end' };
const DOWN: DownloadResult = { kind: 'unavailable', detail: '503' };
const GONE: DownloadResult = { kind: 'gone' };
const UNENVELOPED: DownloadResult = { kind: 'unenveloped', detail: 'answered 400' };

const ROW: ListedReport = {
  id: 'r1',
  type: 'unity',
  organization: { id: 'o1', name: 'Clinic' },
  updatedAt: new Date(T0).toISOString(),
};
const DOCUMENT = storedDocument({ organization: ROW.organization, reportId: 'r1', updatedAt: ROW.updatedAt });
const STORED: DownloadResult = { kind: 'stored', document: DOCUMENT };

/** Times relative to T0. */
const list = (before: Collection, atMs: number, reports = [ROW]) =>
  withList(before, { reports, digest: String(reports.length), askedAtMs: T0 + atMs }, T0 + atMs);
const withoutList = (before: Collection, kind: 'refused' | 'not-yet', atMs = HOUR_MS) =>
  withListAnswer(before, { kind, askedAtMs: T0 + atMs }, T0 + atMs, HOUR_MS);
const fetched = (before: Collection, result: DownloadResult, atMs: number) => {
  const policy = { ...DEFAULT_POLICY, wanted: WANTED };
  return withDownloadResult(before, { report: ROW, format: 'pdf' }, result, T0 + atMs, policy);
};
const isDue = (collection: Collection, atMs: number) => selectDownloads(collection, WANTED, T0 + atMs).length > 0;
const retryMs = (collection: Collection) => {
  const retryAtMs = nextRetryAtMs(collection, WANTED);
  return retryAtMs === null ? null : retryAtMs - T0;
};
const missing = (collection: Collection) => missingDocuments(collection, WANTED).map(({ reason }) => reason);
const LISTED = list(emptyCollection(), 0);

describe('a list', () => {
  test('that was requested before the last one changes nothing', () => {
    const later = list(emptyCollection(), 2 * MINUTE_MS, [ROW, { ...ROW, id: 'r2' }]);
    expect(list(later, MINUTE_MS)).toBe(later);
  });

  test('that repeats a report counts as its newest version', () => {
    const newer = { ...ROW, updatedAt: new Date(T0 + MINUTE_MS).toISOString() };
    expect(list(emptyCollection(), HOUR_MS, [newer, ROW, newer]).listed).toEqual([newer]);
  });

  test('answers every request made before it, even without access, and none made later', () => {
    const wanted = withListRequested(withListRequested(emptyCollection(), T0), T0 + 1_000);
    expect(wanted.wantedAtMs).toBe(T0);
    const answered = (before: Collection) =>
      [list(before, 0), withoutList(before, 'refused', 0), withoutList(before, 'not-yet', 0)].map(
        ({ wantedAtMs }) => wantedAtMs,
      );
    expect(answered(wanted)).toEqual([null, null, null]);
    expect(answered(withListRequested(emptyCollection(), T0 + 1))).toEqual([T0 + 1, T0 + 1, T0 + 1]);
  });

  test('without access ends the downloads; a later list resumes them', () => {
    const denied = withoutList(fetched(LISTED, DOWN, 0), 'refused');
    expect([isDue(denied, 2 * HOUR_MS), retryMs(denied), missing(denied)]).toEqual([false, null, ['failed']]);
    expect(missing(withoutList(LISTED, 'refused'))).toEqual(['failed']);
    expect(isDue(list(withoutList(LISTED, 'refused'), DAY_MS), DAY_MS)).toBe(true);
  });

  test('without access means that everything is missing; before the first list nothing is known', () => {
    expect([missing(emptyCollection()), missing(withoutList(emptyCollection(), 'refused'))]).toEqual([[], ['missing']]);
  });
});

describe('a listed document', () => {
  test('is downloaded once, and again only as another version', () => {
    expect(isDue(LISTED, 0)).toBe(true);
    const stored = fetched(LISTED, STORED, 0);
    expect([isDue(stored, DAY_MS), isDue(list(stored, DAY_MS), DAY_MS)]).toEqual([false, false]);
    expect([stored.unrecorded, missing(stored)]).toEqual([true, []]);
    expect(isDue(list(emptyCollection([DOCUMENT]), DAY_MS), DAY_MS)).toBe(false);
    const newer = { ...ROW, updatedAt: new Date(T0 + 1).toISOString() };
    expect(isDue(list(stored, DAY_MS, [newer]), DAY_MS)).toBe(true);
  });

  test('that is not offered in a format is not requested again', () => {
    const answered = fetched(LISTED, { kind: 'not-offered' }, 0);
    expect([isDue(answered, DAY_MS), retryMs(answered), missing(answered)]).toEqual([false, null, ['not-offered']]);
  });

  test('that is broken is requested again after a settle window, also after an outage, then failed', () => {
    const once = fetched(LISTED, BROKEN, 0);
    expect([isDue(once, 10 * MINUTE_MS - 1), isDue(once, 10 * MINUTE_MS)]).toEqual([false, true]);
    const twice = fetched(once, BROKEN, 10 * MINUTE_MS);
    expect([retryMs(twice), isDue(twice, DAY_MS), missing(twice)]).toEqual([null, false, ['failed']]);
    expect(missing(fetched(once, STORED, HOUR_MS))).toEqual([]);
    const afterOutage = fetched(fetched(fetched(LISTED, DOWN, 0), DOWN, HOUR_MS), BROKEN, 2 * HOUR_MS);
    expect(retryMs(afterOutage)).toBe(2 * HOUR_MS + 10 * MINUTE_MS);
  });

  test('in an outage is requested each hour for a day, then failed', () => {
    let collection = LISTED;
    for (let atMs = 0; atMs < DAY_MS; atMs += HOUR_MS) {
      expect(isDue(collection, atMs)).toBe(true);
      collection = fetched(collection, DOWN, atMs);
      expect(retryMs(collection)).toBe(atMs + HOUR_MS);
    }
    collection = fetched(collection, DOWN, DAY_MS);
    expect([retryMs(collection), isDue(collection, 9 * DAY_MS), missing(collection)]).toEqual([
      null,
      false,
      ['failed'],
    ]);
  });

  test('that a gateway answers 400 for an hour is not offered if another format of the report is stored', () => {
    const pdf = fetched(LISTED, UNENVELOPED, 0);
    expect([retryMs(pdf), missing(pdf)]).toEqual([HOUR_MS, ['failed']]);
    const alone = fetched(fetched(pdf, UNENVELOPED, HOUR_MS), UNENVELOPED, DAY_MS);
    expect([retryMs(alone), missing(alone)]).toEqual([null, ['failed']]);
    const withJson = (before: Collection, reportId = 'r1'): Collection => {
      return { ...before, documents: [{ ...DOCUMENT, format: 'json', file: 'unity/clinic/r1.json', reportId }] };
    };
    expect(missing(fetched(withJson(pdf), UNENVELOPED, HOUR_MS - 1))).toEqual(['failed']);
    expect(missing(fetched(withJson(pdf, 'r2'), UNENVELOPED, HOUR_MS))).toEqual(['failed']);
    expect(missing(fetched(withJson(pdf), UNENVELOPED, HOUR_MS))).toEqual(['not-offered']);
    const marked = { ...pdf, marks: withMarks({}, [[{ reportId: 'r1', format: 'json', version: 'v' }, 'stored']]) };
    expect(missing(fetched(marked, UNENVELOPED, HOUR_MS))).toEqual(['not-offered']);
    // An outage in between does not concern the format; a broken document proves that it exists.
    expect(missing(fetched(fetched(withJson(pdf), DOWN, 1), UNENVELOPED, HOUR_MS))).toEqual(['not-offered']);
    expect(missing(fetched(fetched(withJson(pdf), BROKEN, 1), UNENVELOPED, HOUR_MS))).toEqual(['failed']);
  });

  test('that fails is recorded in the manifest', () => {
    const results = [fetched(LISTED, { kind: 'not-offered' }, 0), fetched(LISTED, DOWN, 0)];
    expect(results.map(({ unrecorded }) => unrecorded)).toEqual([true, true]);
  });

  test('determines the next retry if it is the first of several', () => {
    const both = list(fetched(LISTED, DOWN, 0), MINUTE_MS, [ROW, { ...ROW, id: 'r2' }]);
    const second = { report: { ...ROW, id: 'r2' }, format: 'pdf' } as const;
    expect(retryMs(withDownloadResult(both, second, DOWN, T0 + HOUR_MS / 2, DEFAULT_POLICY))).toBe(HOUR_MS);
  });

  test('that is answered 404 is listed again, and requested again only if a later list has it', () => {
    const gone = fetched(LISTED, GONE, MINUTE_MS);
    expect([gone.wantedAtMs, isDue(gone, HOUR_MS)]).toEqual([T0 + MINUTE_MS, false]);
    expect(isDue(list(gone, MINUTE_MS), 2 * MINUTE_MS)).toBe(false);
    expect(isDue(list(gone, 2 * MINUTE_MS), 2 * MINUTE_MS)).toBe(true);
    const without = list(gone, 2 * MINUTE_MS, []);
    expect([isDue(without, 2 * MINUTE_MS), missing(without)]).toEqual([false, ['missing']]);
  });

  test('that is answered 404 three times is failed', () => {
    let collection = LISTED;
    for (let i = 1; i <= 3; i++) {
      expect(isDue(collection, i * MINUTE_MS)).toBe(true);
      collection = list(fetched(collection, GONE, i * MINUTE_MS), i * MINUTE_MS + 1);
    }
    expect([isDue(collection, HOUR_MS), missing(collection)]).toEqual([false, ['failed']]);
  });
});

describe('a report notice', () => {
  const wantedAt = (collection: Collection, reportId: string, updatedAt: string | null) =>
    withReportNotice(collection, { reportId, updatedAt }, T0 + HOUR_MS).wantedAtMs;

  test('requests a list if it names a new report, a new version, or no version', () => {
    const newer = new Date(T0 + 1).toISOString();
    const notices: [string, string | null][] = [
      ['r2', ROW.updatedAt],
      ['r1', newer],
      ['r1', null],
      ['r1', 'soon'],
    ];
    for (const notice of notices) expect([notice, wantedAt(LISTED, ...notice)]).toEqual([notice, T0 + HOUR_MS]);
  });

  test('of a listed version requests nothing, unless that is dated 2099', () => {
    const older = new Date(T0 - 1).toISOString();
    expect([wantedAt(LISTED, 'r1', ROW.updatedAt), wantedAt(LISTED, 'r1', older)]).toEqual([null, null]);
    const wrong = list(emptyCollection(), 0, [{ ...ROW, updatedAt: '2099-01-01T00:00:00.000Z' }]);
    expect(wantedAt(wrong, 'r1', new Date(T0 + HOUR_MS).toISOString())).toBe(T0 + HOUR_MS);
  });
});

test('many documents are recorded before more are downloaded, unless a history of an earlier version has the other order', () => {
  const reports = Array.from({ length: 300 }, (_, at) => ({ ...ROW, id: `r${at}` }));
  const mustRecordFirst = (remaining: { left?: number }) => {
    const listed = withList(emptyCollection(), { reports, ...remaining, digest: 'x', askedAtMs: T0 }, T0);
    const documents = reports.slice(0, 150).map(({ id }) => ({ ...DOCUMENT, reportId: id, file: `${id}.pdf` }));
    return mustRecord(fetched({ ...listed, documents }, STORED, 0));
  };
  expect([mustRecordFirst({ left: 0 }), mustRecordFirst({})]).toEqual([true, false]);
});

test('at most 50 documents are downloaded at once', () => {
  const many = Array.from({ length: 120 }, (_, i) => ({ ...ROW, id: `r${i}` }));
  expect(selectDownloads(list(emptyCollection(), 0, many), WANTED, T0)).toHaveLength(50);
});

test('a document counts once, however many versions are stored', () => {
  const older = { ...DOCUMENT, file: 'older', updatedAt: null };
  expect(countCurrentDocuments([DOCUMENT, older, { ...DOCUMENT, reportId: 'r2' }])).toBe(2);
});
