import { type Cipher, KeyMissing } from '../domain/encryption';
import { encodeLine, type ScannedLine } from './frame';

/** `atMs`: when it arrived, ms since 1970. `text`: one line, which only its writer understands. */
export interface SpoolRecord {
  readonly atMs: number;
  readonly text: string;
}

/** `unreadable`: can never be decrypted. */
export type DecodedRecord =
  | { readonly kind: 'record'; readonly record: SpoolRecord }
  | { readonly kind: 'key-missing'; readonly error: unknown }
  | { readonly kind: 'unreadable' };

/** What the encryption is bound to: the same in all segments, because other webhooks may claim them. */
const BOUND_TO = 'spool';

/** The line of a record, encrypted if there is a cipher. */
export function encodeRecord({ atMs, text }: SpoolRecord, cipher: Cipher | null): Buffer {
  const plain = Buffer.from(`${atMs} ${text}`);
  if (cipher === null) return encodeLine('plain', plain);
  return encodeLine('sealed', Buffer.from(Buffer.from(cipher.encrypt(plain, BOUND_TO)).toString('base64'), 'latin1'));
}

/** The record in a line. A plain one is accepted with keys too: it may have been written before they were set. */
export function decodeRecord(line: Extract<ScannedLine, { kind: 'record' }>, cipher: Cipher | null): DecodedRecord {
  let plain: Uint8Array | null = line.payload;
  if (line.form === 'sealed') {
    if (cipher === null) return { kind: 'key-missing', error: new KeyMissing('of an earlier setting') };
    try {
      plain = cipher.decrypt(Buffer.from(line.payload.toString('latin1'), 'base64'), BOUND_TO);
    } catch (error) {
      return { kind: 'key-missing', error };
    }
  }
  const [, atMs, text] = /^(\d{1,15}) (.*)$/s.exec(plain === null ? '' : Buffer.from(plain).toString()) ?? [];
  return atMs === undefined || text === undefined
    ? { kind: 'unreadable' }
    : { kind: 'record', record: { atMs: Number(atMs), text } };
}
