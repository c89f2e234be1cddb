import { open, readdir, readFile, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isCode, PRIVATE_FILE, syncFolder } from '../../disk/folders';
import { checkedName, folderOfPrefix, IDENTITY_FILE, SHELF_FOLDER, type Shelf } from '../shelf';
import { onDisk } from './disk-errors';
import { incomingName } from './drafts';
import type { FolderIdentity } from './identity';
import { expectNoLinks, makeFolder } from './no-links';

/** The shelf of a folder store; `incoming` is where its files lie until they are whole, on the same file system. */
export function createFolderShelf(base: string, incoming: string, identity: FolderIdentity): Shelf {
  const root = join(base, SHELF_FOLDER);
  const certain = <T>(look: () => Promise<T>, isNothing: (found: T) => boolean) =>
    onDisk(() => identity.certain(look, isNothing));
  const pathOf = (name: string): string => join(root, checkedName(name));

  return {
    async put(name, bytes) {
      const path = pathOf(name);
      await onDisk(async () => {
        await identity.read();
        await makeFolder(base, incoming);
        const whole = await written(incoming, bytes);
        try {
          await makeFolder(base, dirname(path));
          await rename(whole, path);
          await syncFolder(dirname(path));
        } catch (error) {
          await rm(whole, { force: true }).catch(() => undefined);
          throw error;
        }
      });
    },

    async get(name) {
      const path = pathOf(name);
      const read = async () => {
        await expectNoLinks(base, path);
        return readFile(path).catch(nothingThere);
      };
      return certain(read, (bytes) => bytes === null);
    },

    async list(prefix) {
      const folder = folderOfPrefix(prefix);
      const walk = async () => {
        await expectNoLinks(base, join(root, folder));
        const names = await filesBelow(root, folder);
        return names.filter((name) => name !== IDENTITY_FILE && name.startsWith(prefix)).sort();
      };
      return certain(walk, (names) => names.length === 0);
    },

    async remove(name) {
      const path = pathOf(name);
      const removeOne = async () => {
        await expectNoLinks(base, dirname(path));
        // Unlike rm, it looks only once: of two at a time one finds nothing.
        const removed = await unlink(path).then(() => true, nothingThere);
        if (removed) await syncFolder(dirname(path));
        return removed === true;
      };
      return certain(removeOne, (removed) => !removed);
    },
  };
}

async function written(incoming: string, bytes: Uint8Array): Promise<string> {
  const path = join(incoming, incomingName());
  const file = await open(path, 'wx', PRIVATE_FILE);
  try {
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(path, { force: true }).catch(() => undefined);
    throw error;
  }
  return path;
}

/** Names relative to the shelf, "/" on every platform. */
async function filesBelow(root: string, folder: string): Promise<string[]> {
  const entries = (await readdir(join(root, folder), { withFileTypes: true }).catch(nothingThere)) ?? [];
  const below = entries.map((entry) => {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(root, name) : entry.isFile() ? [name] : [];
  });
  return (await Promise.all(below)).flat();
}

function nothingThere(error: unknown): null {
  if (isCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return null;
  throw error;
}
