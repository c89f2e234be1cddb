import {
  type Collection,
  countCurrentDocuments,
  emptyCollection,
  withList,
  withListAnswer,
  withListWanted,
  withReportNotice,
} from '../../src/domain/collection';
import { mustRecord, nextRetryAtMs, selectDownloads, withDownloadResult } from '../../src/domain/collection-documents';
import type { DownloadResult } from '../../src/domain/download-results';
import { withMarks } from '../../src/domain/marks';
import { missingDocuments } from '../../src/domain/missing-documents';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import type { ListedReport } from '../../src/domain/reports';

const T0 = Date.UTC(2026, 0, 1);
const WANTED = { unity: ['pdf'] } as const;
const BROKEN: DownloadResult = { kind: 'broken', detail: 'no end' };
const DOWN: DownloadResult = { kind: 'unavailable', detail: '503' };
const GONE: DownloadResult = { kind: 'gone' };
const UNENVELOPED: DownloadResult = { kind: 'unenveloped', detail: 'answered 400' };

/** An answer without a list, an hour after T0. */
const withoutList = (collection: Collection, kind: 'refused' | 'not-yet', atMs = HOUR_MS) =>
  withListAnswer(collection, { kind, askedAtMs: T0 + atMs }, T0 + atMs, HOUR_MS);

/** One unity, listed at T0; what becomes of it is told minute by minute. */
function setup() {
  const row: ListedReport = {
    id: 'r1',
    type: 'unity',
    organization: { id: 'o1', name: 'Clinic' },
    updatedAt: new Date(T0).toISOString(),
  };
  const policy = { ...DEFAULT_POLICY, wanted: WANTED };
  const list = (before: Collection, atMs: number, reports = [row]) =>
    withList(before, { reports, digest: String(reports.length), askedAtMs: T0 + atMs }, T0 + atMs);
  const fetched = (before: Collection, what: DownloadResult, atMs: number) =>
    withDownloadResult(before, { report: row, format: 'pdf' }, what, T0 + atMs, policy);
  const stored: DownloadResult = {
    kind: 'stored',
    document: {
      file: 'unity/clinic/r1.pdf',
      type: 'unity',
      organization: row.organization,
      format: 'pdf',
      reportId: 'r1',
      updatedAt: row.updatedAt,
      seenAt: null,
      sha256: '0',
      bytes: 1,
      contentType: 'application/pdf',
      storedAt: row.updatedAt ?? '',
      superseded: false,
    },
  };
  return {
    row,
    list,
    fetched,
    stored,
    listed: list(emptyCollection(), 0),
    due: (collection: Collection, atMs: number) => selectDownloads(collection, WANTED, T0 + atMs).length > 0,
    retryMs: (collection: Collection) => {
      const retryMs = nextRetryAtMs(collection, WANTED);
      return retryMs === null ? null : retryMs - T0;
    },
    missing: (collection: Collection) => missingDocuments(collection, WANTED).map(({ reason }) => reason),
  };
}

test('a list that a later one has overtaken on the way changes nothing', () => {
  const { row, list } = setup();
  const later = list(emptyCollection(), 2 * MINUTE_MS, [row, { ...row, id: 'r2' }]);
  expect(list(later, MINUTE_MS)).toBe(later);
});

describe('a listed document', () => {
  test('is fetched once, and again only as another version', () => {
    const { row, list, listed, fetched, stored, due, missing } = setup();
    expect(due(listed, 0)).toBe(true);
    const had = fetched(listed, stored, 0);
    expect([due(had, DAY_MS), due(list(had, DAY_MS), DAY_MS), had.unrecorded, missing(had)]).toEqual([
      false,
      false,
      true,
      [],
    ]);
    const newer = { ...row, updatedAt: new Date(T0 + 1).toISOString() };
    expect(due(list(had, DAY_MS, [newer]), DAY_MS)).toBe(true);
  });

  test('that an earlier round has stored is not fetched again', () => {
    const { list, listed, fetched, stored, due } = setup();
    const { documents } = fetched(listed, stored, 0);
    expect(due(list(emptyCollection(documents), DAY_MS), DAY_MS)).toBe(false);
  });

  test('that does not come in a format is not asked for again', () => {
    const { listed, fetched, due, retryMs, missing } = setup();
    const answered = fetched(listed, { kind: 'not-offered' }, 0);
    expect([due(answered, DAY_MS), retryMs(answered), missing(answered)]).toEqual([false, null, ['not-offered']]);
  });

  test('that comes broken is tried in a second round, a settle window later, and then given up', () => {
    const { listed, fetched, due, retryMs, missing } = setup();
    const once = fetched(listed, BROKEN, 0);
    expect([retryMs(once), due(once, 10 * MINUTE_MS - 1), due(once, 10 * MINUTE_MS)]).toEqual([
      10 * MINUTE_MS,
      false,
      true,
    ]);
    const twice = fetched(once, BROKEN, 10 * MINUTE_MS);
    expect([retryMs(twice), due(twice, DAY_MS), missing(twice)]).toEqual([null, false, ['failed']]);
  });

  test('that is not to be had is tried each hour, and given up after a day', () => {
    const { listed, fetched, due, retryMs, missing } = setup();
    let collection = listed;
    for (let atMs = 0; atMs < DAY_MS; atMs += HOUR_MS) {
      expect(due(collection, atMs)).toBe(true);
      collection = fetched(collection, DOWN, atMs);
      expect(retryMs(collection)).toBe(atMs + HOUR_MS);
    }
    collection = fetched(collection, DOWN, DAY_MS);
    expect([retryMs(collection), due(collection, 9 * DAY_MS), missing(collection)]).toEqual([null, false, ['failed']]);
  });

  test('that an outage kept from us still has both its rounds when it comes broken', () => {
    const { listed, fetched, retryMs } = setup();
    const broken = fetched(fetched(fetched(listed, DOWN, 0), DOWN, HOUR_MS), BROKEN, 2 * HOUR_MS);
    expect(retryMs(broken)).toBe(2 * HOUR_MS + 10 * MINUTE_MS);
  });

  test('that a gateway answers 400 for an hour, while another format of the report downloads, is not offered', () => {
    const { listed, fetched, stored, retryMs, missing } = setup();
    const pdf = fetched(listed, UNENVELOPED, 0);
    expect([retryMs(pdf), missing(pdf)]).toEqual([HOUR_MS, ['failed']]);
    // Without another format it may be any fault, for a day.
    const alone = fetched(fetched(pdf, UNENVELOPED, HOUR_MS), UNENVELOPED, DAY_MS);
    expect([retryMs(alone), missing(alone)]).toEqual([null, ['failed']]);
    if (stored.kind !== 'stored') throw new Error('expected a document');
    const json = { ...stored.document, format: 'json', file: 'unity/clinic/r1.json' } as const;
    const other = (before: Collection, reportId = 'r1') => ({ ...before, documents: [{ ...json, reportId }] });
    expect(missing(fetched(other(pdf), UNENVELOPED, HOUR_MS - 1))).toEqual(['failed']);
    expect(missing(fetched(other(pdf, 'r2'), UNENVELOPED, HOUR_MS))).toEqual(['failed']);
    expect(missing(fetched(other(pdf), UNENVELOPED, HOUR_MS))).toEqual(['not-offered']);
    // Of many documents only a mark is left.
    const marked = { ...pdf, marks: withMarks({}, [[{ reportId: 'r1', format: 'json', version: 'v' }, 'stored']]) };
    expect(missing(fetched(marked, UNENVELOPED, HOUR_MS))).toEqual(['not-offered']);
    // An outage says nothing of the format; a broken document says that there is one.
    expect(missing(fetched(fetched(other(pdf), DOWN, 1), UNENVELOPED, HOUR_MS))).toEqual(['not-offered']);
    expect(missing(fetched(fetched(other(pdf), BROKEN, 1), UNENVELOPED, HOUR_MS))).toEqual(['failed']);
  });

  test('that could not be had is told in the manifest as well', () => {
    const { listed, fetched } = setup();
    expect([fetched(listed, { kind: 'not-offered' }, 0).unrecorded, fetched(listed, DOWN, 0).unrecorded]).toEqual([
      true,
      true,
    ]);
  });

  test('wakes the applicant when the first of several is to be tried again', () => {
    const { row, list, listed, fetched, retryMs } = setup();
    const both = list(fetched(listed, DOWN, 0), MINUTE_MS, [row, { ...row, id: 'r2' }]);
    const second = { report: { ...row, id: 'r2' }, format: 'pdf' } as const;
    expect(retryMs(withDownloadResult(both, second, DOWN, T0 + HOUR_MS / 2, DEFAULT_POLICY))).toBe(HOUR_MS);
  });

  test('that comes at last is no longer missing', () => {
    const { listed, fetched, stored, missing } = setup();
    expect(missing(fetched(fetched(listed, BROKEN, 0), stored, HOUR_MS))).toEqual([]);
  });
});

describe('a listed document that upstream answers with 404', () => {
  test('is listed again, and fetched again only if it is still there', () => {
    const { list, listed, fetched, due, missing } = setup();
    const gone = fetched(listed, GONE, MINUTE_MS);
    expect([gone.wantedAtMs, due(gone, HOUR_MS)]).toEqual([T0 + MINUTE_MS, false]);
    expect(due(list(gone, MINUTE_MS), 2 * MINUTE_MS)).toBe(false);
    expect(due(list(gone, 2 * MINUTE_MS), 2 * MINUTE_MS)).toBe(true);
    const without = list(gone, 2 * MINUTE_MS, []);
    expect([due(without, 2 * MINUTE_MS), missing(without)]).toEqual([false, ['missing']]);
  });

  test('is tried three times in all, then failed', () => {
    const { list, listed, fetched, due, missing } = setup();
    let collection = listed;
    for (let i = 1; i <= 3; i++) {
      expect(due(collection, i * MINUTE_MS)).toBe(true);
      collection = list(fetched(collection, GONE, i * MINUTE_MS), i * MINUTE_MS + 1);
    }
    expect([due(collection, HOUR_MS), missing(collection)]).toEqual([false, ['failed']]);
  });
});

describe('a refusal that is proven', () => {
  test('ends the fetching: what is not stored will not be had', () => {
    const { listed, fetched, due, retryMs, missing } = setup();
    const refused = withoutList(fetched(listed, DOWN, 0), 'refused');
    expect([due(refused, 2 * HOUR_MS), retryMs(refused), missing(refused)]).toEqual([false, null, ['failed']]);
    expect(missing(withoutList(listed, 'refused'))).toEqual(['failed']);
  });

  test('is forgotten when a list comes again', () => {
    const { list, listed, due } = setup();
    expect(due(list(withoutList(listed, 'refused'), DAY_MS), DAY_MS)).toBe(true);
  });

  test('before anything was listed says that everything is missing; before any answer nothing is said', () => {
    const { missing } = setup();
    expect([missing(emptyCollection()), missing(withoutList(emptyCollection(), 'refused', 0))]).toEqual([
      [],
      ['missing'],
    ]);
  });
});

describe('a wanted list', () => {
  test('is one list, however many notices want it', () => {
    const twice = withListWanted(withListWanted(emptyCollection(), T0), T0 + 1_000);
    expect(twice.wantedAtMs).toBe(T0);
  });

  test('is had with a list asked for since, also one that found no access', () => {
    const { list } = setup();
    const wanted = withListWanted(emptyCollection(), T0);
    expect(list(wanted, 0).wantedAtMs).toBeNull();
    expect(withoutList(wanted, 'not-yet', 0).wantedAtMs).toBeNull();
    expect(withoutList(wanted, 'refused', 0).wantedAtMs).toBeNull();
  });

  test('is still wanted after one that was asked for before', () => {
    const { list } = setup();
    const wanted = withListWanted(emptyCollection(), T0 + 1);
    expect([list(wanted, 0).wantedAtMs, withoutList(wanted, 'not-yet', 0).wantedAtMs]).toEqual([T0 + 1, T0 + 1]);
  });
});

describe('a report notice', () => {
  const { row, listed } = setup();
  const at = (reportId: string, updatedAt: string | null) =>
    withReportNotice(listed, { reportId, updatedAt }, T0 + HOUR_MS).wantedAtMs;

  test('asks for a list if it names a report or a version that was not listed yet, or no version', () => {
    const newer = new Date(T0 + 1).toISOString();
    expect([at('r2', row.updatedAt), at('r1', newer), at('r1', null), at('r1', 'soon')]).toEqual(
      Array(4).fill(T0 + HOUR_MS),
    );
  });

  test('of a version that was listed already changes nothing', () => {
    const older = new Date(T0 - 1).toISOString();
    expect([at('r1', row.updatedAt), at('r1', older)]).toEqual([null, null]);
  });

  test('asks for a list if the version listed is dated 2099: it would hide every later one', () => {
    const { list } = setup();
    const wrong = list(emptyCollection(), 0, [{ ...row, updatedAt: '2099-01-01T00:00:00.000Z' }]);
    const notice = { reportId: 'r1', updatedAt: new Date(T0 + HOUR_MS).toISOString() };
    expect(withReportNotice(wrong, notice, T0 + HOUR_MS).wantedAtMs).toBe(T0 + HOUR_MS);
  });
});

test('many documents are recorded before more are fetched, but not by a run whose list an earlier version answered: its history has the other order', () => {
  const { row, fetched, stored } = setup();
  const reports = Array.from({ length: 300 }, (_, at) => ({ ...row, id: `r${at}` }));
  const isFull = (left: { left?: number }) => {
    if (stored.kind !== 'stored') throw new Error('expected a document');
    const { document } = stored;
    const listed = withList(emptyCollection(), { reports, ...left, digest: 'x', askedAtMs: T0 }, T0);
    const documents = reports.slice(0, 150).map(({ id }) => ({ ...document, reportId: id, file: `${id}.pdf` }));
    return mustRecord(fetched({ ...listed, documents }, stored, 0));
  };
  expect([isFull({ left: 0 }), isFull({})]).toEqual([true, false]);
});

test('no more documents are fetched at once than the rate limit would let through', () => {
  const { row, list } = setup();
  const many = Array.from({ length: 120 }, (_, i) => ({ ...row, id: `r${i}` }));
  expect(selectDownloads(list(emptyCollection(), 0, many), WANTED, T0)).toHaveLength(50);
});

test('documents are counted once, however many versions are stored', () => {
  const { listed, fetched, stored } = setup();
  const [document] = fetched(listed, stored, 0).documents;
  const versions = document
    ? [document, { ...document, file: 'older', updatedAt: null }, { ...document, reportId: 'r2' }]
    : [];
  expect(countCurrentDocuments(versions)).toBe(2);
});

test('a list that repeats a report counts it once, in its newest version', () => {
  const { row, list } = setup();
  const newer = { ...row, updatedAt: new Date(T0 + MINUTE_MS).toISOString() };
  const listed = list(emptyCollection(), HOUR_MS, [newer, row, newer]);
  expect(listed.listed).toEqual([newer]);
  expect(selectDownloads(listed, WANTED, T0 + HOUR_MS)).toEqual([{ report: newer, format: 'pdf' }]);
});
