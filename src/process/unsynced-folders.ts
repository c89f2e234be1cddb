import { onUnsyncedFolder, UNSYNCED_FOLDER } from '../disk/folders';
import type { Logger } from '../observability/log';

/** Logs once if the file system cannot put folders on the disk. */
export function logUnsyncedFolders(log: Pick<Logger, 'warn'>): void {
  onUnsyncedFolder((code) => log.warn({ why: code }, UNSYNCED_FOLDER));
}
