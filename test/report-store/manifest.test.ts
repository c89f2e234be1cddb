import type { MissingDocument, StoredDocument } from '../../src/domain/reports';
import { mergeDocuments, mergeManifest } from '../../src/report-store/manifest';
import { fc } from '../support/property';
import { change, entry, ORGANIZATION } from './fixtures';

const V1 = '2026-03-01T10:00:00.000Z';
const V2 = '2026-03-02T10:00:00.000Z';
const V3 = '2026-03-03T10:00:00.000Z';

function missing(changed: Partial<MissingDocument> = {}): MissingDocument {
  return {
    type: 'unity',
    organization: ORGANIZATION,
    format: 'pdf',
    reason: 'missing',
    detail: 'not listed',
    ...changed,
  };
}

function superseded(documents: readonly StoredDocument[]): (string | null)[] {
  return documents.filter((document) => document.superseded).map(({ updatedAt }) => updatedAt);
}

describe('how an applicant stands', () => {
  it('is what the change says, also back to open in a new round', () => {
    const closed = mergeManifest(null, change({ outcome: 'partial', reason: 'deadline', closedAt: V1 }));
    expect(closed).toMatchObject({ outcome: 'partial', reason: 'deadline', closedAt: V1, refreshedAt: null });
    const refreshed = { ...closed, refreshedAt: V1 };
    const again = mergeManifest(
      refreshed,
      change({ openedAt: V2, wanted: { ccdraw: ['pdf'] }, detailsDigest: 'other' }),
    );
    expect(again).toMatchObject({ outcome: null, reason: null, closedAt: null, openedAt: V2, detailsDigest: 'other' });
    expect(again.refreshedAt).toBeNull();
    expect(again.wanted).toEqual({ ccdraw: ['pdf'] });
  });

  it.each([
    ['held up since the same round', { round: 1, revision: 3 }],
    ['of the round before', { round: 1, revision: 9 }],
    ['repeated', { round: 2, revision: 4 }],
    ['of a run of 0.1.0', {}],
  ])('is not changed by a write %s, which only adds its documents', (_, late) => {
    const closed = mergeManifest(
      null,
      change({ round: 2, revision: 4, outcome: 'declined', reason: 'deadline', closedAt: V2, missing: [missing()] }),
    );
    const lateChange = change({
      ...{ humanId: 'other', wanted: {}, detailsDigest: 'other', openedAt: V3, missing: [], ...late },
      documents: [entry()],
    });
    expect(mergeManifest(closed, lateChange)).toEqual({ ...closed, documents: [{ ...entry(), superseded: false }] });
  });

  it('is what the newer of two writes says: by the round, then by the revision, and 0.1.0 counts neither', () => {
    const old = mergeManifest(null, change({ outcome: 'declined' }));
    expect(old).toMatchObject({ round: 1, revision: 0 });
    expect(mergeManifest(old, change()).outcome).toBeNull();
    const closed = mergeManifest(old, change({ round: 1, revision: 1, outcome: 'failed' }));
    expect(closed).toMatchObject({ outcome: 'failed', round: 1, revision: 1 });
    expect(mergeManifest(closed, change({ round: 1, revision: 2 }))).toMatchObject({ outcome: null, revision: 2 });
    expect(mergeManifest(closed, change({ round: 2, revision: 1 }))).toMatchObject({ outcome: null, round: 2 });
  });

  it('keeps what the change does not know', () => {
    const before = mergeManifest(null, change());
    const after = mergeManifest(
      { ...before, refreshedAt: V2 },
      change({ humanId: null, detailsDigest: null, openedAt: null }),
    );
    expect(after).toEqual({ ...before, refreshedAt: V2 });
  });
});

describe('documents', () => {
  it('of both sides are there, in the order of their names', () => {
    const [a, b, c] = [entry({ reportId: 'a' }), entry({ reportId: 'b' }), entry({ reportId: 'c' })];
    const before = mergeManifest(null, change({ documents: [c, a] }));
    expect(mergeManifest(before, change({ documents: [b] })).documents).toEqual([a, b, c]);
    expect(mergeManifest(before, change()).documents).toEqual([a, c]);
  });

  it('of the same bytes keep when they were stored, and when they were last seen, as instants', () => {
    const stored = entry({ storedAt: V1, seenAt: '2026-03-02T12:00:00.000+02:00' });
    const later = entry({ storedAt: V3, seenAt: '2026-03-02T11:00:00' });
    const expected = [{ ...stored, seenAt: '2026-03-02T11:00:00' }];
    expect(mergeDocuments([stored], [later])).toEqual(expected);
    expect(mergeDocuments([later], [stored])).toEqual(expected);
    expect(mergeDocuments([stored], [entry({ seenAt: null })])).toEqual([{ ...stored, storedAt: V1 }]);
  });

  it('with other bytes under one file are those of the later entry', () => {
    const [a, b] = [entry({ sha256: 'a', storedAt: V1, seenAt: V3 }), entry({ sha256: 'b', storedAt: V2 })];
    expect(mergeDocuments([a], [b])).toEqual([b]);
    expect(mergeDocuments([b], [a])).toEqual([b]);
  });

  it('are superseded by the newest version of the same report in the same format, in whatever order they come', () => {
    const versions = [entry({ updatedAt: V1 }), entry({ updatedAt: V3 }), entry({ updatedAt: V2 })];
    expect(superseded(mergeDocuments(versions, []))).toEqual([V1, V2]);
    expect(superseded(mergeDocuments([...versions].reverse(), []))).toEqual([V1, V2]);
    const others = [entry({ format: 'json', updatedAt: V1 }), entry({ reportId: 'other', updatedAt: V1 })];
    expect(superseded(mergeDocuments(versions, others))).toEqual([V1, V2]);
  });

  it('of a round with other details stay superseded, whoever writes late, and those of the same details do not', () => {
    const former = entry({ reportId: 'former', round: 1 });
    const closed = mergeManifest(null, change({ round: 1, revision: 3, outcome: 'collected', documents: [former] }));
    const same = mergeManifest(closed, change({ round: 2, detailsRound: 1, revision: 4 }));
    expect(same.documents).toEqual([former]);
    const others = mergeManifest(closed, change({ round: 2, detailsRound: 2, revision: 4, documents: [] }));
    expect(others.documents).toEqual([{ ...former, superseded: true }]);
    const newer = entry({ reportId: 'former', updatedAt: V3, round: 1 });
    const late = mergeManifest(others, change({ round: 1, detailsRound: 1, revision: 2, documents: [former, newer] }));
    expect(late.documents).toMatchObject([{ superseded: true }, { superseded: true }]);
    const present = entry({ reportId: 'former', round: 2 });
    const again = mergeManifest(late, change({ round: 2, detailsRound: 2, revision: 5, documents: [present] }));
    expect(again.documents.map(({ updatedAt, round, superseded: is }) => [updatedAt, round, is])).toEqual([
      [V1, 2, false],
      [V3, 1, true],
    ]);
  });

  it('are compared as instants, not as texts', () => {
    const early = entry({ updatedAt: '2026-03-02T00:30:00.000+02:00', storedAt: V3 });
    const late = entry({ updatedAt: '2026-03-01T23:00:00.000Z', storedAt: V3 });
    expect(superseded(mergeDocuments([early, late], []))).toEqual([early.updatedAt]);
  });

  it('dated far after they were stored are superseded by what is stored after them', () => {
    const ahead = entry({ updatedAt: '2099-01-01T00:00:00.000Z', storedAt: V1 });
    const later = entry({ updatedAt: V2, storedAt: V3 });
    expect(superseded(mergeDocuments([ahead, later], []))).toEqual([ahead.updatedAt]);
  });

  it('count as the newest version that turned out to be their bytes', () => {
    const seenAgain = entry({ updatedAt: V1, seenAt: V3 });
    expect(superseded(mergeDocuments([seenAgain, entry({ updatedAt: V2 })], []))).toEqual([V2]);
  });

  it('become current again where a change said otherwise', () => {
    expect(superseded(mergeDocuments([entry({ superseded: true })], []))).toEqual([]);
  });

  it('without a date are older than any with one', () => {
    const dateless = { ...entry({ file: 'unity/x/dateless.pdf' }), updatedAt: null };
    expect(mergeDocuments([dateless, entry()], []).map(({ superseded: is }) => is)).toEqual([false, true]);
  });
});

describe('missing documents', () => {
  it('are the ones that the run misses now', () => {
    const before = mergeManifest(null, change({ missing: [missing(), missing({ format: 'json' })] }));
    expect(mergeManifest(before, change({ missing: [missing({ format: 'json' })] })).missing).toEqual([
      missing({ format: 'json' }),
    ]);
  });

  it.each(['missing', 'not-offered', 'failed'] as const)(
    'that were %s are gone once they arrived by another way',
    (reason) => {
      const refreshed = mergeManifest(null, change({ documents: [entry()] }));
      expect(mergeManifest(refreshed, change({ missing: [missing({ reason })] })).missing).toEqual([]);
    },
  );

  it.each([
    ['by its name alone', { id: null, name: ' starfleet  MEDICAL' }],
    ['by its id alone, which another entry joins to the name', { id: entry().organization?.id ?? '', name: null }],
  ])('of a provider that is named %s are gone once its document is there', (_, organization) => {
    const refreshed = mergeManifest(null, change({ documents: [entry()] }));
    expect(mergeManifest(refreshed, change({ missing: [missing({ organization })] })).missing).toEqual([]);
    const closed = mergeManifest(null, change({ outcome: 'partial', missing: [missing({ organization })] }));
    const arrived = { kind: 'refresh', clientUserId: closed.clientUserId, closedAt: closed.closedAt } as const;
    const news = { refreshedAt: '2026-02-01T00:00:00.000Z', documents: [entry()], missing: [] };
    expect(mergeManifest(closed, { ...arrived, ...news }).missing).toEqual([]);
  });

  it('that failed stay beside an older version that the run stored in an earlier write', () => {
    const stored = mergeManifest(null, change({ documents: [entry()] }));
    const failed = change({ documents: [], missing: [missing({ reason: 'failed' })], onlyNewDocuments: true });
    expect(mergeManifest(stored, failed).missing).toHaveLength(1);
  });

  it.each([
    ['type', { type: 'ccdraw' }],
    ['format', { format: 'html' }],
    ['organization', { organization: { id: 'other', name: 'Starfleet Medical' } }],
  ] as const)('of another %s stay', (_, other) => {
    const refreshed = mergeManifest(null, change({ documents: [entry()] }));
    expect(mergeManifest(refreshed, change({ missing: [missing(other)] })).missing).toEqual([missing(other)]);
  });

  it('are told by the organization\u2019s id, whatever its name, and by the type in any case', () => {
    const refreshed = mergeManifest(null, change({ documents: [entry()] }));
    const renamed = missing({ type: 'Unity', organization: { ...ORGANIZATION, name: 'Renamed' } });
    expect(mergeManifest(refreshed, change({ missing: [renamed] })).missing).toEqual([]);
  });

  it('that failed stay beside an older version which the run knows', () => {
    const failed = missing({ reason: 'failed' });
    const after = mergeManifest(null, change({ documents: [entry()], missing: [failed, missing()] }));
    expect(after.missing).toEqual([failed]);
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
    .map((fields) => entry(fields));
  const documents = fc.array(document, { maxLength: 8 });

  it('twice is as good as once', () => {
    fc.assert(
      fc.property(documents, documents, (a, b) => {
        const before = mergeManifest(
          null,
          change({ documents: a, missing: [missing(), missing({ reason: 'failed' })] }),
        );
        const said = change({
          documents: b,
          missing: [missing({ format: 'html' }), missing({ format: 'json', reason: 'failed' })],
        });
        const once = mergeManifest(before, said);
        expect(mergeManifest(once, said)).toEqual(once);
      }),
    );
  });

  it('gives the same documents in whatever order writers come, and never loses one', () => {
    fc.assert(
      fc.property(documents, documents, documents, (a, b, c) => {
        const files = (list: readonly StoredDocument[]) => list.map(({ file }) => file);
        const merged = mergeDocuments(mergeDocuments(a, b), c);
        expect(new Set(files(merged))).toEqual(new Set(files([...a, ...b, ...c])));
        const disjoint = (list: StoredDocument[], who: string) =>
          list.map((each) => ({ ...each, file: `${who}/${each.file}` }));
        const [x, y, z] = [disjoint(a, 'x'), disjoint(b, 'y'), disjoint(c, 'z')];
        expect(mergeDocuments(mergeDocuments(z, y), x)).toEqual(mergeDocuments(mergeDocuments(x, y), z));
      }),
    );
  });

  it('leaves exactly one current version of each report in each format', () => {
    fc.assert(
      fc.property(documents, documents, (a, b) => {
        const current = mergeDocuments(a, b).filter(({ superseded: is }) => !is);
        const kinds = new Set([...a, ...b].map(({ reportId, format }) => `${reportId} ${format}`));
        expect(current.map(({ reportId, format }) => `${reportId} ${format}`).sort()).toEqual([...kinds].sort());
      }),
    );
  });
});
