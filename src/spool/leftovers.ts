import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { nullIfAbsent } from '../disk/folders';

/** The names of a probe, a new partition and a new quarantine record. */
const DRAFT = /^\.(probe-[0-9a-f]{12}|[0-9a-f]{8}|\d{13}-[a-z]+-[0-9a-f]{12}\.json\.draft)$/;
/** A running process renames or removes a draft within moments. */
const ABANDONED_AFTER_MS = 60_000;

/** Removes the drafts of killed processes in the spool folder and its quarantine. A draft may hold a notice. @throws the system's error */
export async function removeLeftovers(spoolFolder: string, nowMs = Date.now()): Promise<void> {
  for (const folder of [spoolFolder, join(spoolFolder, 'quarantine')]) {
    for (const name of (await nullIfAbsent(readdir(folder))) ?? []) {
      if (!DRAFT.test(name)) continue;
      const path = join(folder, name);
      const found = await nullIfAbsent(stat(path));
      if (found !== null && nowMs - found.mtimeMs > ABANDONED_AFTER_MS)
        await rm(path, { recursive: true, force: true });
    }
  }
}
