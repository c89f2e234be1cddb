import { constants } from 'node:fs';
import { open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { isCode, makePrivateFolder, PRIVATE_FILE, syncFolder } from '../disk/folders';

/** The few things that the spool asks of a file system; a test hands in one that is full, slow or broken. Each rejects with the system's error. */
export interface Files {
  /** Makes the folder and all above it (0700), for good. */
  makeFolder(path: string): Promise<void>;
  /** A new file (0600), open for writing from its beginning; EEXIST where there is one. */
  create(path: string): Promise<OpenFile>;
  read(path: string): Promise<Buffer>;
  /** Its size in bytes. */
  size(path: string): Promise<number>;
  /** Tells apart on which disk a folder lies. */
  disk(folder: string): Promise<string>;
  /** The names in a folder. */
  list(folder: string): Promise<readonly string[]>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** ENOTEMPTY where something lies in it. */
  removeFolder(path: string): Promise<void>;
  /** Puts a folder's names on the disk: without it a file made or renamed can be forgotten by a power cut. */
  syncFolder(path: string): Promise<void>;
}

/** A file that is being written. */
export interface OpenFile {
  /** Writes behind what is written already; gives how many of the bytes were taken, which may be fewer. */
  write(bytes: Uint8Array): Promise<number>;
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  /** Whether the path still leads to this very file: one that has lost its name takes bytes, and is gone with its last holder. */
  isAt(path: string): Promise<boolean>;
  close(): Promise<void>;
}

const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_APPEND;

/** The file system itself. */
export const diskFiles: Files = {
  async makeFolder(path) {
    await makePrivateFolder(path);
  },
  async create(path) {
    const handle = await open(path, NEW_FILE, PRIVATE_FILE);
    return {
      write: async (bytes) => (await handle.write(bytes)).bytesWritten,
      sync: () => handle.datasync(),
      truncate: (size) => handle.truncate(size),
      isAt: async (at) => {
        const [own, there] = await Promise.all([handle.stat(), ifThere(stat(at))]);
        return own.ino === there?.ino && own.dev === there.dev;
      },
      close: () => handle.close(),
    };
  },
  read: (path) => readFile(path),
  size: async (path) => (await stat(path)).size,
  disk: async (folder) => String((await stat(folder)).dev),
  list: (folder) => readdir(folder),
  rename,
  remove: (path) => rm(path),
  removeFolder: rmdir,
  syncFolder,
};

/** Writes all of the bytes, however few are taken at a time. */
export async function writeAll(file: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0; ) {
    const taken = await file.write(rest);
    if (taken <= 0)
      throw Object.assign(new Error('expected the file to take more bytes, it took none'), { code: 'EIO' });
    rest = rest.subarray(taken);
  }
}

/** Puts a whole file under its name in one step: it is there with all its bytes, or not at all. `folder` holds both. */
export async function writeWhole(files: Files, folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const draft = `${folder}/.${name}.draft`;
  try {
    const file = await files.create(draft);
    try {
      await writeAll(file, bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await files.rename(draft, `${folder}/${name}`);
  } catch (error) {
    await files.remove(draft).catch(() => undefined);
    throw error;
  }
  await files.syncFolder(folder);
}

async function ifThere<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}
