import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isCode, makePrivateFolder } from '../../disk/folders';
import { type StoreIdentity, StoreNotFound } from '../port';
import { IDENTITY_FILE, SHELF_FOLDER } from '../shelf';
import { onDisk } from './disk-errors';
import { expectNoLinks, makeFolder } from './no-links';
import { publishOnce } from './publish-once';

const FILE = `${SHELF_FOLDER}/${IDENTITY_FILE}`;
const ID = /^[0-9a-f]{32}$/;

/** Tells a folder store from the empty folder that an unmounted disk leaves, and from another store. */
export interface FolderIdentity {
  /** @throws StoreNotFound where the store is not there, or is another one */
  read(): Promise<StoreIdentity>;
  /** Makes an identity where there is none; of several callers at once all get the same. @throws StoreNotFound where another store is expected */
  init(): Promise<StoreIdentity>;
  /** Makes an identity for a folder that is there; null where a certain one is expected, or there is one already. */
  adopt(): Promise<StoreIdentity | null>;
  /** Reads from the store. What was not found counts only if the store was there before and after. @throws StoreNotFound */
  certain<T>(look: () => Promise<T>, isNothing: (found: T) => boolean): Promise<T>;
}

/** `expected`: the one id that is right; null: whichever is found first stays right for this process. */
export function createFolderIdentity(base: string, incoming: string, expected: string | null): FolderIdentity {
  let known = expected;

  async function read(): Promise<StoreIdentity> {
    const found = await identityIn(base);
    if (found === null) throw new StoreNotFound(ABSENT);
    known ??= found.id;
    if (found.id !== known) throw new StoreNotFound(otherThan(known, found.id, expected !== null));
    return found;
  }

  async function create(): Promise<StoreIdentity> {
    await makeFolder(base, incoming);
    await makeFolder(base, join(base, SHELF_FOLDER));
    const identity = { id: randomBytes(16).toString('hex'), createdAt: new Date().toISOString() };
    await publishOnce(join(base, FILE), incoming, `${JSON.stringify(identity)}\n`);
    return read();
  }

  return {
    read: () => onDisk(read),
    init: () =>
      onDisk(async () => {
        if ((await identityIn(base)) !== null) return read();
        // An unmounted disk must not be taken for a new store.
        if (expected !== null) throw new StoreNotFound(NOT_NEW);
        await makePrivateFolder(base);
        return create();
      }),
    adopt: () => onDisk(async () => (expected === null && (await identityIn(base)) === null ? create() : null)),
    async certain(look, isNothing) {
      await read();
      const found = await look();
      if (isNothing(found)) await read();
      return found;
    },
  };
}

const ABSENT =
  `expected ${FILE} in the report store, got none: mount the store or correct REPORT_STORE; ` +
  'only for a new store, run `npm run chartway -- store init` once';
const NOT_NEW =
  `expected the report store that REPORT_STORE_ID names, got a folder without ${FILE}: mount the store; ` +
  'for a new store, unset REPORT_STORE_ID first';
const UNREADABLE = `expected an id in ${FILE} of the report store, got something else: restore the file from a backup`;

function otherThan(known: string, found: string, isConfigured: boolean): string {
  const advice = isConfigured
    ? 'mount that one, or correct REPORT_STORE_ID'
    : 'mount that one, or restart for this one';
  return `expected the report store ${known}, got ${found}: ${advice}`;
}

/** Null where there is none. @throws StoreNotFound for one that cannot be read as one; LinkInTheStore */
async function identityIn(base: string): Promise<StoreIdentity | null> {
  const path = join(base, FILE);
  if (!(await expectNoLinks(base, path))) return null;
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  });
  return text === null ? null : parse(text);
}

function parse(text: string): StoreIdentity {
  try {
    const { id, createdAt } = JSON.parse(text) as Partial<Record<keyof StoreIdentity, unknown>>;
    if (typeof id === 'string' && ID.test(id) && typeof createdAt === 'string') return { id, createdAt };
  } catch {
    // The parser's own error quotes the text.
  }
  throw new StoreNotFound(UNREADABLE);
}
