import { UnreadableManifest, WrongFolder } from '../../src/report-store/errors';
import { documentFile } from '../../src/report-store/layout';
import { mergeManifest } from '../../src/report-store/manifest';
import { manifestText, parseManifest } from '../../src/report-store/manifest-file';
import { fc } from '../support/property';
import { storedDocument } from '../support/stored';
import { change } from './fixtures';

const missing = { type: 'ccdraw', organization: null, format: 'pdf', reason: 'not-offered', detail: 'none' } as const;
const MANIFEST = mergeManifest(
  null,
  change({
    outcome: 'collected',
    closedAt: '2026-03-02T10:00:00.000Z',
    documents: [storedDocument()],
    missing: [missing],
  }),
);
const TEXT = manifestText(MANIFEST);
const parseWith = (fields: object) => parseManifest('POL-1', JSON.stringify({ ...JSON.parse(TEXT), ...fields }));

describe('the text of a manifest', () => {
  it('is indented by two spaces, begins with the clientUserId and ends with a line break', () => {
    expect(TEXT.startsWith('{\n  "clientUserId": "POL-1",\n')).toBe(true);
    expect(TEXT.endsWith('\n}\n')).toBe(true);
    expect(parseManifest('POL-1', TEXT)).toEqual(MANIFEST);
  });

  it('may have fields of a later version, and may lack optional fields', () => {
    const { refreshedAt: _1, humanId: _2, ...older } = JSON.parse(TEXT);
    const parsed = parseManifest('POL-1', JSON.stringify({ ...older, later: { field: 1 } }));
    expect(parsed).toEqual({ ...MANIFEST, humanId: null });
  });

  it('of 0.2.0 has no timeline, rounds, failure, authorization or withdrawal', () => {
    const { timeline, rounds, failure, authorizationReference, withdrawnAt, ...older } = JSON.parse(TEXT);
    const added = { timeline, rounds, failure, authorizationReference, withdrawnAt };
    const empty = { timeline: { entries: [], omitted: 0 }, rounds: [], failure: null };
    expect(added).toEqual({ ...empty, authorizationReference: null, withdrawnAt: null });
    expect(parseManifest('POL-1', JSON.stringify(older))).toEqual(MANIFEST);
  });

  it('keeps outcomes and reasons of a later version; without them, the person would be invited again', () => {
    const later = { outcome: 'superseded', reason: 'merged-into-another' };
    const parsed = parseWith({ ...later, missing: [{ ...missing, reason: 'not-permitted' }] });
    expect(parsed).toMatchObject({ ...later, missing: [{ reason: 'not-permitted' }] });
    expect(JSON.parse(manifestText(parsed))).toEqual(parsed);
  });

  it.each(['pol-1', 'POL-2'])('of POL-1 is rejected in the folder %s', (clientUserId) => {
    expect(() => parseManifest(clientUserId, TEXT)).toThrow(WrongFolder);
  });

  it.each([
    ['truncated', TEXT.slice(0, 200), 'expected JSON, got 200 other characters'],
    ['another JSON', '[]', 'expected a manifest, got invalid fields: the whole file'],
    ['without a list', TEXT.replace(/"documents": \[[^\]]*\]/, '"documents": {"0":"Maxwell"}'), 'fields: documents'],
    ['without a clientUserId', TEXT.replace('"POL-1"', 'null'), 'fields: clientUserId'],
    ['with an invalid outcome', TEXT.replace('"collected"', '"Maxwell"'), 'fields: outcome'],
  ])('that is %s is an error that names the file and quotes nothing', (_, text, message) => {
    expect(() => parseManifest('POL-1', text)).toThrow(UnreadableManifest);
    expect(() => parseManifest('POL-1', text)).toThrow(/^POL-1\/manifest\.json: /);
    expect(() => parseManifest('POL-1', text)).toThrow(message);
    expect(() => parseManifest('POL-1', text)).not.toThrow(/Maxwell|starfleet|f{32}/i);
  });

  const OPTIONAL = ['humanId', 'reason', 'wanted', 'detailsDigest', 'openedAt', 'closedAt', 'refreshedAt', 'round'];
  const ADDED = ['revision', 'timeline', 'rounds', 'failure', 'authorizationReference', 'withdrawnAt'];

  it.each([...OPTIONAL, ...ADDED])('may have an invalid %s, which prevents no closing', (field) => {
    for (const value of [{}, [7], -1.5, true]) {
      const parsed = parseWith({ [field]: value });
      expect(parsed.documents).toHaveLength(1);
      expect(mergeManifest(parsed, change({ round: 2, revision: 1, outcome: 'partial' })).outcome).toBe('partial');
    }
  });

  it('may have dates of any form', () => {
    const odd = fc.constantFrom('+012345-01-01T00:00:00Z', '-000001-01-01', '01/30/2026');
    const stamp = fc.oneof(fc.string({ unit: 'binary' }), odd);
    fc.assert(
      fc.property(stamp, fc.option(stamp, { nil: null }), (updatedAt, seenAt) => {
        const report = { id: 'report-1', type: 'unity', organization: null, updatedAt };
        const stored = storedDocument({ file: documentFile(report, 'pdf'), organization: null, updatedAt, seenAt });
        const manifest = mergeManifest(null, change({ documents: [stored, storedDocument()] }));
        expect(parseManifest('POL-1', manifestText(manifest))).toEqual(manifest);
      }),
    );
  });
});

describe('an unreadable entry', () => {
  const [first, second] = [storedDocument(), storedDocument({ reportId: 'report-2' })];
  const laterVersion = { ...second, format: 'fhir', pages: 3 };
  const odd: readonly unknown[] = [laterVersion, { ...second, bytes: '1' }, { ...second, file: '../x' }, null, 7, []];
  const oddMissing: readonly unknown[] = [{ type: 1 }, 'ccdraw'];
  const parsed = parseWith({ documents: [...odd, first], missing: oddMissing });

  it('is ignored, and every write keeps it', () => {
    expect(parsed.documents).toEqual([first]);
    expect(parsed.unread).toEqual({ documents: odd, missing: oddMissing });
    const refresh = { kind: 'refresh', clientUserId: 'POL-1', closedAt: parsed.closedAt, refreshedAt: '2026-03-03' };
    const refreshed = mergeManifest(parsed, { ...refresh, kind: 'refresh', documents: [], missing: [] });
    const closed = mergeManifest(parsed, change({ round: 2, revision: 1, outcome: 'partial', documents: [first] }));
    expect(JSON.parse(manifestText(refreshed)).missing).toEqual(oddMissing);
    for (const manifest of [refreshed, closed]) {
      expect(JSON.parse(manifestText(manifest)).documents).toEqual([first, ...odd]);
      expect(parseManifest('POL-1', manifestText(manifest))).toEqual(manifest);
    }
  });

  it('is replaced by the entry of the same file once that is stored again', () => {
    const { documents, unread } = mergeManifest(parsed, change({ documents: [second] }));
    expect(documents.map(({ reportId }) => reportId)).toEqual(['report-1', 'report-2']);
    expect(unread?.documents).toEqual([{ ...second, file: '../x' }, null, 7, []]);
  });
});
