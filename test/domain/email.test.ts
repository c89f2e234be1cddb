import { isSameEmail, normalizeEmail } from '../../src/domain/email';

test.each([
  ['outer spaces and case', ' Max@Example.ORG ', 'max@example.org'],
  ['Unicode', 'ann@b\u00FCcher.example', 'ann@xn--bcher-kva.example'],
  ['decomposed Unicode', 'ann@bu\u0308cher.example', 'ann@xn--bcher-kva.example'],
  ['capitals', 'Ann@B\u00DCCHER.Example', 'ann@xn--bcher-kva.example'],
  ['an ideographic full stop', 'ann@b\u00FCcher\u3002example', 'ann@xn--bcher-kva.example'],
  ['an ASCII form', 'ann@XN--BCHER-KVA.example', 'ann@xn--bcher-kva.example'],
  ['a decomposed local part', 'Zoe\u0308@example.org', 'zo\u00EB@example.org'],
  ['a number as domain', 'ann@1.2', 'ann@1.2'],
])('%s: %j is normalized to %j', (_what, email, normalized) => {
  expect(normalizeEmail(email)).toBe(normalized);
  expect(isSameEmail(email, normalized)).toBe(true);
});

test.each(['ann@b\u00FCcher/x.example', 'ann@\u00AD', 'ann@b\u00FC@x', 'no domain \u00FC', '', '@'])(
  '%j, which is not an address, loses no character',
  (email) => expect(normalizeEmail(email)).toBe(email.toLowerCase()),
);

test.each([
  ['ann@bucher.example', 'ann@bücher.example'],
  ['rene@example.org', 'rené@example.org'],
  ['ann@example.org', 'ann@example.com'],
  ['ann@a b', 'ann@c d'],
  ['ann', 'ann@'],
])('%s and %s are two addresses', (first, second) => {
  expect(isSameEmail(first, second)).toBe(false);
});
