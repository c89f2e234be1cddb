import type { Cipher } from '../domain/encryption';
import {
  CHUNK_BYTES,
  type DecryptedFile,
  decryptChunk,
  LENGTH_BYTES,
  MAGIC,
  nonceOf,
  TAG_BYTES,
  unwrapKey,
  wrappedBytes,
} from './envelope';
import { AlteredDocument } from './errors';
import type { ByteRange } from './port';

/** A file that can be read at any position. `read` returns fewer bytes only at the end of the file. */
export interface SeekableFile {
  readonly size: number;
  read(position: number, length: number): Promise<Buffer>;
}

/** A part of a file, decrypted where it is encrypted. `clearSize`: bytes of the whole clear file, as far as its length shows. */
export interface DecryptedRange extends DecryptedFile {
  readonly clearSize: number;
}

/** Reads only the chunks of the range. Each encrypted one is verified; a plain file has nothing to verify. @throws AlteredDocument; KeyMissing */
export async function openRange(
  file: SeekableFile,
  range: ByteRange,
  context: string,
  cipher: () => Cipher,
): Promise<DecryptedRange> {
  const magic = await file.read(0, MAGIC.byteLength);
  if (!magic.equals(MAGIC)) return { encrypted: false, clearSize: file.size, clear: readRange(file, range) };
  const length = await file.read(MAGIC.byteLength, LENGTH_BYTES);
  const keyAt = MAGIC.byteLength + LENGTH_BYTES;
  const wrapped = await file.read(keyAt, wrappedBytes(length));
  const key = unwrapKey(wrapped, context, cipher);
  const headBytes = keyAt + wrapped.byteLength;
  const chunks = Math.ceil((file.size - headBytes) / (CHUNK_BYTES + TAG_BYTES));
  const clearSize = file.size - headBytes - chunks * TAG_BYTES;
  return { encrypted: true, clearSize, clear: decryptRange(file, range, key, headBytes, chunks) };
}

async function* readRange(file: SeekableFile, { start, end }: ByteRange): AsyncGenerator<Buffer> {
  for (let at = start; at <= end; ) {
    const piece = await file.read(at, Math.min(CHUNK_BYTES, end + 1 - at));
    if (piece.byteLength === 0) throw new AlteredDocument('the file ends before the range. Restore it from a backup');
    yield piece;
    at += piece.byteLength;
  }
}

async function* decryptRange(
  file: SeekableFile,
  { start, end }: ByteRange,
  key: Uint8Array,
  headBytes: number,
  chunks: number,
): AsyncGenerator<Buffer> {
  for (let index = Math.floor(start / CHUNK_BYTES); index * CHUNK_BYTES <= end; index += 1) {
    const chunk = await file.read(headBytes + index * (CHUNK_BYTES + TAG_BYTES), CHUNK_BYTES + TAG_BYTES);
    const clear = decryptChunk(chunk, key, nonceOf(index, index === chunks - 1));
    const firstAt = index * CHUNK_BYTES;
    yield clear.subarray(Math.max(0, start - firstAt), end + 1 - firstAt);
  }
}
