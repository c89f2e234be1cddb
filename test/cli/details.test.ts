import { checkDetails, type GivenDetails } from '../../src/cli/details';

/** A date of birth as it is written, so many days from now. */
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const TODAY = inDays(0);
const GIVEN: GivenDetails = { clientUserId: 'POL-1', clientUserEmail: 'max@example.org' };

function faultsOf(change: Partial<GivenDetails>): readonly string[] {
  const checked = checkDetails({ ...GIVEN, ...change });
  return checked.ok ? [] : checked.errors.map(({ field }) => field);
}

test('only the clientUserId and the e-mail are required; what is empty counts as not given', () => {
  const checked = checkDetails({ ...GIVEN, firstName: '', dateOfBirth: ' ', suggestedSources: [''] });
  expect(checked).toEqual({ ok: true, autoInvite: true, details: GIVEN });
});

test('details that are right come out trimmed', () => {
  const rest = { firstName: ' Ada', lastName: "O'Neill ", dateOfBirth: TODAY, suggestedSources: [' A ', 'A'] };
  expect(checkDetails({ ...GIVEN, ...rest })).toEqual({
    ok: true,
    autoInvite: true,
    details: { ...GIVEN, firstName: 'Ada', lastName: "O'Neill", dateOfBirth: TODAY, suggestedSources: ['A'] },
  });
});

test.each<[field: keyof GivenDetails, value: string | string[]]>([
  ['clientUserId', ''],
  ['clientUserId', 'max@example.org'],
  ['clientUserId', 'a/b'],
  ['clientUserId', 'a'.repeat(101)],
  ['clientUserEmail', ''],
  ['clientUserEmail', 'not-an-address'],
  ['clientUserEmail', 'max@example@org'],
  ['clientUserEmail', 'Max <max@example.org>'],
  ['clientUserEmail', `${'m'.repeat(251)}@a.b`],
  ['firstName', 'a'.repeat(101)],
  ['lastName', 'M\uFFFDller'],
  ['lastName', 'a\0b'],
  ['dateOfBirth', '13.02.1968'],
  ['dateOfBirth', '1968-02-30'],
  ['dateOfBirth', '1968-2-3'],
  ['dateOfBirth', inDays(2)],
  ['suggestedSources', ['a'.repeat(201)]],
  ['suggestedSources', Array.from({ length: 51 }, (_, index) => `Clinic ${index}`)],
])('a %s that is not right is refused (%#)', (field, value) => {
  expect(faultsOf({ [field]: value })).toEqual([field]);
});

test('every field that is not right is told, each once, and never with what came', () => {
  const bad = { clientUserId: 'Ada Lovelace', clientUserEmail: 'ada lovelace', dateOfBirth: 'lovelace', firstName: '' };
  const checked = checkDetails({ ...bad, suggestedSources: ['lovelace'.repeat(50), 'lovelace'.repeat(60)] });
  expect(checked).toMatchObject({ ok: false, clientUserId: null });
  expect(checked.ok ? [] : checked.errors.map(({ field }) => field)).toEqual([
    ...['clientUserId', 'clientUserEmail', 'dateOfBirth', 'suggestedSources'],
  ]);
  expect(JSON.stringify(checked)).not.toMatch(/lovelace/i);
});

test('a clientUserId that is right is named beside the faults of the rest', () => {
  expect(checkDetails({ ...GIVEN, clientUserEmail: '' })).toMatchObject({ ok: false, clientUserId: 'POL-1' });
});
