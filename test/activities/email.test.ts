import { isSameEmail } from '../../src/activities/email';

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
