import { readdir, readFile, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomically } from '../../disk/atomic-file';
import { nullIfAbsent, syncFolder } from '../../disk/folders';
import { checkShelfName, folderOfPrefix, IDENTITY_FILE, SHELF_FOLDER, type Shelf } from '../shelf';
import { translateDiskErrors } from './disk-errors';
import { draftName } from './drafts';
import type { FolderIdentity } from './identity';
import { rewriteUnderLock } from './lock';
import { makeStoreFolder, rejectLinks } from './store-folders';

/** The shelf of a folder store. */
export function createFolderShelf(base: string, draftFolder: string, identity: FolderIdentity): Shelf {
  const root = join(base, SHELF_FOLDER);
  const pathOf = (name: string): string => join(root, checkShelfName(name));

  return {
    async put(name, bytes) {
      const path = pathOf(name);
      await translateDiskErrors(async () => {
        await identity.read();
        await makeStoreFolder(base, draftFolder);
        await makeStoreFolder(base, dirname(path));
        await writeAtomically(path, join(draftFolder, draftName()), bytes);
      });
    },

    async update(name, change) {
      const path = pathOf(name);
      await translateDiskErrors(async () => {
        await identity.read();
        await makeStoreFolder(base, draftFolder);
        await makeStoreFolder(base, dirname(path));
        await rewriteUnderLock({ path, draftFolder }, async () => {
          await identity.read();
          await rejectLinks(base, path);
          const next = await change(await nullIfAbsent(readFile(path), 'EISDIR'));
          if (next === 'remove') await nullIfAbsent(unlink(path));
          return typeof next === 'string' ? null : next;
        });
      });
    },

    async get(name) {
      const path = pathOf(name);
      const read = async () => {
        await rejectLinks(base, path);
        return nullIfAbsent(readFile(path), 'EISDIR');
      };
      return identity.readReliably(read, (bytes) => bytes === null);
    },

    async list(prefix) {
      const folder = folderOfPrefix(prefix);
      const list = async () => {
        await rejectLinks(base, join(root, folder));
        const names = await listFiles(root, folder);
        return names.filter((name) => name !== IDENTITY_FILE && name.startsWith(prefix)).sort();
      };
      return identity.readReliably(list, (names) => names.length === 0);
    },

    async remove(name) {
      const path = pathOf(name);
      const remove = async () => {
        await rejectLinks(base, dirname(path));
        // Unlike rm, unlink succeeds for only one of two concurrent calls.
        const isRemoved =
          (await nullIfAbsent(
            unlink(path).then(() => true),
            'EISDIR',
          )) ?? false;
        if (isRemoved) await syncFolder(dirname(path));
        return isRemoved;
      };
      return identity.readReliably(remove, (isRemoved) => !isRemoved);
    },
  };
}

/** Names relative to the shelf, with "/" on every platform. */
async function listFiles(root: string, folder: string): Promise<string[]> {
  const entries = (await nullIfAbsent(readdir(join(root, folder), { withFileTypes: true }))) ?? [];
  // A hidden file is the lock of another one.
  const visible = entries.filter((entry) => !entry.name.startsWith('.'));
  const names = visible.map((entry) => {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? listFiles(root, name) : entry.isFile() ? [name] : [];
  });
  return (await Promise.all(names)).flat();
}
