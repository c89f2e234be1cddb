import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Cipher } from '../domain/encryption';
import { AlteredDocument } from './errors';

/**
 * The format of an encrypted file: magic, length of the wrapped key (2 bytes), the wrapped key, chunks. Each file has a random key. The
 * {@link Cipher} wraps it and binds it to the place of the file, so a file moved to another applicant or name cannot be decrypted. Chunks are
 * AES-256-GCM of 64 KiB each, the last one shorter. The nonce has the number of the chunk and whether it is the last (STREAM: Hoang,
 * Reyhanitabar, Rogaway, Vizár, 2015), so bytes that were truncated, swapped, repeated or appended cannot be decrypted either.
 */
export const MAGIC = Buffer.from([0x89, 0x43, 0x57, 0x44, 0x0d, 0x0a, 0x1a, 0x01]); // like PNG's: no text and no report begins with it
const KEY_BYTES = 32;
export const LENGTH_BYTES = 2;
export const CHUNK_BYTES = 64 * 1024;
export const TAG_BYTES = 16;
const NONCE_BYTES = 12;
/** The last byte of a nonce marks the last chunk, the four before it count the chunks: 2^32 chunks are 256 TiB. */
const COUNTER_AT = 7;
const CIPHER = 'aes-256-gcm';

/** Encrypts bytes that arrive in pieces, in the memory of a few chunks. The results of `take` and `finish`, concatenated, are the file. */
export class Encryptor {
  private readonly key = randomBytes(KEY_BYTES);
  private readonly pieces: Uint8Array[] = [];
  private pendingBytes = 0;
  private chunks = 0;
  private head: Buffer | null;

  constructor(cipher: Cipher, context: string) {
    const wrapped = cipher.encrypt(this.key, context);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt16BE(wrapped.byteLength);
    this.head = Buffer.concat([MAGIC, length, wrapped]);
  }

  /** What can be written so far; often empty. */
  take(piece: Uint8Array): Buffer {
    this.pieces.push(Buffer.from(piece));
    this.pendingBytes += piece.byteLength;
    // A full chunk may still be the last.
    return this.pendingBytes > CHUNK_BYTES ? this.encryptPending(false) : Buffer.alloc(0);
  }

  /** The rest of the file. */
  finish(): Buffer {
    return this.encryptPending(true);
  }

  private encryptPending(isEnd: boolean): Buffer {
    const pending = Buffer.concat(this.pieces.splice(0));
    const parts: Buffer[] = this.head ? [this.head] : [];
    this.head = null;
    let at = 0;
    for (; pending.byteLength - at > CHUNK_BYTES; at += CHUNK_BYTES) {
      parts.push(this.chunk(pending.subarray(at, at + CHUNK_BYTES), false));
    }
    const rest = pending.subarray(at);
    if (isEnd) parts.push(this.chunk(rest, true));
    else this.pieces.push(rest);
    this.pendingBytes = rest.byteLength;
    return Buffer.concat(parts);
  }

  private chunk(plain: Buffer, isLast: boolean): Buffer {
    const cipher = createCipheriv(CIPHER, this.key, nonceOf(this.chunks, isLast));
    this.chunks += 1;
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }
}

/** A file's bytes, decrypted where they are encrypted. */
export interface DecryptedFile {
  readonly encrypted: boolean;
  /** Can be read once. @throws AlteredDocument within the loop; the pieces before it are correct, but not all */
  readonly clear: AsyncGenerator<Buffer>;
}

/** Reads a file that may be encrypted; its first bytes decide. `cipher` is called only for encrypted ones. @throws AlteredDocument; KeyMissing */
export async function openFile(
  file: AsyncIterable<Uint8Array>,
  context: string,
  cipher: () => Cipher,
): Promise<DecryptedFile> {
  const bytes = new PieceReader(file);
  const magic = await bytes.read(MAGIC.byteLength);
  if (!magic.equals(MAGIC)) return { encrypted: false, clear: bytes.readRest(magic) };
  const length = await bytes.read(LENGTH_BYTES);
  const wrapped = await bytes.read(wrappedBytes(length));
  return { encrypted: true, clear: decryptChunks(bytes, unwrapKey(wrapped, context, cipher)) };
}

/** The length of the wrapped key; 0 if the file ends before it. */
export function wrappedBytes(length: Buffer): number {
  return length.byteLength === LENGTH_BYTES ? length.readUInt16BE() : 0;
}

/** @throws AlteredDocument; KeyMissing */
export function unwrapKey(wrapped: Buffer, context: string, cipher: () => Cipher): Uint8Array {
  const key = cipher().decrypt(wrapped, context);
  if (key?.byteLength !== KEY_BYTES) throw altered();
  return key;
}

async function* decryptChunks(bytes: PieceReader, key: Uint8Array): AsyncGenerator<Buffer> {
  let chunk = await bytes.read(CHUNK_BYTES + TAG_BYTES);
  for (let index = 0; ; index += 1) {
    const next = await bytes.read(CHUNK_BYTES + TAG_BYTES);
    const isLast = next.byteLength === 0;
    yield decryptChunk(chunk, key, nonceOf(index, isLast));
    if (isLast) return;
    chunk = next;
  }
}

/** @throws AlteredDocument */
export function decryptChunk(chunk: Buffer, key: Uint8Array, nonce: Buffer): Buffer {
  const end = chunk.byteLength - TAG_BYTES;
  if (end < 0) throw altered();
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(chunk.subarray(end));
  try {
    return Buffer.concat([decipher.update(chunk.subarray(0, end)), decipher.final()]);
  } catch {
    throw altered(); // GCM reports only that the tag is wrong
  }
}

export function nonceOf(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUInt32BE(index, COUNTER_AT);
  nonce.writeUInt8(isLast ? 1 : 0, NONCE_BYTES - 1);
  return nonce;
}

function altered(): AlteredDocument {
  return new AlteredDocument('the encrypted file was altered, truncated or moved. Restore it from a backup');
}

/** Reads a given number of bytes from pieces of any size. */
class PieceReader {
  private readonly iterator: AsyncIterator<Uint8Array>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(file: AsyncIterable<Uint8Array>) {
    this.iterator = file[Symbol.asyncIterator]();
  }

  /** `length` bytes; fewer only at the end. */
  async read(length: number): Promise<Buffer> {
    const parts = [this.rest];
    let available = this.rest.byteLength;
    while (available < length) {
      const { done, value } = await this.iterator.next();
      if (done) break;
      parts.push(Buffer.from(value));
      available += value.byteLength;
    }
    const all = Buffer.concat(parts);
    this.rest = all.subarray(length);
    return all.subarray(0, length);
  }

  /** `first`, then all that is left. */
  async *readRest(first: Buffer): AsyncGenerator<Buffer> {
    let piece: Buffer = Buffer.concat([first, await this.read(CHUNK_BYTES - first.byteLength)]);
    for (; piece.byteLength > 0; piece = await this.read(CHUNK_BYTES)) yield piece;
  }
}
