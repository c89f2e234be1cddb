import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Manifest } from '../../src/report-store/port';

/** The folder of one applicant in a report store. */
export interface Stored {
  readonly manifest: Manifest;
  /** Every file except the manifest, its claim and its lock: relative path with "/", bytes. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** @throws without a manifest */
export async function readStored(reports: string, clientUserId: string): Promise<Stored> {
  const files = await filesIn(join(reports, clientUserId));
  const manifest = files.get('manifest.json');
  if (!manifest) throw new Error(`expected a manifest of ${clientUserId}`);
  files.delete('manifest.json');
  files.delete('.manifest.json.lock');
  files.delete('.applicant.json');
  return { manifest: JSON.parse(manifest.toString('utf8')) as Manifest, files };
}

/** Every file below a folder; none if it does not exist. Ignores files that are removed while others are read. */
export async function filesIn(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const named = paths.map(async (path) => {
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    return bytes && ([relative(folder, path).split(sep).join('/'), bytes] as const);
  });
  return new Map((await Promise.all(named)).filter((entry) => entry !== null));
}
