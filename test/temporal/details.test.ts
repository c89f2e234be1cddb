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
