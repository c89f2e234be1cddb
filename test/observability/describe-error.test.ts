import { describeError } from '../../src/observability/describe-error';

class OwnError extends Error {
  readonly kind = 'not-found';
}

describe('an error in a log line', () => {
  test('keeps the message of our own classes', () => {
    expect(describeError(new OwnError('GET /users/{humanId}: not found (404)'))).toEqual({
      name: 'Error',
      kind: 'not-found',
      message: 'GET /users/{humanId}: not found (404)',
    });
  });

  test('drops the message of other errors, which may quote their input', () => {
    let failure: unknown;
    try {
      JSON.parse('{"firstName": Max Muster}');
    } catch (error) {
      failure = error;
    }
    expect(JSON.stringify(describeError(failure))).toBe('{"name":"SyntaxError"}');
  });

  test('names the code of each cause, and stops at a circular cause', () => {
    const refused = Object.assign(new Error('connect 10.0.0.1:1'), { code: 'ECONNREFUSED' });
    const circular = new OwnError('outer', { cause: refused });
    refused.cause = circular;
    const described = describeError(circular);
    expect(described.cause).toMatchObject({ name: 'Error', code: 'ECONNREFUSED', cause: { message: 'outer' } });
    expect(JSON.stringify(described).length).toBeLessThan(500);
  });

  test('drops names and codes that are not identifiers', () => {
    const planted = Object.assign(new Error('x'), { name: 'max@example.org', code: 'Max Muster' });
    expect(describeError(planted)).toEqual({ name: 'Error' });
    expect(describeError('max@example.org')).toEqual({ name: 'string' });
  });
});
