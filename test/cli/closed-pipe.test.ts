import { PassThrough } from 'node:stream';
import { ignoreClosedPipe, isClosedPipe } from '../../src/cli/closed-pipe';

const failure = (code: string) => Object.assign(new Error(code), { code });

test('a stream whose reader has gone takes nothing more, and ends nothing', () => {
  const stream = new PassThrough();
  ignoreClosedPipe(stream);
  expect(stream.emit('error', failure('EPIPE'))).toBe(true);
  expect(stream.emit('error', failure('EPIPE'))).toBe(true);
});

test('every other failure of a stream is not hidden', () => {
  const stream = new PassThrough();
  ignoreClosedPipe(stream);
  expect(() => stream.emit('error', failure('ENOSPC'))).toThrow('ENOSPC');
  expect(isClosedPipe(failure('EIO'))).toBe(false);
});
