import { type ApplicantDetails, detailsDigest, normaliseDetails } from '../../src/temporal/details';

const GIVEN: ApplicantDetails = {
  clientUserId: 'POL-1',
  clientUserEmail: ' Max@Example.org ',
  firstName: ' Zoë ',
  lastName: '',
  suggestedSources: [' Clinic ', 'Pharmacy', 'Clinic', ''],
};

function digest(change: Partial<ApplicantDetails> = {}): string {
  return detailsDigest(normaliseDetails({ ...GIVEN, ...change }));
}

test('details are trimmed, and what is empty or there twice is left out', () => {
  expect(normaliseDetails(GIVEN)).toEqual({
    clientUserId: 'POL-1',
    clientUserEmail: 'Max@Example.org',
    firstName: 'Zoë',
    suggestedSources: ['Clinic', 'Pharmacy'],
  });
});

test('the same person told with other spacing, case of the e-mail or Unicode form has the same digest', () => {
  expect(digest({ clientUserEmail: 'max@example.org' })).toBe(digest());
  expect(digest({ firstName: 'Zoe\u0308' })).toBe(digest());
  expect(digest({ suggestedSources: ['Clinic', 'Pharmacy'] })).toBe(digest());
  expect(digest()).toMatch(/^[0-9a-f]{64}$/);
});

test('every other difference changes the digest', () => {
  const digests = [
    digest(),
    digest({ clientUserId: 'POL-2' }),
    digest({ clientUserEmail: 'max@example.com' }),
    digest({ firstName: 'ZOË' }),
    digest({ lastName: 'Zoë', firstName: '' }),
    digest({ dateOfBirth: '1968-02-13' }),
    digest({ suggestedSources: ['Pharmacy', 'Clinic'] }),
    digest({ suggestedSources: [] }),
  ];
  expect(new Set(digests).size).toBe(digests.length);
});

test('the digest of details in ASCII is that of 0.1.0, so that who runs is found again', () => {
  const ascii = {
    clientUserId: 'POL-1',
    clientUserEmail: 'Max@Example.org',
    firstName: 'Max',
    suggestedSources: ['A'],
  };
  // SHA-256 of ["POL-1","max@example.org","Max",null,null,["A"]].
  expect(detailsDigest(normaliseDetails(ascii))).toBe(
    '70fe58cf7183d20fdbc2adc4d7b4c4de2d6c3c208cc32a8a0120a9d77c059f85',
  );
});

test('an address with its domain in ASCII is the same, and is sent as it was given', () => {
  const given = { ...GIVEN, clientUserEmail: 'Ann@bu\u0308cher.example' };
  expect(normaliseDetails(given).clientUserEmail).toBe('Ann@b\u00FCcher.example');
  expect(detailsDigest(normaliseDetails(given))).toBe(digest({ clientUserEmail: 'ann@xn--bcher-kva.example' }));
});
