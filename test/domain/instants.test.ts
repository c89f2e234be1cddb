import { instantMs, versionOf } from '../../src/domain/instants';
import { fc } from '../support/property';

describe("upstream's timestamps", () => {
  test.each([
    ['2020-01-30T21:20:54.316Z', Date.UTC(2020, 0, 30, 21, 20, 54, 316)],
    ['2020-01-30T21:20:54.316z', Date.UTC(2020, 0, 30, 21, 20, 54, 316)],
    ['2020-01-30T21:20:54Z', Date.UTC(2020, 0, 30, 21, 20, 54)],
    ['2020-01-30T23:20:54+02:00', Date.UTC(2020, 0, 30, 21, 20, 54)],
    ['2020-01-30T23:20:54+0200', Date.UTC(2020, 0, 30, 21, 20, 54)],
    ['2020-01-30T23:20:54+02', Date.UTC(2020, 0, 30, 21, 20, 54)],
    ['2020-01-30T16:20:54-05:00', Date.UTC(2020, 0, 30, 21, 20, 54)],
    [' 2020-01-30T21:20:54Z ', Date.UTC(2020, 0, 30, 21, 20, 54)],
  ])('%p is that instant', (text, ms) => expect(instantMs(text)).toBe(ms));

  test.each([
    ['2020-01-30T21:20:54', Date.UTC(2020, 0, 30, 21, 20, 54)],
    ['2020-01-30T21:20:54.316', Date.UTC(2020, 0, 30, 21, 20, 54, 316)],
    ['2020-01-30 21:20:54.316', Date.UTC(2020, 0, 30, 21, 20, 54, 316)],
    ['2020-01-30', Date.UTC(2020, 0, 30)],
  ])('%p, which names no zone, is UTC wherever the worker stands', (text, ms) => expect(instantMs(text)).toBe(ms));

  test.each([
    ['2020-01-30T21:20:54.316999', 316],
    ['2020-01-30T21:20:54.999999Z', 999],
    ['2020-01-30T21:20:54.000001+00:00', 0],
  ])('%p is truncated below the millisecond, not rounded', (text, ms) => {
    expect(instantMs(text)).toBe(Date.UTC(2020, 0, 30, 21, 20, 54, ms));
  });

  test.each([null, undefined, '', ' ', 'yesterday', '2020-13-01T00:00:00Z', '2020-01-30T25:00:00Z', '0x10'])(
    '%p is no instant',
    (text) => expect(instantMs(text)).toBeNull(),
  );
});

describe('the version in a file name', () => {
  test('is the instant in UTC without punctuation', () => {
    expect(versionOf('2020-01-30T23:20:54.316789+02:00')).toBe('20200130T212054316Z');
    expect(versionOf('2020-01-30T21:20:54.316789')).toBe('20200130T212054316Z');
  });

  test('is the epoch where upstream tells no date', () => {
    expect(versionOf(null)).toBe('19700101T000000000Z');
    expect(versionOf('soon')).toBe('19700101T000000000Z');
  });

  test('sorts as the instants do, up to the year 9999', () => {
    const instant = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true });
    fc.assert(
      fc.property(instant, instant, (a, b) => {
        const [earlier, later] = [versionOf(a.toISOString()), versionOf(b.toISOString())];
        expect(earlier < later).toBe(a.getTime() < b.getTime());
        expect(earlier).toMatch(/^\d{8}T\d{9}Z$/);
      }),
    );
  });
});
