import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeIfAbsent } from '../../disk/atomic-file';
import { makePrivateFolder, nullIfAbsent } from '../../disk/folders';
import { StoreNotFound } from '../errors';
import type { StoreIdentity } from '../port';
import { IDENTITY_FILE, SHELF_FOLDER } from '../shelf';
import { translateDiskErrors } from './disk-errors';
import { draftName } from './drafts';
import { makeStoreFolder, rejectLinks } from './store-folders';

const FILE = `${SHELF_FOLDER}/${IDENTITY_FILE}`;
const ID = /^[0-9a-f]{32}$/;

/** Distinguishes a folder store from another one, and from the empty folder of an unmounted disk. */
export interface FolderIdentity {
  /** @throws StoreNotFound where the store is not there, or is another one */
  read(): Promise<StoreIdentity>;
  /** Makes an identity unless there is one; concurrent callers get the same. @throws StoreNotFound where another store is expected */
  init(): Promise<StoreIdentity>;
  /** Makes an identity for an existing folder; null if there is one, or if a particular one is expected. */
  identifyLegacy(): Promise<StoreIdentity | null>;
  /** Reads from the store. An empty result counts only if the store is there before and after the read. @throws StoreNotFound; StoreUnavailable */
  readReliably<T>(read: () => Promise<T>, isEmpty: (result: T) => boolean): Promise<T>;
}

/** `expectedId`: the only accepted id; null accepts the first one that is read, and then no other. */
export function createFolderIdentity(base: string, draftFolder: string, expectedId: string | null): FolderIdentity {
  let acceptedId = expectedId;

  async function read(): Promise<StoreIdentity> {
    const identity = await readIdentity(base);
    if (identity === null) throw new StoreNotFound(ABSENT);
    acceptedId ??= identity.id;
    if (identity.id !== acceptedId) {
      throw new StoreNotFound(describeOtherStore(acceptedId, identity.id, expectedId !== null));
    }
    return identity;
  }

  async function create(): Promise<StoreIdentity> {
    await makeStoreFolder(base, draftFolder);
    await makeStoreFolder(base, join(base, SHELF_FOLDER));
    const identity = { id: randomBytes(16).toString('hex'), createdAt: new Date().toISOString() };
    await writeIfAbsent(join(base, FILE), join(draftFolder, draftName()), `${JSON.stringify(identity)}\n`);
    return read();
  }

  return {
    read: () => translateDiskErrors(read),
    init: () =>
      translateDiskErrors(async () => {
        if ((await readIdentity(base)) !== null) return read();
        // The folder may be that of an unmounted disk.
        if (expectedId !== null) throw new StoreNotFound(NOT_NEW);
        await makePrivateFolder(base);
        return create();
      }),
    identifyLegacy: () =>
      translateDiskErrors(async () => (expectedId === null && (await readIdentity(base)) === null ? create() : null)),
    readReliably: (readOnce, isEmpty) =>
      translateDiskErrors(async () => {
        await read();
        const result = await readOnce();
        if (isEmpty(result)) await read();
        return result;
      }),
  };
}

const ABSENT =
  `expected ${FILE} in the report store, got none: mount the store or correct REPORT_STORE; ` +
  'only for a new store, run `npm run chartway -- store init` once';
const NOT_NEW =
  `expected the report store that REPORT_STORE_ID names, got a folder without ${FILE}: mount the store; ` +
  'for a new store, unset REPORT_STORE_ID first';
const UNREADABLE = `expected an id in ${FILE} of the report store, got something else: restore the file from a backup`;

function describeOtherStore(expected: string, got: string, isConfigured: boolean): string {
  const advice = isConfigured
    ? 'mount that store, or correct REPORT_STORE_ID'
    : 'mount that store, or restart this process to use the other one';
  return `expected the report store ${expected}, got ${got}: ${advice}`;
}

/** Null if the file does not exist. @throws StoreNotFound for one that cannot be parsed; LinkInStore */
async function readIdentity(base: string): Promise<StoreIdentity | null> {
  const path = join(base, FILE);
  if (!(await rejectLinks(base, path))) return null;
  const text = await nullIfAbsent(readFile(path, 'utf8'));
  return text === null ? null : parseIdentity(text);
}

function parseIdentity(text: string): StoreIdentity {
  try {
    const { id, createdAt } = JSON.parse(text) as Partial<Record<keyof StoreIdentity, unknown>>;
    if (typeof id === 'string' && ID.test(id) && typeof createdAt === 'string') return { id, createdAt };
  } catch {
    // The parser's error quotes the text.
  }
  throw new StoreNotFound(UNREADABLE);
}
