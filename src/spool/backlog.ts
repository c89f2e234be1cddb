import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { nullIfAbsent } from '../disk/folders';
import { isSegmentName } from './partition';

/** The notices that wait in the spool of all webhooks of this host. `oldestAtMs`: null without any. */
export interface SpoolBacklog {
  readonly files: number;
  readonly bytes: number;
  readonly oldestAtMs: number | null;
}

/** Reads names and sizes only. Null if there is no such folder. @throws the system's error */
export async function readSpoolBacklog(spoolFolder: string): Promise<SpoolBacklog | null> {
  const parts = await nullIfAbsent(readdir(spoolFolder));
  if (parts === null) return null;
  let files = 0;
  let bytes = 0;
  let oldestAtMs: number | null = null;
  for (const part of parts.filter((name) => name.startsWith('part-'))) {
    const names = (await nullIfAbsent(readdir(join(spoolFolder, part)))) ?? [];
    for (const name of names.filter(isSegmentName)) {
      // A webhook delivers and removes segments meanwhile.
      const size = (await nullIfAbsent(stat(join(spoolFolder, part, name))))?.size ?? 0;
      if (size === 0) continue;
      files += 1;
      bytes += size;
      oldestAtMs = Math.min(oldestAtMs ?? Number.POSITIVE_INFINITY, Number(name.slice(0, 13)));
    }
  }
  return { files, bytes, oldestAtMs };
}
