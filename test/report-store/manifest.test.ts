import type { MissingDocument, StoredDocument } from '../../src/domain/reports';
import { EMPTY_TIMELINE } from '../../src/domain/timeline';
import { mergeDocuments, mergeManifest } from '../../src/report-store/manifest';
import type { Manifest, RefreshChange, WithdrawalChange } from '../../src/report-store/port';
import { fc } from '../support/property';
import { ORGANIZATION, storedDocument } from '../support/stored';
import { change } from './fixtures';

const V1 = '2026-03-01T10:00:00.000Z';
const V2 = '2026-03-02T10:00:00.000Z';
const V3 = '2026-03-03T10:00:00.000Z';

function missing(changed: Partial<MissingDocument> = {}): MissingDocument {
  return { type: 'unity', organization: ORGANIZATION, format: 'pdf', reason: 'missing', detail: '', ...changed };
}

function refresh(changed: Partial<RefreshChange> = {}): RefreshChange {
  const documents: StoredDocument[] = [];
  return { kind: 'refresh', clientUserId: 'POL-1', closedAt: V2, refreshedAt: V3, documents, missing: [], ...changed };
}

const WITHDRAWAL: WithdrawalChange = {
  kind: 'withdrawal',
  clientUserId: 'POL-1',
  humanId: 'h-1',
  closedAt: V3,
  wanted: { unity: ['pdf'] },
};

/** A round that closed at V2 with one document. */
function closed(changed: Parameters<typeof change>[0] = {}): Manifest {
  return mergeManifest(null, change({ outcome: 'partial', closedAt: V2, documents: [storedDocument()], ...changed }));
}

function superseded(documents: readonly StoredDocument[]): (string | null)[] {
  return documents.filter((document) => document.superseded).map(({ updatedAt }) => updatedAt);
}

describe('the state of the applicant', () => {
  it('is that of the change, also open again in a new round', () => {
    const refreshed = { ...closed({ reason: 'deadline' }), refreshedAt: V3 };
    expect(refreshed).toMatchObject({ outcome: 'partial', reason: 'deadline', closedAt: V2 });
    const wanted = { ccdraw: ['pdf' as const] };
    const again = mergeManifest(refreshed, change({ openedAt: V2, wanted, detailsDigest: 'other' }));
    const open = { outcome: null, reason: null, closedAt: null, refreshedAt: null };
    expect(again).toMatchObject({ ...open, openedAt: V2, detailsDigest: 'other', wanted });
  });

  it.each([
    ['a delayed write of the same round', { round: 1, revision: 3 }],
    ['a write of the round before', { round: 1, revision: 9 }],
    ['a repeated write', { round: 2, revision: 4 }],
    ['a run of 0.1.0', {}],
  ])('is not changed by %s, which only adds its documents', (_, late) => {
    const before = closed({ round: 2, revision: 4, outcome: 'declined', documents: [], missing: [missing()] });
    const other = { humanId: 'other', wanted: {}, detailsDigest: 'other', openedAt: V3 };
    const after = mergeManifest(before, change({ ...other, ...late, documents: [storedDocument()] }));
    expect(after).toEqual({ ...before, documents: [storedDocument()] });
  });

  it('is that of the newer write: by round, then by revision; 0.1.0 has neither', () => {
    const old = mergeManifest(null, change({ outcome: 'declined' }));
    expect(old).toMatchObject({ round: 1, revision: 0 });
    expect(mergeManifest(old, change()).outcome).toBeNull();
    const newer = mergeManifest(old, change({ round: 1, revision: 1, outcome: 'failed' }));
    expect(newer).toMatchObject({ outcome: 'failed', round: 1, revision: 1 });
    expect(mergeManifest(newer, change({ round: 1, revision: 2 }))).toMatchObject({ outcome: null, revision: 2 });
    expect(mergeManifest(newer, change({ round: 2, revision: 1 }))).toMatchObject({ outcome: null, round: 2 });
  });

  it('keeps what the change does not know', () => {
    const before = { ...mergeManifest(null, change()), refreshedAt: V2 };
    expect(mergeManifest(before, change({ humanId: null, detailsDigest: null, openedAt: null }))).toEqual(before);
  });
});

describe('documents', () => {
  it('with the same bytes keep the first storedAt and the last seenAt, compared as instants', () => {
    const stored = storedDocument({ storedAt: V1, seenAt: '2026-03-02T12:00:00.000+02:00' });
    const later = storedDocument({ storedAt: V3, seenAt: '2026-03-02T11:00:00' });
    const expected = [{ ...stored, seenAt: '2026-03-02T11:00:00' }];
    expect(mergeDocuments([stored], [later])).toEqual(expected);
    expect(mergeDocuments([later], [stored])).toEqual(expected);
    expect(mergeDocuments([stored], [storedDocument({ seenAt: null })])).toEqual([{ ...stored, storedAt: V1 }]);
  });

  it('with other bytes in one file are the entry stored later', () => {
    const [a, b] = [
      storedDocument({ sha256: 'a', storedAt: V1, seenAt: V3 }),
      storedDocument({ sha256: 'b', storedAt: V2 }),
    ];
    expect(mergeDocuments([a], [b])).toEqual([b]);
    expect(mergeDocuments([b], [a])).toEqual([b]);
  });

  it('of one version in two files: the one stored later is current, at the same time the one with a digest', () => {
    const first = storedDocument();
    const second = storedDocument({ file: first.file.replace('.pdf', '-0a1b2c3d.pdf') });
    const files = (a: StoredDocument, b: StoredDocument) =>
      mergeDocuments([a], [b]).flatMap(({ file, superseded: is }) => (is ? [] : [file]));
    expect([files(first, second), files(second, first)]).toEqual([[second.file], [second.file]]);
    expect(files({ ...first, storedAt: V3 }, second)).toEqual([first.file]);
  });

  it('are superseded by the newest version of the same report in the same format, in any order', () => {
    const versions = [
      storedDocument({ updatedAt: V1 }),
      storedDocument({ updatedAt: V3 }),
      storedDocument({ updatedAt: V2 }),
    ];
    expect(superseded(mergeDocuments(versions, []))).toEqual([V1, V2]);
    expect(superseded(mergeDocuments([...versions].reverse(), []))).toEqual([V1, V2]);
    const others = [
      storedDocument({ format: 'json', updatedAt: V1 }),
      storedDocument({ reportId: 'other', updatedAt: V1 }),
    ];
    expect(superseded(mergeDocuments(versions, others))).toEqual([V1, V2]);
  });

  it('of a round with other details stay superseded by every later write; with the same details they do not', () => {
    const former = storedDocument({ reportId: 'former', round: 1 });
    const before = closed({ round: 1, revision: 3, documents: [former] });
    const same = mergeManifest(before, change({ round: 2, detailsRound: 1, revision: 4 }));
    expect(same.documents).toEqual([former]);
    const corrected = mergeManifest(before, change({ round: 2, detailsRound: 2, revision: 4 }));
    expect(corrected.documents).toEqual([{ ...former, superseded: true }]);
    const newer = storedDocument({ reportId: 'former', updatedAt: V3, round: 1 });
    const late = change({ round: 1, detailsRound: 1, revision: 2, documents: [former, newer] });
    const afterLate = mergeManifest(corrected, late);
    expect(superseded(afterLate.documents)).toEqual([V1, V3]);
    const stored = storedDocument({ reportId: 'former', round: 2 });
    const again = mergeManifest(afterLate, change({ round: 2, detailsRound: 2, revision: 5, documents: [stored] }));
    expect(again.documents).toMatchObject([
      { updatedAt: V1, round: 2, superseded: false },
      { updatedAt: V3, round: 1, superseded: true },
    ]);
  });

  it.each([
    [
      'compared as instants',
      storedDocument({ updatedAt: '2026-03-02T00:30:00.000+02:00', storedAt: V3 }),
      '2026-03-01T23:00:00Z',
    ],
    ['dated far after they were stored', storedDocument({ updatedAt: '2099-01-01T00:00:00.000Z', storedAt: V1 }), V2],
    ['without a date', { ...storedDocument({ file: 'unity/x/dateless.pdf' }), updatedAt: null }, V1],
  ])('%s are older', (_, older, updatedAt) => {
    expect(superseded(mergeDocuments([older, storedDocument({ updatedAt, storedAt: V3 })], []))).toEqual([
      older.updatedAt,
    ]);
  });

  it('count as the newest version with the same bytes, and become current again', () => {
    const repeated = storedDocument({ updatedAt: V1, seenAt: V3 });
    expect(superseded(mergeDocuments([repeated, storedDocument({ updatedAt: V2 })], []))).toEqual([V2]);
    expect(superseded(mergeDocuments([storedDocument({ superseded: true })], []))).toEqual([]);
  });
});

describe('missing documents', () => {
  const stored = mergeManifest(null, change({ documents: [storedDocument()] }));
  const missingAfter = (...entries: MissingDocument[]) => mergeManifest(stored, change({ missing: entries })).missing;

  it('are those of the newest write', () => {
    const before = mergeManifest(null, change({ missing: [missing(), missing({ format: 'json' })] }));
    const json = missing({ format: 'json' });
    expect(mergeManifest(before, change({ missing: [json] })).missing).toEqual([json]);
  });

  it.each([
    ...(['missing', 'not-offered', 'failed'] as const).map((reason) => ({ reason })),
    { type: 'Unity', organization: { ...ORGANIZATION, name: 'Renamed' } },
    { organization: { id: null, name: ' starfleet  MEDICAL' } },
    { organization: { id: ORGANIZATION.id, name: null } },
  ])('are removed once another run or a refresh stored them, whatever the name of the provider: %j', (changed) => {
    expect(missingAfter(missing(changed))).toEqual([]);
    const before = closed({ documents: [], missing: [missing(changed)] });
    expect(mergeManifest(before, refresh({ documents: [storedDocument()] })).missing).toEqual([]);
  });

  it.each([
    { type: 'ccdraw' },
    { format: 'html' as const },
    { organization: { id: 'other', name: 'Starfleet Medical' } },
  ])('stay if they have another %j', (other) => {
    expect(missingAfter(missing(other))).toEqual([missing(other)]);
    const before = closed({ documents: [], missing: [missing(other), missing()] });
    expect(mergeManifest(before, refresh({ documents: [storedDocument()] })).missing).toEqual([missing(other)]);
  });

  it('that failed stay although the run stored an older version, also in an earlier write', () => {
    const failed = missing({ reason: 'failed' });
    const after = mergeManifest(null, change({ documents: [storedDocument()], missing: [failed, missing()] }));
    expect(after.missing).toEqual([failed]);
    const onlyNew = change({ missing: [failed], onlyNewDocuments: true });
    expect(mergeManifest(stored, onlyNew).missing).toEqual([failed]);
  });
});

describe('a refresh', () => {
  it('adds the newer version and refreshedAt; outcome and closing stay', () => {
    const newer = storedDocument({ updatedAt: V3, sha256: 'other' });
    const after = mergeManifest(closed(), refresh({ documents: [newer] }));
    expect(after).toMatchObject({ outcome: 'partial', reason: null, closedAt: V2, refreshedAt: V3 });
    expect(after.documents).toEqual([{ ...storedDocument(), superseded: true }, newer]);
    expect(mergeManifest(after, refresh({ refreshedAt: V2 })).refreshedAt).toBe(V3);
  });

  it('with one of two reports keeps the other missing while it fails', () => {
    const failed = missing({ reason: 'failed' });
    const before = closed({ missing: [failed] });
    const one = refresh({ documents: [storedDocument({ updatedAt: V3, sha256: 'other' })], missing: [failed] });
    expect(mergeManifest(before, one).missing).toEqual([failed]);
    expect(mergeManifest(before, { ...one, missing: [] }).missing).toEqual([]);
  });

  it('with the first provider ends "no such report at all"', () => {
    const before = closed({ documents: [], missing: [missing({ organization: null })] });
    expect(mergeManifest(before, refresh({ documents: [storedDocument()] })).missing).toEqual([]);
  });

  it.each([
    ['is open again', { round: 2, revision: 1, openedAt: V3, missing: [missing({ format: 'json' })] }],
    ['has closed in another round', { outcome: 'declined' as const, closedAt: V3 }],
  ])('only adds documents where the applicant %s', (_, changed) => {
    const before = mergeManifest(closed(), change(changed));
    const after = mergeManifest(before, refresh({ documents: [storedDocument({ reportId: 'late' })] }));
    expect(after).toEqual({ ...before, documents: [storedDocument({ reportId: 'late' }), storedDocument()] });
  });

  it('needs a manifest', () => {
    expect(() => mergeManifest(null, refresh())).toThrow('POL-1: expected the manifest');
  });
});

describe('a withdrawal by an operator', () => {
  const cancelled = { outcome: 'cancelled', reason: 'operator', revision: 1, closedAt: V3, withdrawnAt: V3 };

  it('closes an open applicant', () => {
    const open = mergeManifest(null, change({ documents: [storedDocument()] }));
    expect(mergeManifest(open, WITHDRAWAL)).toEqual({ ...open, ...cancelled });
  });

  it('keeps an outcome, and records the first withdrawal of the round, which later writes of the round keep', () => {
    const withdrawn = mergeManifest(closed({ round: 1, revision: 3 }), WITHDRAWAL);
    const entry = { atMs: Date.parse(V3), kind: 'withdrawn', source: 'operator' };
    const timeline = { entries: [entry], omitted: 0 };
    expect(withdrawn).toEqual({ ...closed({ round: 1, revision: 3 }), withdrawnAt: V3, timeline });
    const noneFound = mergeManifest(closed(), { ...WITHDRAWAL, humanId: null });
    expect(noneFound).toMatchObject({ withdrawnAt: V3, timeline: { entries: [] } });
    expect(mergeManifest(withdrawn, { ...WITHDRAWAL, closedAt: '2026-03-09T10:00:00.000Z' })).toEqual(withdrawn);
    expect(mergeManifest(withdrawn, change({ round: 1, revision: 4, outcome: 'partial' })).withdrawnAt).toBe(V3);
    expect(mergeManifest(withdrawn, change({ round: 2, revision: 4 })).withdrawnAt).toBeNull();
  });

  it('makes a manifest if there is none, so that no later start invites again', () => {
    const { clientUserId, humanId, wanted } = WITHDRAWAL;
    const none = { detailsDigest: null, openedAt: null, refreshedAt: null, documents: [], missing: [] };
    const empty = { timeline: EMPTY_TIMELINE, rounds: [], failure: null, authorizationReference: null };
    const expected = { ...cancelled, ...none, ...empty, clientUserId, humanId, wanted, round: 1, detailsRound: 1 };
    const made = mergeManifest(null, WITHDRAWAL);
    expect(made).toEqual(expected);
    // The owner of a folder is read from the first field of its manifest.
    expect(Object.keys(made)[0]).toBe('clientUserId');
  });
});

describe('a round that began', () => {
  const first = closed({ round: 1, revision: 3, reason: 'missing-documents', openedAt: V1 });
  const failure = { class: 'invalid', fields: ['dateOfBirth'], upstreamRequestId: 'r-1' } as const;

  it('moves the round before it to `rounds`, and keeps neither its dates nor its failure', () => {
    const failed = { ...first, failure, authorizationReference: 'AUTH-1', withdrawnAt: V3 };
    const second = mergeManifest(failed, change({ round: 2, revision: 4, openedAt: null }));
    const ended = { round: 1, outcome: 'partial', reason: 'missing-documents', openedAt: V1, closedAt: V2 };
    expect(second).toMatchObject({ round: 2, openedAt: null, failure: null, authorizationReference: null });
    expect(second.rounds).toEqual([ended]);
    expect(mergeManifest(second, change({ round: 2, revision: 5 })).rounds).toEqual([ended]);
    expect(mergeManifest(second, change({ round: 1, revision: 9 })).rounds).toEqual([ended]);
    const unfinished = { round: 2, outcome: null, reason: null, openedAt: null, closedAt: null };
    expect(mergeManifest(second, change({ round: 3, revision: 5 })).rounds).toEqual([ended, unfinished]);
  });

  it('is in a list of at most 100 rounds', () => {
    const rounds = Array.from({ length: 105 }, (_, index) => index + 2);
    const last = rounds.reduce((before, round) => mergeManifest(before, change({ round, revision: 1 })), first);
    expect(last.rounds.map(({ round }) => round)).toEqual(rounds.slice(-101, -1));
  });

  it('keeps failure and authorization in its later writes that do not know them', () => {
    const known = change({ round: 1, revision: 4, failure, authorizationReference: 'AUTH-1' });
    const before = mergeManifest(first, known);
    expect(mergeManifest(before, change({ round: 1, revision: 5 }))).toMatchObject({
      failure,
      authorizationReference: 'AUTH-1',
    });
  });
});

describe('merging', () => {
  const instant = fc.constantFrom(V1, V2, V3, '2026-03-02T10:00:00.000', '2026-03-01T12:00:00.000+02:00');
  const document = fc
    .record({
      reportId: fc.constantFrom('a', 'b', 'c', 'd'),
      format: fc.constantFrom('pdf' as const, 'json' as const),
      updatedAt: instant,
      seenAt: fc.option(instant, { nil: null }),
      storedAt: fc.constantFrom(V1, V2, V3),
    })
    .map((fields) => storedDocument(fields));
  const documents = fc.array(document, { maxLength: 8 });

  it('twice gives the same as once', () => {
    fc.assert(
      fc.property(documents, documents, (a, b) => {
        const before = mergeManifest(
          null,
          change({ documents: a, missing: [missing(), missing({ reason: 'failed' })] }),
        );
        const gaps = [missing({ format: 'html' }), missing({ format: 'json', reason: 'failed' })];
        const second = change({ documents: b, missing: gaps });
        const once = mergeManifest(before, second);
        expect(mergeManifest(once, second)).toEqual(once);
      }),
    );
  });

  it('lists every document, sorted by file, and is independent of the order of writers', () => {
    fc.assert(
      fc.property(documents, documents, documents, (a, b, c) => {
        const files = (list: readonly StoredDocument[]) => list.map(({ file }) => file);
        const merged = mergeDocuments(mergeDocuments(a, b), c);
        expect(files(merged)).toEqual([...new Set(files([...a, ...b, ...c]))].sort());
        const inFolder = (list: StoredDocument[], folder: string) =>
          list.map((each) => ({ ...each, file: `${folder}/${each.file}` }));
        const [x, y, z] = [inFolder(a, 'x'), inFolder(b, 'y'), inFolder(c, 'z')];
        expect(mergeDocuments(mergeDocuments(z, y), x)).toEqual(mergeDocuments(mergeDocuments(x, y), z));
      }),
    );
  });

  it('leaves exactly one current version of each report in each format', () => {
    fc.assert(
      fc.property(documents, documents, (a, b) => {
        const current = mergeDocuments(a, b).filter(({ superseded }) => !superseded);
        const kinds = new Set([...a, ...b].map(({ reportId, format }) => `${reportId} ${format}`));
        expect(current.map(({ reportId, format }) => `${reportId} ${format}`).sort()).toEqual([...kinds].sort());
      }),
    );
  });
});
