import { decodeText } from '../../src/cli/decode-text';

async function decode(bytes: Uint8Array, pieceLength: number): Promise<string> {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceLength) yield bytes.subarray(at, at + pieceLength);
  }
  let text = '';
  for await (const each of decodeText(pieces())) text += each;
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
])('%s is read, however it is cut', async (_, bytes) => {
  for (const pieceLength of [1, 3, bytes.length]) expect(await decode(bytes, pieceLength)).toBe(TEXT);
});

test('a text of fewer bytes than a mark is text', async () => {
  expect(await decode(Buffer.from('a'), 1)).toBe('a');
  expect(await decode(Buffer.alloc(0), 1)).toBe('');
});

test('what is not in the encoding becomes U+FFFD, and what is cut off at the end too', async () => {
  expect(await decode(Buffer.from([0x61, 0x2c, 0xfc, 0x2c, 0xc3]), 1)).toBe('a,\uFFFD,\uFFFD');
});
