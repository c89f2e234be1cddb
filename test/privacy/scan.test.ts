import { gzipSync } from 'node:zlib';
import { scan } from './scan';

const CANARY = 'kanarie/Zoë+7 @x';
const WRITTEN: readonly [string, Buffer][] = [
  ['plain', Buffer.from(CANARY)],
  ...[0, 1, 2].map((at): [string, Buffer] => [
    `in base64, ${at} bytes into a group`,
    Buffer.from(Buffer.from(`${'-'.repeat(at)}${CANARY}--`).toString('base64')),
  ]),
  ['in base64url', Buffer.from(Buffer.from(CANARY).toString('base64url'))],
  ['in hex', Buffer.from(Buffer.from(CANARY).toString('hex'))],
  ['URL-encoded', Buffer.from(encodeURIComponent(CANARY))],
  ['in UTF-16, little-endian', Buffer.from(CANARY, 'utf16le')],
  ['in UTF-16, big-endian', Buffer.from(CANARY, 'utf16le').swap16()],
  ['in gzip', gzipSync(CANARY)],
  ['in gzip that holds base64', gzipSync(Buffer.from(CANARY).toString('base64'))],
];

describe('the scan for canaries', () => {
  test.each(WRITTEN)('finds one that is written %s, among other bytes', (_how, written) => {
    expect(scan(Buffer.concat([Buffer.from('before'), written]), [CANARY])).not.toEqual([]);
    expect(scan(Buffer.concat([Buffer.alloc(5), written, Buffer.alloc(40)]), [CANARY])).not.toEqual([]);
  });

  test('finds a quoted one as JSON escapes it', () => {
    expect(scan(Buffer.from(JSON.stringify('say "Zoë"')), ['say "Zoë"'])).toMatchObject([{ form: 'json' }]);
  });

  test('finds nothing in other texts', () => {
    expect(scan(Buffer.concat([gzipSync('another'), Buffer.from('another')]), [CANARY])).toEqual([]);
  });
});
