import { isClientUserId, isHumanId } from '../../src/domain/identifiers';

test.each(['POL-20417', 'a', '7', 'A.b_c~d-e', 'x'.repeat(100)])('%s is a clientUserId', (id) =>
  expect(isClientUserId(id)).toBe(true),
);

test.each([
  ...['', '-a', '.a', '..', '~a', '_a', 'a b', ' a', 'a\n', 'a/b', 'a\\b', 'max@example.org', 'a%2Fb', 'ü'],
  ...['x'.repeat(101), null, undefined, 7, ['a'], {}],
])('%p is not a clientUserId, because workflow ids, folder names and logs contain it', (id) =>
  expect(isClientUserId(id)).toBe(false),
);

test.each(['0123456789abcdef0123456789abcdef', '...', '-', 'x'.repeat(100)])('%s is a humanId', (id) =>
  expect(isHumanId(id)).toBe(true),
);

test.each(['', '.', '..', 'a b', 'a/b', 'a\n', '@', 'x'.repeat(101), null, 5])('%p is not a humanId', (id) =>
  expect(isHumanId(id)).toBe(false),
);
