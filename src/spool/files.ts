import { constants } from 'node:fs';
import { open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { makePrivateFolder, nullIfAbsent, PRIVATE_FILE, syncFolder } from '../disk/folders';

/** The file system of the spool; tests replace it with one that is full, slow or broken. Each call throws the system's error. */
export interface Files {
  /** Creates the folder and its parents (0700) and syncs them. */
  makeFolder(path: string): Promise<void>;
  /** A new file (0600), open for writing. */
  create(path: string): Promise<OpenFile>;
  read(path: string): Promise<Buffer>;
  /** Bytes. */
  size(path: string): Promise<number>;
  /** Id of the disk that a folder is on. */
  disk(folder: string): Promise<string>;
  list(folder: string): Promise<readonly string[]>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Fails if the folder is not empty. */
  removeFolder(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
}

export interface OpenFile {
  /** Appends; returns how many bytes were written, which may be fewer. */
  write(bytes: Uint8Array): Promise<number>;
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  /** Whether the path leads to this file. A deleted file still accepts writes, and they are lost. */
  isAt(path: string): Promise<boolean>;
  close(): Promise<void>;
}

const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_APPEND;

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
        const [own, named] = await Promise.all([handle.stat(), nullIfAbsent(stat(at))]);
        return own.ino === named?.ino && own.dev === named.dev;
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

/** Writes all bytes, in as many calls as it takes. */
export async function writeAll(file: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0; ) {
    const written = await file.write(rest);
    if (written <= 0) throw Object.assign(new Error('the file accepted no more bytes'), { code: 'EIO' });
    rest = rest.subarray(written);
  }
}
