import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseInstantMs, versionName } from '../../src/domain/instants';
import { documentKey, findNewestVersion, storedDocumentKeys } from '../../src/domain/reports';
import { isDocumentFile } from '../../src/report-store/layout';
import { fc } from '../support/property';
import { storedDocument } from '../support/stored';

const rows: readonly { id: string; updatedAt: string | number }[] = JSON.parse(
  readFileSync(join(__dirname, '../field-cases/dates/reports.json'), 'utf8'),
);

describe('a timestamp', () => {
  test.each<[expected: string, texts: string[]]>([
    [
      '2020-01-30T21:20:54.000Z',
      [
        ...['2020-01-30T21:20:54Z', ' 2020-01-30T21:20:54Z ', '2020/01/30 21:20:54', '2020-01-30T16:20:54-05:00'],
        ...['2020-01-30T23:20:54+02:00', '2020-01-30T23:20:54+0200', '2020-01-30T23:20:54+02'],
        ...['2020-01-30T22:20:54+01:00[Europe/Paris]', '2020-01-30T21:20:54'],
        ...['2020-01-30T21:20:54.000001+00:00'],
      ],
    ],
    [
      '2020-01-30T21:20:54.316Z',
      [
        ...[
          '2020-01-30T21:20:54.316Z',
          '2020-01-30t21:20:54.316z',
          '2020-01-30T21:20:54.316',
          '2020-01-30 21:20:54.316',
        ],
        // Truncated, not rounded.
        '2020-01-30T21:20:54.316999',
      ],
    ],
    ['2020-01-30T21:20:54.999Z', ['2020-01-30T21:20:54.999999Z']],
    ['2020-01-30T00:00:00.000Z', ['2020-01-30']],
    ['2020-01-31T00:00:00.000Z', ['2020-01-30T24:00:00Z']],
    ['2017-01-01T00:00:00.000Z', ['2016-12-31T23:59:60Z']],
    ['1968-02-13T00:00:00.000Z', ['1968-02-13T00:00:00Z']],
    ['0001-01-01T00:00:00.000Z', ['0001-01-01T00:00:00']],
    ['+012345-06-07T00:00:00.000Z', ['12345-06-07T00:00:00Z', '+012345-06-07T00:00:00Z']],
    ['-000001-01-01T00:00:00.000Z', ['-000001-01-01T00:00:00Z']],
  ])('is %s in each of its forms', (expected, texts) => {
    for (const text of texts)
      expect([text, new Date(parseInstantMs(text) ?? 0).toISOString()]).toEqual([text, expected]);
  });

  test.each([
    ...['20260130', '20260130T2120', '2026-01-30T21Z'],
    ...['20260130212054', '20260130212054123', '1769808054', '1769808054.316', '1769808054316123', '1.769808054316E12'],
    ...['/Date(1769808054316)/', 'Friday, 30-Jan-26 21:20:54 GMT', 'Fri Jan 30 21:20:54 2026', '30 January 2026'],
    ...['Fri Jan 30 2026 22:20:54 GMT+0100 (CET)', 'Fri Jan 30 16:20:54 EST 2026', 'Jan 30, 2026 9:20:54 PM'],
  ])('%p is on 30 January 2026', (text) => {
    expect(new Date(parseInstantMs(text) ?? 0).toISOString()).toMatch(/^2026-01-30T/);
  });

  test('of the ten recorded forms is the same instant', () => {
    const ms = Date.UTC(2026, 0, 30, 21, 20, 54);
    for (const { updatedAt } of rows) {
      const text = String(updatedAt);
      expect([text, parseInstantMs(text)]).toEqual([text, text.includes('316') ? ms + 316 : ms]);
    }
  });

  test.each([
    ...[null, undefined, '', ' ', 'yesterday', '0x10', '17', '2020-13-01T00:00:00Z', '2020-01-30T25:00:00Z'],
    ...['2026-02-30', '30 Foo 2026', '2026-01-30T24:00:01Z', '2026-01-30T10:00:60Z', '2026-01-30T10:00:00+24:00'],
    ...['999999-01-01T00:00:00Z', '30.01.2026', '01/30/2026 21:20:54', '1.5e+21', '-1.769808054316E99'],
    '1'.repeat(1_000_000),
  ])('is not %p', (text) => expect(parseInstantMs(text)).toBeNull());
});

describe('the version in a file name', () => {
  test.each([
    ['2020-01-30T23:20:54.316789+02:00', '20200130T212054316Z'],
    ['2020-01-30T21:20:54.316789', '20200130T212054316Z'],
    [null, '19700101T000000000Z'],
    ['', '19700101T000000000Z'],
  ])('of %p is %s', (updatedAt, name) => expect(versionName(updatedAt)).toBe(name));

  test('of unreadable dates is a hash that does not repeat in 20,000 texts', () => {
    expect(versionName('soon')).toMatch(/^undated-[0-9a-f]{16}$/);
    const texts = ['01/30/2026', ...Array.from({ length: 20_000 }, (_, index) => `revision ${index}`)];
    expect(new Set(texts.map(versionName)).size).toBe(texts.length);
  });

  test('sorts by date, in any year', () => {
    const instant = fc.date({ min: new Date(-62_198_755_200_000), noInvalidDate: true });
    fc.assert(
      fc.property(instant, instant, (a, b) => {
        const [earlier, later] = [versionName(a.toISOString()), versionName(b.toISOString())];
        if (a.getUTCFullYear() >= 0 && b.getUTCFullYear() >= 0) expect(earlier < later).toBe(a.getTime() < b.getTime());
        const isOrdinary = a.getUTCFullYear() >= 0 && a.getUTCFullYear() <= 9999;
        expect(earlier).toMatch(isOrdinary ? /^\d{8}T\d{9}Z$/ : /^[-~]\d{10}T\d{9}Z$/);
      }),
    );
  });

  test('is valid in the manifest for any text', () => {
    const stamp = fc.stringMatching(/^[+-]?\d{0,20}[-/T: ]?\d{0,6}[-/:. ]?\d{0,4}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), stamp), (text) => {
        expect(isDocumentFile(`unity/person/${'r'.repeat(100)}.${versionName(text)}.json`)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

const later = ['2026-01-31 10:00:00', '1769900000', 'Sat, 31 Jan 2026 21:20:54 GMT', '01/31/2026', 'v2'];

test.each([...rows.map(({ updatedAt }) => String(updatedAt)), '01/30/2026', 'v1'])(
  'version %p is stored once, and a later one in any form is downloaded',
  (updatedAt) => {
    const stored = storedDocument({ file: `unity/person/r.${versionName(updatedAt)}.pdf`, updatedAt });
    const { type, organization } = stored;
    const isStored = (text: string) => {
      const report = { id: 'report-1', type, organization, updatedAt: text };
      return storedDocumentKeys([stored]).has(documentKey({ report, format: 'pdf' }));
    };
    expect(isStored(updatedAt)).toBe(true);
    expect(later.filter(isStored)).toEqual([]);
  },
);

test('of a version without a readable date the time of storing counts', () => {
  const old = storedDocument({ updatedAt: '2026-01-30T00:00:00Z', storedAt: '2026-01-30T01:00:00Z' });
  const unread = storedDocument({ updatedAt: 'v2', storedAt: '2026-02-02T01:00:00Z' });
  expect(findNewestVersion([old, unread], 'report-1', 'pdf')).toBe(unread);
  const newer = { ...old, updatedAt: '2026-02-03' };
  expect(findNewestVersion([unread, newer], 'report-1', 'pdf')).toBe(newer);
});
