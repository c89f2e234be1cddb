import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DEV_KEYS_FILE } from '../temporal/dev-keys';
import { generateKey, parseKeyRing } from '../temporal/key-ring';
import type { PayloadSettings } from '../temporal/payload-settings';

/** A random secret of a data folder, the same at every start. */
export function readOrCreateSecret(folder: string, name: string): string {
  return readOrCreateText(folder, name, () => randomBytes(24).toString('base64url'));
}

/** A text in a file (0600): created at the first start, read at every later one. */
export function readOrCreateText(folder: string, name: string, create: () => string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, `${create()}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const text = readFileSync(file, 'utf8').trim();
  if (text === '') throw new Error(`expected a text in ${file}, got an empty file: delete it and start again`);
  return text;
}

/** Replaces a kept text and returns the new one. */
export function writeText(folder: string, name: string, text: string): string {
  const file = path.join(folder, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.draft`, `${text}\n`, { mode: 0o600 });
  renameSync(`${file}.draft`, file);
  return text;
}

/** The generated payload keys of a data folder. */
export interface DevKeys {
  readonly payload: PayloadSettings;
  /** Makes a process use them. */
  readonly env: Readonly<Record<string, string>>;
}

/** Reads the keys of a data folder, or creates them. They are never replaced, because the database is encrypted with them. */
export function openDevKeys(dataFolder: string): DevKeys {
  const text = readOrCreateText(dataFolder, DEV_KEYS_FILE, () =>
    generateKey(`npm-start-${randomBytes(3).toString('hex')}`),
  );
  const ring = parseKeyRing(text);
  const file = path.resolve(dataFolder, DEV_KEYS_FILE);
  if (ring === null) throw new Error(`expected a key in ${file}, got something else: restore the file`);
  return { payload: { ring, encrypts: true }, env: { PAYLOAD_KEYS_FILE: file } };
}
