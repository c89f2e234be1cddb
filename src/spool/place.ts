import type { Logger } from '../observability/log';
import type { Files } from './files';
import { claimPart, type Part } from './part';

/** Where this process's segments lie: a part of the spool's folder, which somebody may take away beneath us. */
export interface Place {
  readonly part: Part;
  /** Makes it again where it is gone. @throws {OtherDisk}; the system's error */
  renew(): Promise<void>;
}

/** The folder lies on another disk than at the start: its volume is gone, and what is written here would be gone when it is back. */
class OtherDisk extends Error {
  override readonly name = 'OtherDisk';
  readonly kind = 'other-disk';
  readonly code = 'EXDEV';

  constructor() {
    super('expected the spool on the disk of the start, its folder is on another; mount the volume and start again');
  }
}

/** The place in the spool's folder, which is there. @throws PathTooLong; the system's error */
export async function openPlace(folder: string, files: Files, log: Logger): Promise<Place> {
  const disk = await files.disk(folder);
  let part = await claimPart(folder, files);
  let renewing: Promise<void> | null = null;
  return {
    get part() {
      return part;
    },
    renew() {
      renewing ??= renew().finally(() => {
        renewing = null;
      });
      return renewing;
    },
  };

  async function renew(): Promise<void> {
    if (await isThere(part.folder)) return;
    await files.makeFolder(folder);
    if ((await files.disk(folder)) !== disk) throw new OtherDisk();
    const gone = part;
    part = await claimPart(folder, files);
    log.error('the folder of the spool was taken away beneath us; it is made again');
    await gone.release(); // so that it is taken over if it is ever put back
  }

  function isThere(path: string): Promise<boolean> {
    return files.size(path).then(
      () => true,
      () => false,
    );
  }
}
