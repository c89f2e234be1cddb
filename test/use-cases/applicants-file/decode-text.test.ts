import { decodeText } from '../../../src/use-cases/applicants-file/decode-text';

async function decode(bytes: Uint8Array, chunkLength: number): Promise<string> {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkLength) yield bytes.subarray(at, at + chunkLength);
  }
  let text = '';
  for await (const each of decodeText(chunks())) text += each;
  return text;
}

const TEXT = 'a,é\r\n"😀"\n';
const LITTLE = Buffer.from(TEXT, 'utf16le');

test.each<[encoding: string, bytes: Uint8Array]>([
  ['UTF-8', Buffer.from(TEXT)],
  ['UTF-8 with its mark', Buffer.from(`\uFEFF${TEXT}`)],
  ['UTF-16 LE', LITTLE],
  ['UTF-16 LE with its mark', Buffer.from(`\uFEFF${TEXT}`, 'utf16le')],
  ['UTF-16 BE', Buffer.from(LITTLE).swap16()],
  ['UTF-16 BE with its mark', Buffer.from(`\uFEFF${TEXT}`, 'utf16le').swap16()],
])('reads %s in chunks of any length', async (_, bytes) => {
  for (const chunkLength of [1, 3, bytes.length]) expect(await decode(bytes, chunkLength)).toBe(TEXT);
});

test('reads a text that is shorter than a byte order mark', async () => {
  expect(await decode(Buffer.from('a'), 1)).toBe('a');
  expect(await decode(Buffer.alloc(0), 1)).toBe('');
});

test('replaces invalid bytes by U+FFFD, also an incomplete character at the end', async () => {
  expect(await decode(Buffer.from([0x61, 0x2c, 0xfc, 0x2c, 0xc3]), 1)).toBe('a,\uFFFD,\uFFFD');
});
