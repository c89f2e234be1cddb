import { detailsDigest, normalizeDetails } from '../../src/temporal/details';
import type { ApplicantDetails } from '../../src/workflows/contract';

const DETAILS: ApplicantDetails = {
  clientUserId: 'POL-1',
  clientUserEmail: ' Max@Example.org ',
  firstName: ' Zoë ',
  lastName: '',
  suggestedSources: [' Clinic ', 'Pharmacy', 'Clinic', ''],
};

function digest(change: Partial<ApplicantDetails> = {}): string {
  return detailsDigest(normalizeDetails({ ...DETAILS, ...change }));
}

test('details are trimmed, without empty fields and repeated sources', () => {
  expect(normalizeDetails(DETAILS)).toEqual({
    clientUserId: 'POL-1',
    clientUserEmail: 'Max@Example.org',
    firstName: 'Zoë',
    suggestedSources: ['Clinic', 'Pharmacy'],
  });
});

test('spacing, the case of the e-mail and the Unicode form do not change the digest', () => {
  expect(digest({ clientUserEmail: 'max@example.org' })).toBe(digest());
  expect(digest({ firstName: 'Zoe\u0308' })).toBe(digest());
  expect(digest({ suggestedSources: ['Clinic', 'Pharmacy'] })).toBe(digest());
  expect(digest()).toMatch(/^[0-9a-f]{64}$/);
});

test('any other difference changes the digest', () => {
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

test('the digest of ASCII details is that of 0.1.0, so that running applicants are found again', () => {
  const ascii = {
    clientUserId: 'POL-1',
    clientUserEmail: 'Max@Example.org',
    firstName: 'Max',
    suggestedSources: ['A'],
  };
  // SHA-256 of ["POL-1","max@example.org","Max",null,null,["A"]].
  expect(detailsDigest(normalizeDetails(ascii))).toBe(
    '70fe58cf7183d20fdbc2adc4d7b4c4de2d6c3c208cc32a8a0120a9d77c059f85',
  );
});

test('a domain in ASCII has the same digest, and the address is sent in its original form', () => {
  const unicode = { ...DETAILS, clientUserEmail: 'Ann@bu\u0308cher.example' };
  expect(normalizeDetails(unicode).clientUserEmail).toBe('Ann@b\u00FCcher.example');
  expect(detailsDigest(normalizeDetails(unicode))).toBe(digest({ clientUserEmail: 'ann@xn--bcher-kva.example' }));
});
