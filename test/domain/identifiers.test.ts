import { isClientUserId, isHumanId } from '../../src/domain/identifiers';

describe('a clientUserId', () => {
  test.each(['POL-20417', 'a', '7', 'A.b_c~d-e', 'x'.repeat(100)])('may be %s', (id) =>
    expect(isClientUserId(id)).toBe(true),
  );

  test.each([
    '',
    '-a',
    '.a',
    '..',
    '~a',
    '_a',
    'a b',
    ' a',
    'a\n',
    'a/b',
    'a\\b',
    'max@example.org',
    'a%2Fb',
    'ü',
    'x'.repeat(101),
    null,
    undefined,
    7,
    ['a'],
    {},
  ])('may not be %p, for it stands in workflow ids, folder names and logs', (id) =>
    expect(isClientUserId(id)).toBe(false),
  );
});

describe('a humanId', () => {
  test.each(['0123456789abcdef0123456789abcdef', '...', '-', 'x'.repeat(100)])('may be %s', (id) =>
    expect(isHumanId(id)).toBe(true),
  );

  test.each(['', '.', '..', 'a b', 'a/b', 'a\n', '@', 'x'.repeat(101), null, 5])('may not be %p', (id) =>
    expect(isHumanId(id)).toBe(false),
  );
});
