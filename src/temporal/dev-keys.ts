import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ConfigurationFault } from '../process/configuration-fault';
import { identifyProcess, isRunning, type ProcessIdentity } from '../process/process-identity';
import { KEYS_EXPECTED, type KeyRing, parseKeyFile } from './key-ring';

/** Where `npm start` stores its keys, relative to the working directory. */
const DEV_KEYS_FOLDER = '.data/keys';
/** The file of the keys. A second file, named after the address of the Temporal server, identifies the running `npm start`. */
export const DEV_KEYS_FILE = 'payload';

/** The keys that `npm start` generated in this folder, whether or not it runs; null if it generated no keys. */
export function readDevKeys(folder: string): KeyRing | ConfigurationFault | null {
  const text = readText(folder, DEV_KEYS_FILE);
  if (text === null) return null;
  const expected =
    `a file whose lines are ${KEYS_EXPECTED}, because \`npm start\` keeps its keys there: restore the file, or set ` +
    'PAYLOAD_KEYS or PAYLOAD_KEYS_FILE';
  if (typeof text !== 'string') return { ...text, expected };
  return parseKeyFile(text) ?? { key: displayPath(DEV_KEYS_FILE), expected, got: 'something else' };
}

/** The keys of the `npm start` that runs in this folder with this Temporal server; null if none runs. */
export function readRunningDevKeys(folder: string, temporalAddress: string): KeyRing | ConfigurationFault | null {
  const text = readText(folder, temporalAddress);
  if (text === null) return null;
  const expected = 'the pid of the `npm start` that uses this server: delete the file, or run `npm start` again';
  if (typeof text !== 'string') return { ...text, expected };
  const owner = parseOwner(text);
  if (owner === null) return { key: displayPath(temporalAddress), expected, got: 'something else' };
  if (!isRunning(owner)) return null;
  const missing = { key: displayPath(DEV_KEYS_FILE), expected: 'the keys of the running `npm start`', got: 'no file' };
  return readDevKeys(folder) ?? missing;
}

/** Lets commands that use this Temporal server find the keys until this process ends. They ignore the file of a killed process. */
export function publishDevKeys(keysFolder: string, temporalAddress: string): void {
  const file = path.join(keysFolder, temporalAddress);
  const draft = `${file}.draft`;
  writeFileSync(draft, `${JSON.stringify(identifyProcess('npm start', process.pid))}\n`, { mode: 0o600 });
  renameSync(draft, file);
  process.once('exit', () => rmSync(file, { force: true }));
}

/** Null if there is no such file. */
function readText(folder: string, name: string): string | Omit<ConfigurationFault, 'expected'> | null {
  try {
    return readFileSync(path.join(folder, DEV_KEYS_FOLDER, name), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENOTDIR: a part of the path is a file, so the folder does not exist.
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? null
      : { key: displayPath(name), got: `an unreadable file (${code})` };
  }
}

function parseOwner(text: string): Pick<ProcessIdentity, 'pid' | 'began'> | null {
  try {
    const read: Partial<ProcessIdentity> | null = JSON.parse(text);
    const { pid, began } = read ?? {};
    return Number.isInteger(pid) && typeof began === 'string' ? { pid: Number(pid), began } : null;
  } catch {
    return null;
  }
}

function displayPath(name: string): string {
  return `${DEV_KEYS_FOLDER}/${name}`;
}
