import { type FileEncryption, requireCipher } from '../domain/encryption';
import { encodeLine, type ScannedLine } from './frame';

/** `atMs`: when it arrived, ms since 1970. `text`: one line, which the spool does not interpret. */
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

/** The line of a record. */
export function encodeRecord({ atMs, text }: SpoolRecord, encryption: FileEncryption): Buffer {
  const plain = Buffer.from(`${atMs} ${text}`);
  if (!encryption.encrypts) return encodeLine('plain', plain);
  const encrypted = Buffer.from(requireCipher(encryption).encrypt(plain, BOUND_TO));
  return encodeLine('sealed', Buffer.from(encrypted.toString('base64'), 'latin1'));
}

/** The record in a line. Both forms are read, because the setting may have changed since it was written. */
export function decodeRecord(
  line: Extract<ScannedLine, { kind: 'record' }>,
  encryption: FileEncryption,
): DecodedRecord {
  let plain: Uint8Array | null = line.payload;
  if (line.form === 'sealed') {
    try {
      plain = requireCipher(encryption).decrypt(Buffer.from(line.payload.toString('latin1'), 'base64'), BOUND_TO);
    } catch (error) {
      return { kind: 'key-missing', error };
    }
  }
  const [, atMs, text] = /^(\d{1,15}) (.*)$/s.exec(plain === null ? '' : Buffer.from(plain).toString()) ?? [];
  return atMs === undefined || text === undefined
    ? { kind: 'unreadable' }
    : { kind: 'record', record: { atMs: Number(atMs), text } };
}
