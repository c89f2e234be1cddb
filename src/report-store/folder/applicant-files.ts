import { constants, type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { isCode } from '../../disk/folders';
import { type Cipher, KeyMissing } from '../../domain/encryption';
import { type Opened, openBytes, Sealing, sealedWhole } from '../envelope';
import { applicantFolder } from '../layout';
import type { AtRest, Manifest } from '../port';
import { expectNoLinks } from './no-links';

/** An applicant's folder in a folder store. */
export interface ApplicantFolder {
  readonly files: ApplicantFiles;
  manifest(): Promise<Manifest | null>;
}

/** A file of an applicant, open for reading. */
export interface ClearFile extends Opened {
  readonly changedAt: Date;
  close(): Promise<void>;
}

/** One applicant's files in a folder store, in clear to us. `file` is always told from the applicant's folder, "/" on every platform. */
export class ApplicantFiles {
  readonly path: string;

  /** `incoming` is where everything lies until it is whole; the same file system. @throws Error for a clientUserId that is none */
  constructor(
    readonly base: string,
    readonly incoming: string,
    readonly clientUserId: string,
    private readonly atRest: AtRest,
  ) {
    this.path = join(base, applicantFolder(clientUserId));
  }

  pathOf(file: string): string {
    return join(this.path, file);
  }

  /** Whether what is written now is encrypted. */
  get encrypts(): boolean {
    return this.atRest.encrypts;
  }

  /** For the bytes of a file to be written; null: as they are. */
  sealing(file: string): Sealing | null {
    return this.encrypts ? new Sealing(this.seal(), this.placeOf(file)) : null;
  }

  /** What to write for a whole text. */
  written(file: string, text: string): string | Uint8Array {
    return this.encrypts ? sealedWhole(this.seal(), this.placeOf(file), Buffer.from(text)) : text;
  }

  /** Null where there is none. @throws NotOpened; UnknownKey; LinkInTheStore */
  async open(file: string): Promise<ClearFile | null> {
    const path = this.pathOf(file);
    if (!(await expectNoLinks(this.base, path))) return null;
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
      if (isCode(error, 'ENOENT')) return null;
      throw error;
    });
    if (handle === null) return null;
    try {
      const { mtime } = await handle.stat();
      const opened = await openBytes(piecesOf(handle), this.placeOf(file), () => this.seal());
      return { ...opened, changedAt: mtime, close: () => handle.close() };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Null where there is none. @throws NotOpened; UnknownKey; LinkInTheStore */
  async text(file: string): Promise<string | null> {
    const opened = await this.open(file);
    if (opened === null) return null;
    try {
      const pieces: Buffer[] = [];
      for await (const piece of opened.clear) pieces.push(piece);
      return Buffer.concat(pieces).toString('utf8');
    } finally {
      await opened.close();
    }
  }

  /** What an encrypted file is bound to. */
  private placeOf(file: string): string {
    return `${this.clientUserId}/${file}`;
  }

  private seal(): Cipher {
    if (this.atRest.seal === null) throw new KeyMissing('of an earlier setting');
    return this.atRest.seal;
  }
}

async function* piecesOf(handle: FileHandle): AsyncGenerator<Buffer> {
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

const PIECE_BYTES = 64 * 1024;
