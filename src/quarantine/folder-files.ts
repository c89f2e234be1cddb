import { readdir, readFile, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeAtomically } from '../disk/atomic-file';
import { makePrivateFolder, nullIfAbsent } from '../disk/folders';

/** Where records are stored, by names such as `quarantine/<id>.json`. The shelf of a report store is one. */
export interface QuarantineFiles {
  /** Writes the whole file or nothing; replaces a file of this name. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  get(name: string): Promise<Buffer | null>;
  /** Names with this prefix. */
  list(prefix: string): Promise<readonly string[]>;
  remove(name: string): Promise<boolean>;
  /** Bytes of a file, 0 if it is gone. Without it only the number of records is capped. */
  size?(name: string): Promise<number>;
}

/** Files of a folder on this host. A folder of a name is created by the first file in it. */
export function createFolderFiles(base: string): QuarantineFiles {
  return {
    async put(name, bytes) {
      const path = join(base, name);
      await makePrivateFolder(dirname(path));
      await writeAtomically(path, join(dirname(path), `.${basename(path)}.draft`), bytes);
    },
    get: (name) => nullIfAbsent(readFile(join(base, name))),
    async list(prefix) {
      const names = await nullIfAbsent(readdir(join(base, prefix)));
      return (names ?? []).map((name) => prefix + name);
    },
    remove: async (name) => (await nullIfAbsent(unlink(join(base, name)).then(() => true))) ?? false,
    size: async (name) => (await nullIfAbsent(stat(join(base, name))))?.size ?? 0,
  };
}
