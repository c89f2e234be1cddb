import { WrongFolder } from '../../src/report-store/errors';
import { documentFile } from '../../src/report-store/layout';
import { mergeManifest } from '../../src/report-store/manifest';
import { manifestText, parseManifest } from '../../src/report-store/manifest-file';
import { fc } from '../support/property';
import { change, entry } from './fixtures';

function setup() {
  const missing = { type: 'ccdraw', organization: null, format: 'pdf', reason: 'not-offered', detail: 'none' } as const;
  const manifest = mergeManifest(
    null,
    change({ outcome: 'collected', closedAt: '2026-03-02T10:00:00.000Z', documents: [entry()], missing: [missing] }),
  );
  return { manifest, text: manifestText(manifest) };
}

describe('a manifest as a file', () => {
  it('reads as it was written: two spaces, one line break at the end', () => {
    const { manifest, text } = setup();
    expect(text.startsWith('{\n  "clientUserId": "POL-1",\n')).toBe(true);
    expect(text.endsWith('\n}\n')).toBe(true);
    expect(parseManifest('POL-1', text)).toEqual(manifest);
  });

  it('may carry fields of a later version, and lack those that can be unknown', () => {
    const { manifest, text } = setup();
    const { refreshedAt: _1, humanId: _2, ...older } = JSON.parse(text);
    expect(parseManifest('POL-1', JSON.stringify({ ...older, later: { field: 1 } }))).toEqual({
      ...manifest,
      humanId: null,
    });
  });

  it('keeps an outcome and reasons that a later version added: read as none, they would have the person invited again', () => {
    const { manifest, text } = setup();
    const later = { ...JSON.parse(text), outcome: 'superseded', reason: 'merged-into-another' };
    later.missing[0].reason = 'not-permitted';
    const read = parseManifest('POL-1', JSON.stringify(later));
    expect(read).toEqual({ ...manifest, ...later });
    expect(JSON.parse(manifestText(read))).toEqual(later);
  });

  it('of another clientUserId is refused, also where only the case differs', () => {
    const { text } = setup();
    expect(() => parseManifest('pol-1', text)).toThrow(WrongFolder);
    expect(() => parseManifest('POL-2', text)).toThrow(WrongFolder);
  });

  it.each([
    [
      'half of one',
      (text: string) => text.slice(0, 200),
      /POL-1\/manifest\.json: expected JSON, got 200 other characters/,
    ],
    ['another JSON', () => '[]', /POL-1\/manifest\.json: expected a manifest.*the whole/],
    [
      'one without a list of documents',
      (text: string) => JSON.stringify({ ...JSON.parse(text), documents: { 0: 'Maxwell' } }),
      /invalid fields: documents/,
    ],
    [
      'one that names no clientUserId',
      (text: string) => JSON.stringify({ ...JSON.parse(text), clientUserId: null }),
      /invalid fields: clientUserId/,
    ],
    [
      'one with an outcome that is no word of ours',
      (text: string) => text.replace('"collected"', '"Maxwell"'),
      /invalid fields: outcome/,
    ],
  ])('%s is an error that names the place and quotes nothing', (_, broken, told) => {
    const { text } = setup();
    expect(() => parseManifest('POL-1', broken(text))).toThrow(told);
    expect(() => parseManifest('POL-1', broken(text))).not.toThrow(/Maxwell|starfleet|f{32}/i);
  });
});

describe('an entry that cannot be read', () => {
  const [first, second] = [entry(), entry({ reportId: 'report-2' })];
  const ofLaterVersion = { ...second, format: 'fhir', pages: 3 };
  const odd: readonly unknown[] = [ofLaterVersion, { ...second, bytes: '1' }, { ...second, file: '../x' }, null, 7, []];
  const oddMissing: readonly unknown[] = [{ type: 1 }, 'ccdraw'];

  function setupOdd() {
    const { text } = setup();
    const written = { ...JSON.parse(text), documents: [...odd, first], missing: oddMissing };
    return parseManifest('POL-1', JSON.stringify(written));
  }

  it('leaves the manifest readable, counts as nothing and is kept as it is by every write', () => {
    const read = setupOdd();
    expect(read.documents).toEqual([first]);
    expect(read.unread).toEqual({ documents: odd, missing: oddMissing });
    const refresh = {
      kind: 'refresh',
      clientUserId: 'POL-1',
      closedAt: read.closedAt,
      refreshedAt: '2026-03-03',
    } as const;
    const refreshed = mergeManifest(read, { ...refresh, documents: [], missing: [] });
    const closed = mergeManifest(read, change({ round: 2, revision: 1, outcome: 'partial', documents: [first] }));
    expect(JSON.parse(manifestText(refreshed)).missing).toEqual(oddMissing);
    for (const manifest of [refreshed, closed]) {
      expect(JSON.parse(manifestText(manifest)).documents).toEqual([first, ...odd]);
      expect(parseManifest('POL-1', manifestText(manifest))).toEqual(manifest);
    }
  });

  it('gives way to the entry of the same file, once that is stored again', () => {
    const { documents, unread } = mergeManifest(setupOdd(), change({ documents: [second] }));
    expect(documents.map(({ reportId }) => reportId)).toEqual(['report-1', 'report-2']);
    expect(unread?.documents).toEqual([{ ...second, file: '../x' }, null, 7, []]);
  });
});

describe('values of any kind', () => {
  it('a date of any form and year in an entry is read back, and the newest version is told without a throw', () => {
    const stamp = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('+012345-01-01T00:00:00Z', '-000001-01-01', '01/30/2026'),
    );
    fc.assert(
      fc.property(stamp, fc.option(stamp, { nil: null }), (updatedAt, seenAt) => {
        const report = { id: 'report-1', type: 'unity', organization: null, updatedAt };
        const stored = entry({ file: documentFile(report, 'pdf'), organization: null, updatedAt, seenAt });
        const manifest = mergeManifest(null, change({ documents: [stored, entry()] }));
        expect(parseManifest('POL-1', manifestText(manifest))).toEqual(manifest);
      }),
    );
  });

  it.each(['humanId', 'reason', 'wanted', 'detailsDigest', 'openedAt', 'closedAt', 'refreshedAt', 'round', 'revision'])(
    'an odd %s is read as none, and blocks no closing',
    (field) => {
      const { text } = setup();
      for (const value of [{}, [7], -1.5, true]) {
        const read = parseManifest('POL-1', JSON.stringify({ ...JSON.parse(text), [field]: value }));
        expect(read.documents).toHaveLength(1);
        expect(mergeManifest(read, change({ round: 2, revision: 1, outcome: 'partial' })).outcome).toBe('partial');
      }
    },
  );
});
