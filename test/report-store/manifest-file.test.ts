import { mergeManifest } from '../../src/report-store/manifest';
import { manifestText, parseManifest } from '../../src/report-store/manifest-file';
import { WrongFolder } from '../../src/report-store/port';
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
    ['half of one', (text: string) => text.slice(0, 200), /POL-1\/manifest\.json: expected JSON, got 200 characters/],
    ['another JSON', () => '[]', /POL-1\/manifest\.json: expected a manifest.*the whole/],
    [
      'one with a wrong field',
      (text: string) => text.replace('"bytes": 100', '"bytes": "Maxwell"'),
      /documents\.0\.bytes/,
    ],
    [
      'one with an outcome that is no word of ours',
      (text: string) => text.replace('"collected"', '"Maxwell"'),
      /as expected: outcome/,
    ],
  ])('%s is an error that names the place and quotes nothing', (_, broken, told) => {
    const { text } = setup();
    expect(() => parseManifest('POL-1', broken(text))).toThrow(told);
    expect(() => parseManifest('POL-1', broken(text))).not.toThrow(/Maxwell|starfleet|f{32}/i);
  });
});
