import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A secret of this data folder: made once, the same at every start. What the store's manifests are keyed with must not change. */
export function keptSecret(folder: string, name: string): string {
  return kept(folder, name, () => randomBytes(24).toString('base64url'));
}

/** A text of this data folder, readable by its owner only: `made` the first time, the same at every later start. */
export function kept(folder: string, name: string, made: () => string): string {
  const file = path.join(folder, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, `${made()}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const text = readFileSync(file, 'utf8').trim();
  if (text === '') throw new Error(`expected a text in ${file}, it is empty: delete the file and start again`);
  return text;
}

/** Another text in its place. */
export function keptAnew(folder: string, name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(`${file}.draft`, `${text}\n`, { mode: 0o600 });
  renameSync(`${file}.draft`, file);
  return text;
}
