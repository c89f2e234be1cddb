import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseInstantMs, versionName } from '../../src/domain/instants';
import { documentKey, findNewestVersion, storedDocumentKeys } from '../../src/domain/reports';
import { isDocumentFile } from '../../src/report-store/layout';
import { entry } from '../report-store/fixtures';
import { fc } from '../support/property';

const rows: readonly { id: string; updatedAt: string | number }[] = JSON.parse(
  readFileSync(join(__dirname, '../field-cases/dates/reports.json'), 'utf8'),
);
const THEN = Date.UTC(2026, 0, 30, 21, 20, 54);

describe("upstream's timestamps", () => {
  test.each([
    ['2020-01-30T21:20:54.316Z', Date.UTC(2020, 0, 30, 21, 20, 54, 316)],
    ['2020-01-30t21:20:54.316z', Date.UTC(2020, 0, 30, 21, 20, 54, 316)],
    ['2020-01-30T21:20:54Z', Date.UTC(2020, 0, 30, 21, 20, 54)],
    ['2020-01-30T23:20:54+02:00', Date.UTC(2020, 0, 30, 21, 20, 54)],
    ['2020-01-30T23:20:54+0200', Date.UTC(2020, 0, 30, 21, 20, 54)],
    ['2020-01-30T23:20:54+02', Date.UTC(2020, 0, 30, 21, 20, 54)],
    ['2020-01-30T16:20:54-05:00', Date.UTC(2020, 0, 30, 21, 20, 54)],
    [' 2020-01-30T21:20:54Z ', Date.UTC(2020, 0, 30, 21, 20, 54)],
    ['2020-01-30T22:20:54+01:00[Europe/Paris]', Date.UTC(2020, 0, 30, 21, 20, 54)],
    ['2020/01/30 21:20:54', Date.UTC(2020, 0, 30, 21, 20, 54)],
    ['1968-02-13T00:00:00Z', Date.UTC(1968, 1, 13)],
    ['0001-01-01T00:00:00', -62_135_596_800_000],
    ['12345-06-07T00:00:00Z', Date.UTC(12_345, 5, 7)],
    ['+012345-06-07T00:00:00Z', Date.UTC(12_345, 5, 7)],
    ['-000001-01-01T00:00:00Z', -62_198_755_200_000],
    ['2020-01-30T24:00:00Z', Date.UTC(2020, 0, 31)],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
  ])('%p is that instant', (text, ms) => expect(parseInstantMs(text)).toBe(ms));

  test.each([
    ['2020-01-30T21:20:54', Date.UTC(2020, 0, 30, 21, 20, 54)],
    ['2020-01-30T21:20:54.316', Date.UTC(2020, 0, 30, 21, 20, 54, 316)],
    ['2020-01-30 21:20:54.316', Date.UTC(2020, 0, 30, 21, 20, 54, 316)],
    ['2020-01-30', Date.UTC(2020, 0, 30)],
  ])('%p, which names no zone, is UTC wherever the worker stands', (text, ms) => expect(parseInstantMs(text)).toBe(ms));

  test.each([
    ['2020-01-30T21:20:54.316999', 316],
    ['2020-01-30T21:20:54.999999Z', 999],
    ['2020-01-30T21:20:54.000001+00:00', 0],
  ])('%p is truncated below the millisecond, not rounded', (text, ms) => {
    expect(parseInstantMs(text)).toBe(Date.UTC(2020, 0, 30, 21, 20, 54, ms));
  });

  test.each([
    ...['20260130', '20260130T2120', '2026-01-30T21Z'],
    ...['20260130212054', '20260130212054123', '1769808054', '1769808054.316', '1769808054316123', '1.769808054316E12'],
    ...['/Date(1769808054316)/', 'Friday, 30-Jan-26 21:20:54 GMT', 'Fri Jan 30 21:20:54 2026', '30 January 2026'],
    ...['Fri Jan 30 2026 22:20:54 GMT+0100 (CET)', 'Fri Jan 30 16:20:54 EST 2026', 'Jan 30, 2026 9:20:54 PM'],
  ])('%p is that day in every engine and zone', (text) => {
    expect(new Date(parseInstantMs(text) ?? 0).toISOString()).toMatch(/^2026-01-30T/);
  });

  test.each([
    ...[null, undefined, '', ' ', 'yesterday', '0x10', '17', '2020-13-01T00:00:00Z', '2020-01-30T25:00:00Z'],
    ...['2026-02-30', '30 Foo 2026', '2026-01-30T24:00:01Z', '2026-01-30T10:00:60Z', '2026-01-30T10:00:00+24:00'],
    ...['999999-01-01T00:00:00Z', '30.01.2026', '01/30/2026 21:20:54', '1.5e+21', '-1.769808054316E99'],
  ])('%p is no instant', (text) => expect(parseInstantMs(text)).toBeNull());

  test('a text longer than any date is none, and takes no time', () => {
    expect(parseInstantMs('1'.repeat(1_000_000))).toBeNull();
  });
});

describe('the version in a file name', () => {
  test('is the instant in UTC without punctuation', () => {
    expect(versionName('2020-01-30T23:20:54.316789+02:00')).toBe('20200130T212054316Z');
    expect(versionName('2020-01-30T21:20:54.316789')).toBe('20200130T212054316Z');
  });

  test('is the epoch where upstream gives no date, and a digest of a text in which none can be read', () => {
    expect(versionName(null)).toBe('19700101T000000000Z');
    expect(versionName('')).toBe('19700101T000000000Z');
    expect(versionName('soon')).toMatch(/^undated-[0-9a-f]{16}$/);
    expect(versionName('01/30/2026')).not.toBe(versionName('01/31/2026'));
  });

  test('sorts as the instants do, in any year', () => {
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

  test('is part of a name that our manifest accepts, whatever text upstream sends as updatedAt', () => {
    const stamp = fc.stringMatching(/^[+-]?\d{0,20}[-/T: ]?\d{0,6}[-/:. ]?\d{0,4}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), stamp), (text) => {
        expect(isDocumentFile(`unity/person/${'r'.repeat(100)}.${versionName(text)}.json`)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test('has two texts in which no date can be read for one only by a chance of 2^-64', () => {
    const texts = Array.from({ length: 20_000 }, (_, index) => `revision ${index}`);
    expect(new Set(texts.map(versionName)).size).toBe(texts.length);
  });
});

describe('updatedAt in ten forms, and another that cannot be read', () => {
  test('every form is that instant, as a text or as a number', () => {
    for (const { updatedAt } of rows) {
      const text = String(updatedAt);
      expect([text, parseInstantMs(text)]).toEqual([text, text.includes('316') ? THEN + 316 : THEN]);
    }
  });

  const forms = [...rows.map(({ updatedAt }) => String(updatedAt)), '01/30/2026', 'v1'];
  const later = ['2026-01-31 10:00:00', '1769900000', 'Sat, 31 Jan 2026 21:20:54 GMT', '01/31/2026', 'v2'];

  test.each(forms)('%p is a version of its own: stored once, and a later one in any form is fetched', (updatedAt) => {
    const stored = [entry({ file: `unity/person/r.${versionName(updatedAt)}.pdf`, updatedAt })];
    const wanted = (text: string) => {
      const { type, organization } = stored[0] as (typeof stored)[0];
      return { report: { id: 'report-1', type, organization, updatedAt: text }, format: 'pdf' } as const;
    };
    expect(storedDocumentKeys(stored).has(documentKey(wanted(updatedAt)))).toBe(true);
    for (const text of later)
      expect([text, storedDocumentKeys(stored).has(documentKey(wanted(text)))]).toEqual([text, false]);
  });

  test('the newest of several is told by when it was stored, where its date cannot be read', () => {
    const old = entry({ updatedAt: '2026-01-30T00:00:00Z', storedAt: '2026-01-30T01:00:00Z' });
    const unread = entry({ updatedAt: 'v2', storedAt: '2026-02-02T01:00:00Z' });
    expect(findNewestVersion([old, unread], 'report-1', 'pdf')).toBe(unread);
    expect(findNewestVersion([unread, { ...old, updatedAt: '2026-02-03' }], 'report-1', 'pdf')?.updatedAt).toBe(
      '2026-02-03',
    );
  });
});
