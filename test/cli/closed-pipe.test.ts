import { PassThrough } from 'node:stream';
import { ignoreClosedPipe, isClosedPipe } from '../../src/cli/closed-pipe';

const failure = (code: string) => Object.assign(new Error(code), { code });

test('a closed pipe does not end the process', () => {
  const stream = new PassThrough();
  ignoreClosedPipe(stream);
  expect(stream.emit('error', failure('EPIPE'))).toBe(true);
  expect(stream.emit('error', failure('EPIPE'))).toBe(true);
});

test('other stream errors are thrown', () => {
  const stream = new PassThrough();
  ignoreClosedPipe(stream);
  expect(() => stream.emit('error', failure('ENOSPC'))).toThrow('ENOSPC');
  expect(isClosedPipe(failure('EIO'))).toBe(false);
});
