import { type Cipher, KeyMissing } from '../domain/encryption';
import { type Found, lineOf } from './frame';

/** Something that must not be lost: when it came (ms since 1970), and a text of one line that its writer understands. */
export interface SpoolRecord {
  readonly atMs: number;
  readonly text: string;
}

/** What became of a line: its record; `locked`, where the key is not ours or not yet ours again; `unreadable` for good. */
export type Opened =
  | { readonly kind: 'open'; readonly record: SpoolRecord }
  | { readonly kind: 'locked'; readonly error: unknown }
  | { readonly kind: 'unreadable' };

/** What is sealed for the spool opens in no other place; any segment of any webhook is one place, because segments are taken over. */
const PLACE = 'spool';

/** A record as the line that holds it, sealed where there is a seal. */
export function writeRecord({ atMs, text }: SpoolRecord, seal: Cipher | null): Buffer {
  const plain = Buffer.from(`${atMs} ${text}`);
  if (seal === null) return lineOf('plain', plain);
  return lineOf('sealed', Buffer.from(Buffer.from(seal.encrypt(plain, PLACE)).toString('base64'), 'latin1'));
}

/** The record of a line. A plain one is read also where keys are set: it was written before they were. */
export function readRecord(line: Extract<Found, { kind: 'record' }>, seal: Cipher | null): Opened {
  let plain: Uint8Array | null = line.payload;
  if (line.form === 'sealed') {
    if (seal === null) return { kind: 'locked', error: new KeyMissing('of an earlier setting') };
    try {
      plain = seal.decrypt(Buffer.from(line.payload.toString('latin1'), 'base64'), PLACE);
    } catch (error) {
      return { kind: 'locked', error };
    }
  }
  const [, atMs, text] = /^(\d{1,15}) (.*)$/s.exec(plain === null ? '' : Buffer.from(plain).toString()) ?? [];
  return atMs === undefined || text === undefined
    ? { kind: 'unreadable' }
    : { kind: 'open', record: { atMs: Number(atMs), text } };
}
