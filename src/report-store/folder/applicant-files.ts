import { constants, type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { nullIfAbsent } from '../../disk/folders';
import { type FileEncryption, requireCipher } from '../../domain/encryption';
import { type DecryptedFile, Encryptor, openFile } from '../envelope';
import { type DecryptedRange, openRange, type SeekableFile } from '../envelope-range';
import { folderName, withoutDigest } from '../layout';
import type { ByteRange } from '../port';
import type { FolderIdentity } from './identity';
import { rejectLinks } from './store-folders';

/** A file of an applicant, open for reading. */
export interface OpenDocument extends DecryptedFile {
  readonly changedAt: Date;
  close(): Promise<void>;
}

/** A part of a file of an applicant, open for reading. */
export interface OpenRange extends DecryptedRange {
  close(): Promise<void>;
}

/** The files of one applicant in a folder store. `file` is relative to the applicant's folder, with "/" on every platform. */
export class ApplicantFiles {
  readonly path: string;

  /** `draftFolder` is on the same file system. @throws Error for an invalid clientUserId */
  constructor(
    readonly base: string,
    readonly draftFolder: string,
    readonly clientUserId: string,
    private readonly encryption: FileEncryption,
    readonly identity: FolderIdentity,
  ) {
    this.path = join(base, folderName(clientUserId));
  }

  pathOf(file: string): string {
    return join(this.path, file);
  }

  /** For the bytes of a new file; null if they are stored in clear. */
  encryptorFor(file: string): Encryptor | null {
    return this.encryption.encrypts ? new Encryptor(requireCipher(this.encryption), this.contextOf(file)) : null;
  }

  /** The bytes to write for a text. */
  encodeText(file: string, text: string): string | Uint8Array {
    const encryptor = this.encryptorFor(file);
    return encryptor ? Buffer.concat([encryptor.take(Buffer.from(text)), encryptor.finish()]) : text;
  }

  /** Null if the file does not exist. @throws AlteredDocument; KeyMissing; LinkInStore */
  async open(file: string): Promise<OpenDocument | null> {
    return this.openHandle(file, async (handle) => {
      const { mtime } = await handle.stat();
      const opened = await openFile(readPieces(handle), this.contextOf(file), () => requireCipher(this.encryption));
      return { ...opened, changedAt: mtime, close: () => handle.close() };
    });
  }

  /** Opens a part of the file, like {@link open}. */
  async openRange(file: string, range: ByteRange): Promise<OpenRange | null> {
    return this.openHandle(file, async (handle) => {
      const bytes = await toSeekable(handle);
      const opened = await openRange(bytes, range, this.contextOf(file), () => requireCipher(this.encryption));
      return { ...opened, close: () => handle.close() };
    });
  }

  /** Closes the handle if `use` fails. */
  private async openHandle<T>(file: string, use: (handle: FileHandle) => Promise<T>): Promise<T | null> {
    const path = this.pathOf(file);
    if (!(await rejectLinks(this.base, path))) return null;
    const handle = await nullIfAbsent(open(path, constants.O_RDONLY | constants.O_NOFOLLOW));
    if (handle === null) return null;
    try {
      return await use(handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The text of a file, or only its first piece; null if the file does not exist. @throws AlteredDocument; KeyMissing; LinkInStore */
  async readText(file: string, { onlyFirstPiece = false } = {}): Promise<string | null> {
    const opened = await this.open(file);
    if (opened === null) return null;
    try {
      const pieces: Buffer[] = [];
      for await (const piece of opened.clear) {
        pieces.push(piece);
        if (onlyFirstPiece) break;
      }
      return Buffer.concat(pieces).toString('utf8');
    } finally {
      await opened.close();
    }
  }

  /** What the encryption of a file is bound to. Do not change it: existing files could not be decrypted. */
  private contextOf(file: string): string {
    return `${this.clientUserId}/${withoutDigest(file)}`;
  }
}

const PIECE_BYTES = 64 * 1024;

async function* readPieces(handle: FileHandle): AsyncGenerator<Buffer> {
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

async function toSeekable(handle: FileHandle): Promise<SeekableFile> {
  const { size } = await handle.stat();
  return {
    size,
    async read(position, length) {
      const buffer = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    },
  };
}
