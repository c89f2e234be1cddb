import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Cipher } from '../domain/encryption';

/**
 * The form of an encrypted file: magic, length of the wrapped key (2 bytes), the wrapped key, chunks. The key is the file's own and random; the
 * {@link Cipher} wraps it for the file's place, so that a file moved to another applicant, or another name, does not open. Chunks are AES-256-GCM
 * of 64 KiB each, the last one shorter; their nonces count them and tell the last (STREAM: Hoang, Reyhanitabar, Rogaway, Vizár, 2015), so that
 * what was cut, swapped, repeated or appended does not open either. Memory: some chunks, whatever the size.
 */
export const MAGIC = Buffer.from([0x89, 0x43, 0x57, 0x44, 0x0d, 0x0a, 0x1a, 0x01]); // as of PNG: no text and no report begins like this
const KEY_BYTES = 32;
const LENGTH_BYTES = 2;
const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
/** Its last byte tells the last chunk, the four before it which one it is: 2^32 chunks are 256 TiB. */
const COUNTER_AT = 7;
const CIPHER = 'aes-256-gcm';

/** Bytes that claim to be encrypted and can never be opened here: altered, cut, or of another place. It quotes nothing of them. */
export class NotOpened extends Error {
  override readonly name = 'NotOpened';
}

/** Encrypts bytes that come in pieces; `place` is told by whoever opens them. Its results follow each other in the file. */
export class Sealing {
  private readonly key = randomBytes(KEY_BYTES);
  private readonly pieces: Uint8Array[] = [];
  private waiting = 0;
  private chunks = 0;
  private head: Buffer | null;

  constructor(seal: Cipher, place: string) {
    const wrapped = seal.encrypt(this.key, place);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt16BE(wrapped.byteLength);
    this.head = Buffer.concat([MAGIC, length, wrapped]);
  }

  /** What can be written by now; often nothing. */
  take(piece: Uint8Array): Buffer {
    this.pieces.push(Buffer.from(piece));
    this.waiting += piece.byteLength;
    // A chunk that is full may still turn out to be the last.
    return this.waiting > CHUNK_BYTES ? this.sealed(false) : Buffer.alloc(0);
  }

  /** The rest. */
  finish(): Buffer {
    return this.sealed(true);
  }

  private sealed(last: boolean): Buffer {
    const waiting = Buffer.concat(this.pieces.splice(0));
    const parts: Buffer[] = this.head ? [this.head] : [];
    this.head = null;
    let at = 0;
    for (; waiting.byteLength - at > CHUNK_BYTES; at += CHUNK_BYTES) {
      parts.push(this.chunk(waiting.subarray(at, at + CHUNK_BYTES), false));
    }
    const rest = waiting.subarray(at);
    if (last) parts.push(this.chunk(rest, true));
    else this.pieces.push(rest);
    this.waiting = rest.byteLength;
    return Buffer.concat(parts);
  }

  private chunk(plain: Buffer, last: boolean): Buffer {
    const cipher = createCipheriv(CIPHER, this.key, nonceOf(this.chunks, last));
    this.chunks += 1;
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }
}

/** A whole text, encrypted. */
export function sealedWhole(seal: Cipher, place: string, plain: Uint8Array): Buffer {
  const sealing = new Sealing(seal, place);
  return Buffer.concat([sealing.take(plain), sealing.finish()]);
}

/** How bytes lie in a file, told by its beginning, and what they are in clear. */
export interface Opened {
  readonly encrypted: boolean;
  /** To be read once. @throws NotOpened, within the loop: what came before it is true, and not all */
  readonly clear: AsyncGenerator<Buffer>;
}

/**
 * Opens a file that may be encrypted or not. `seal` is asked for where it is.
 * @throws NotOpened; UnknownKey where the key is not ours
 */
export async function openBytes(file: AsyncIterable<Uint8Array>, place: string, seal: () => Cipher): Promise<Opened> {
  const bytes = new Reader(file);
  const magic = await bytes.upTo(MAGIC.byteLength);
  if (!magic.equals(MAGIC)) return { encrypted: false, clear: bytes.all(magic) };
  const length = await bytes.upTo(LENGTH_BYTES);
  const wrapped = length.byteLength === LENGTH_BYTES ? await bytes.upTo(length.readUInt16BE()) : Buffer.alloc(0);
  const key = seal().decrypt(wrapped, place);
  if (key?.byteLength !== KEY_BYTES) throw notOpened();
  return { encrypted: true, clear: chunksOf(bytes, key) };
}

async function* chunksOf(bytes: Reader, key: Uint8Array): AsyncGenerator<Buffer> {
  let chunk = await bytes.upTo(CHUNK_BYTES + TAG_BYTES);
  for (let index = 0; ; index += 1) {
    const next = await bytes.upTo(CHUNK_BYTES + TAG_BYTES);
    const last = next.byteLength === 0;
    yield plainOf(chunk, key, nonceOf(index, last));
    if (last) return;
    chunk = next;
  }
}

function plainOf(chunk: Buffer, key: Uint8Array, nonce: Buffer): Buffer {
  const end = chunk.byteLength - TAG_BYTES;
  if (end < 0) throw notOpened();
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(chunk.subarray(end));
  try {
    return Buffer.concat([decipher.update(chunk.subarray(0, end)), decipher.final()]);
  } catch {
    throw notOpened(); // GCM says no more than that the tag is wrong
  }
}

function nonceOf(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUInt32BE(index, COUNTER_AT);
  nonce.writeUInt8(last ? 1 : 0, NONCE_BYTES - 1);
  return nonce;
}

function notOpened(): NotOpened {
  return new NotOpened(
    'expected an encrypted file as it was written, got one that was altered, cut or moved. Restore it from a backup',
  );
}

/** Takes bytes that come in pieces in pieces of our own. */
class Reader {
  private readonly iterator: AsyncIterator<Uint8Array>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(file: AsyncIterable<Uint8Array>) {
    this.iterator = file[Symbol.asyncIterator]();
  }

  /** So many bytes, fewer at the end only. */
  async upTo(length: number): Promise<Buffer> {
    const parts = [this.rest];
    let have = this.rest.byteLength;
    while (have < length) {
      const { done, value } = await this.iterator.next();
      if (done) break;
      parts.push(Buffer.from(value));
      have += value.byteLength;
    }
    const all = Buffer.concat(parts);
    this.rest = all.subarray(length);
    return all.subarray(0, length);
  }

  /** Whatever is left, behind what was taken. */
  async *all(before: Buffer): AsyncGenerator<Buffer> {
    yield before;
    for (let piece = await this.upTo(CHUNK_BYTES); piece.byteLength > 0; piece = await this.upTo(CHUNK_BYTES)) {
      yield piece;
    }
  }
}
