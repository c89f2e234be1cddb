import { type FileEncryption, requireCipher } from '../domain/encryption';
import { Encryptor, openFile } from './envelope';
import { AlteredDocument } from './errors';
import { SHELF_FOLDER, type Shelf } from './shelf';

/** Files of the shelf that are encrypted where there are keys. A plain file is read too. */
export interface EncryptedShelf {
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Null if the file does not exist. @throws AlteredDocument; KeyMissing */
  get(name: string): Promise<Buffer | null>;
  /** As {@link Shelf.update}, on the clear bytes. @throws AlteredDocument; KeyMissing */
  update: Shelf['update'];
  list: Shelf['list'];
  remove: Shelf['remove'];
}

export function openEncryptedShelf(shelf: Shelf, encryption: FileEncryption): EncryptedShelf {
  const encode = (name: string, bytes: Uint8Array): Uint8Array => {
    if (!encryption.encrypts) return bytes;
    const encryptor = new Encryptor(requireCipher(encryption), contextOf(name));
    return Buffer.concat([encryptor.take(bytes), encryptor.finish()]);
  };
  const decode = async (name: string, bytes: Buffer): Promise<Buffer> => {
    try {
      const { clear } = await openFile(piecesOf(bytes), contextOf(name), () => requireCipher(encryption));
      const pieces: Buffer[] = [];
      for await (const piece of clear) pieces.push(piece);
      return Buffer.concat(pieces);
    } catch (error) {
      throw error instanceof AlteredDocument ? new AlteredDocument(`${contextOf(name)}: ${error.message}`) : error;
    }
  };
  return {
    put: (name, bytes) => shelf.put(name, encode(name, bytes)),
    async get(name) {
      const bytes = await shelf.get(name);
      return bytes && decode(name, bytes);
    },
    update: (name, change) =>
      shelf.update(name, async (bytes) => {
        const next = await change(bytes && (await decode(name, bytes)));
        return typeof next === 'string' ? next : encode(name, next);
      }),
    list: shelf.list,
    remove: shelf.remove,
  };
}

/** @throws AlteredDocument without the text, which may hold personal data */
export function parseStoredJson<T>(bytes: Buffer): T {
  try {
    return JSON.parse(bytes.toString()) as T;
  } catch {
    throw new AlteredDocument('a file of the shelf is no JSON: it was altered. Restore it from a backup');
  }
}

/** What the encryption of a file is bound to. Do not change it: existing files could not be decrypted. */
function contextOf(name: string): string {
  return `${SHELF_FOLDER}/${name}`;
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
