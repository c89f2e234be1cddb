import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ConfigurationFault } from '../process/configuration-fault';
import { identify, lives, type ProcessIdentity } from '../process/process-identity';
import { KEYS_EXPECTED, type KeyRing, parseKeyFile } from './key-ring';

/** Where `npm start` keeps the keys of its own Temporal server, below the folder that commands are run in. */
const OWN_KEYS_FOLDER = '.data/keys';
/** The keys themselves. Beside them, a file named after the address of a Temporal server names the `npm start` that lends them for it. */
export const OWN_KEYS_FILE = 'payload';

/** The keys that `npm start` made in this folder, whether or not it still runs; null: it made none. */
export function readOwnKeys(folder: string): KeyRing | ConfigurationFault | null {
  const text = textOf(folder, OWN_KEYS_FILE);
  if (text === null) return null;
  const expected =
    `a file whose lines are ${KEYS_EXPECTED}, because \`npm start\` keeps its keys there: put back what was there, or set ` +
    'PAYLOAD_KEYS or PAYLOAD_KEYS_FILE';
  if (typeof text !== 'string') return { ...text, expected };
  return parseKeyFile(text) ?? { key: named(OWN_KEYS_FILE), expected, came: 'something else' };
}

/** The keys of the `npm start` that runs in this folder with this Temporal server; null: none does. */
export function readLentKeys(folder: string, temporalAddress: string): KeyRing | ConfigurationFault | null {
  const text = textOf(folder, temporalAddress);
  if (text === null) return null;
  const expected = 'the pid of the `npm start` that uses this server: delete the file, or run `npm start` again';
  if (typeof text !== 'string') return { ...text, expected };
  const lender = lenderIn(text);
  if (lender === null) return { key: named(temporalAddress), expected, came: 'something else' };
  if (!lives(lender)) return null;
  const keys = readOwnKeys(folder);
  return keys ?? { key: named(OWN_KEYS_FILE), expected: 'the keys of the `npm start` that runs here', came: 'no file' };
}

/**
 * Lets the commands that run beside this process find the keys in `keysFolder` by the address of its Temporal server, for as long as this process
 * lives: after a kill or a power cut the file stays and counts no more.
 */
export function lendKeys(keysFolder: string, temporalAddress: string): void {
  const file = path.join(keysFolder, temporalAddress);
  const draft = `${file}.draft`;
  writeFileSync(draft, `${JSON.stringify(identify('npm start', process.pid))}\n`, { mode: 0o600 });
  renameSync(draft, file);
  process.once('exit', () => rmSync(file, { force: true }));
}

/** Null where there is no such file. */
function textOf(folder: string, name: string): string | Omit<ConfigurationFault, 'expected'> | null {
  try {
    return readFileSync(path.join(folder, OWN_KEYS_FOLDER, name), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENOTDIR: something on the way is a file, so there is no such folder.
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? null
      : { key: named(name), came: `one that cannot be read (${code})` };
  }
}

function lenderIn(text: string): Pick<ProcessIdentity, 'pid' | 'began'> | null {
  try {
    const read: Partial<ProcessIdentity> | null = JSON.parse(text);
    const { pid, began } = read ?? {};
    return Number.isInteger(pid) && typeof began === 'string' ? { pid: Number(pid), began } : null;
  } catch {
    return null;
  }
}

function named(name: string): string {
  return `${OWN_KEYS_FOLDER}/${name}`;
}
