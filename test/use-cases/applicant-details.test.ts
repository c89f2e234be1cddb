import { DAY_MS } from '../../src/domain/policy';
import { checkDetails, type RawDetails } from '../../src/use-cases/applicant-details';
import { cpuMs } from '../support/cpu';

/** A date of birth, in days from now. */
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
const TODAY = inDays(0);
const VALID: RawDetails = { clientUserId: 'POL-1', clientUserEmail: 'max@example.org' };

function faultsOf(change: Partial<RawDetails>): readonly string[] {
  const checked = checkDetails({ ...VALID, ...change });
  return checked.ok ? [] : checked.errors.map(({ field }) => field);
}

test('requires only clientUserId and e-mail; empty fields count as not given', () => {
  const checked = checkDetails({ ...VALID, firstName: '', dateOfBirth: ' ', suggestedSources: [''] });
  expect(checked).toEqual({ ok: true, autoInvite: true, details: VALID });
});

test('trims valid details', () => {
  const rest = { firstName: ' Ada', lastName: "O'Neill ", dateOfBirth: TODAY, suggestedSources: [' A ', 'A'] };
  expect(checkDetails({ ...VALID, ...rest })).toEqual({
    ok: true,
    autoInvite: true,
    details: { ...VALID, firstName: 'Ada', lastName: "O'Neill", dateOfBirth: TODAY, suggestedSources: ['A'] },
  });
});

test.each<[field: keyof RawDetails, value: string | string[]]>([
  ['clientUserId', ''],
  ['clientUserId', 'max@example.org'],
  ['clientUserId', 'a/b'],
  ['clientUserId', 'a'.repeat(101)],
  ['clientUserEmail', ''],
  ['clientUserEmail', 'not-an-address'],
  ['clientUserEmail', 'max@example@org'],
  ['clientUserEmail', 'a@b.c;d@e.f'],
  ['clientUserEmail', `${'m'.repeat(251)}@a.b`],
  ['firstName', 'a'.repeat(101)],
  ['lastName', 'M\uFFFDller'],
  ['lastName', 'a\0b'],
  ['dateOfBirth', '13.02.1968'],
  ['dateOfBirth', '1968-02-30'],
  ['dateOfBirth', '1968-2-3'],
  ['dateOfBirth', inDays(2)],
  ['dateOfBirth', '0000-01-01'],
  ['dateOfBirth', '1899-12-31'],
  ['suggestedSources', ['a'.repeat(201)]],
  ['suggestedSources', Array.from({ length: 51 }, (_, index) => `Clinic ${index}`)],
])('rejects an invalid %s (%#)', (field, value) => {
  expect(faultsOf({ [field]: value })).toEqual([field]);
});

test('refuses a very long value at once', async () => {
  const long = ','.repeat(60_000);
  const [faults, ms] = await cpuMs(async () => faultsOf({ clientUserEmail: long, lastName: long, dateOfBirth: long }));
  expect(faults).toEqual(['clientUserEmail', 'lastName', 'dateOfBirth']);
  expect(ms).toBeLessThan(100);
});

test('reports each invalid field once, without its value', () => {
  const bad = { clientUserId: 'Ada Lovelace', clientUserEmail: 'ada lovelace', dateOfBirth: 'lovelace', firstName: '' };
  const checked = checkDetails({ ...bad, suggestedSources: ['lovelace'.repeat(50), 'lovelace'.repeat(60)] });
  expect(checked).toMatchObject({ ok: false, clientUserId: null });
  expect(checked.ok ? [] : checked.errors.map(({ field }) => field)).toEqual([
    ...['clientUserId', 'clientUserEmail', 'dateOfBirth', 'suggestedSources'],
  ]);
  expect(JSON.stringify(checked)).not.toMatch(/lovelace/i);
});

test('names a valid clientUserId with the faults of other fields', () => {
  expect(checkDetails({ ...VALID, clientUserEmail: '' })).toMatchObject({ ok: false, clientUserId: 'POL-1' });
});

test.each<[what: string, field: keyof RawDetails, value: string, character: string]>([
  ['a zero width space in an address', 'clientUserEmail', 'max\u200B@example.org', 'U+200B at position 4'],
  ['a byte order mark before an address', 'clientUserEmail', '\uFEFFmax@example.org', 'U+FEFF at position 1'],
  ['a soft hyphen in a name', 'firstName', 'Ma\u00ADx', 'U+00AD at position 3'],
  ['a direction mark after a name', 'lastName', 'Sample\u202C', 'U+202C at position 7'],
  ['an invisible tag behind an emoji, counted in characters', 'lastName', '😀\u{E0041}', 'U+E0041 at position 2'],
  ['a word joiner in an id', 'clientUserId', 'POL\u2060-1', 'U+2060 at position 4'],
  ['a bidi mark in a date', 'dateOfBirth', '\u200E1980-02-03', 'U+200E at position 1'],
  ['a display name', 'clientUserEmail', 'Max <max@example.org>', 'U+003C at position 5'],
  ['angle brackets', 'clientUserEmail', ' <max@example.org>', 'U+003C at position 2'],
  ['mailto:', 'clientUserEmail', 'MailTo:max@example.org', 'U+003A at position 7'],
  ['typographic quotes', 'clientUserEmail', '\u201Cmax@example.org\u201D', 'U+201C at position 1'],
  ['a no-break space', 'clientUserEmail', '\u00A0max@exam\u00A0ple.org', 'U+00A0 at position 10'],
  ['a comma after the address', 'clientUserEmail', 'max@example.org,', 'U+002C at position 16'],
  ['half of a character', 'lastName', 'A\uD800', 'U+D800 at position 2'],
  ['a control character of Latin 1', 'firstName', 'M\u0081x', 'U+0081 at position 2'],
])('rejects %s with its code point', (_, field, value, character) => {
  const checked = checkDetails({ ...VALID, [field]: value });
  expect(checked.ok ? [] : checked.errors).toEqual([{ field, expected: expect.stringContaining(`got ${character}`) }]);
});

test('rejects invisible characters in a source, and accepts white space around a value', () => {
  expect(faultsOf({ suggestedSources: ['Clinic', 'Cli\u200Bnic'] })).toEqual(['suggestedSources']);
  const checked = checkDetails({ ...VALID, clientUserId: '\u00A0POL-1\u3000', firstName: '\u2003Zoë\u00A0' });
  expect(checked).toMatchObject({ ok: true, details: { clientUserId: 'POL-1', firstName: 'Zoë' } });
});

test('uses autoInvite of the details, or the default', () => {
  const read = (autoInvite: string | undefined, byDefault?: boolean) =>
    checkDetails({ ...VALID, autoInvite }, byDefault);
  expect([read('False'), read(' TRUE ', false), read('', false), read(undefined)]).toMatchObject(
    [false, true, false, true].map((autoInvite) => ({ ok: true, autoInvite })),
  );
  expect(faultsOf({ autoInvite: 'no' })).toEqual(['autoInvite']);
});
