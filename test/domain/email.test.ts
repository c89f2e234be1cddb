import { isSameEmail, normalizeEmail } from '../../src/domain/email';

test.each([
  ['another case and spaces around', ' Max@Example.ORG '],
  ['the same', 'max@example.org'],
])('%s is the same address', (_, email) => {
  expect(normalizeEmail(email)).toBe('max@example.org');
});

test.each([
  ['in Unicode', 'ann@b\u00FCcher.example'],
  ['decomposed', 'ann@bu\u0308cher.example'],
  ['in capitals', 'Ann@B\u00DCCHER.Example'],
  ['with an ideographic full stop', 'ann@b\u00FCcher\u3002example'],
  ['in ASCII', 'ann@XN--BCHER-KVA.example'],
])('a domain %s compares in its ASCII form', (_, email) => {
  expect(normalizeEmail(email)).toBe('ann@xn--bcher-kva.example');
});

test('the local part is composed, and stays beyond ASCII', () => {
  expect(normalizeEmail('Zoe\u0308@example.org')).toBe('zo\u00EB@example.org');
});

test.each(['ann@b\u00FCcher/x.example', 'ann@\u00AD', 'ann@b\u00FC@x', 'no domain \u00FC', '', '@'])(
  'of %j, which is no address, nothing is left out',
  (email) => {
    expect(normalizeEmail(email)).toBe(email.toLowerCase());
  },
);

test('what a URL would read as a number stays as it is', () => {
  expect(normalizeEmail('ann@1.2')).toBe('ann@1.2');
});

test.each([
  ['ann@bücher.example', 'ann@xn--bcher-kva.example'],
  ['Ann@BÜCHER.example ', 'ann@bücher.example'],
  ['ann@bu\u0308cher.example', 'ann@XN--BCHER-KVA.example'],
  ['rene\u0301@example.org', 'rené@example.org'],
  ['ann@bücher。example', 'ann@bücher.example'],
])('%s and %s are one address', (one, other) => {
  expect(isSameEmail(one, other)).toBe(true);
});

test.each([
  ['ann@bucher.example', 'ann@bücher.example'],
  ['rene@example.org', 'rené@example.org'],
  ['ann@example.org', 'ann@example.com'],
  ['ann@a b', 'ann@c d'],
  ['ann', 'ann@'],
])('%s and %s are two', (one, other) => {
  expect(isSameEmail(one, other)).toBe(false);
});
