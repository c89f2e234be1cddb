import type { Logger } from '../observability/log';
import { ConfigurationError } from '../process/configuration-fault';
import { openSpoolQuarantine } from '../quarantine/quarantine';
import type { DeliveryTarget } from './replay';
import { DISK_FULL, isFullDisk, openSpool, type Spool, type SpoolOptions, SpoolUnavailable } from './spool';

const OPEN_EVERY_MS = 5_000;

/**
 * Opens the spool in the folder of WEBHOOK_SPOOL; null if it is off. @throws {ConfigurationError} for a folder that cannot be created, written or
 * locked, so that the fault shows at the start and not in an outage of Temporal; not for a full disk, which is no fault of the configuration
 */
export async function openConfiguredSpool(
  options: Omit<SpoolOptions, 'folder'> & { readonly folder: string | null; readonly openEveryMs?: number },
): Promise<Spool | null> {
  const { folder } = options;
  if (folder === null) return null;
  const open = () => openSpool({ ...options, folder });
  try {
    return await open();
  } catch (error) {
    if (isFullDisk(error)) {
      options.log.error({ error }, DISK_FULL);
      const quarantine = openSpoolQuarantine(folder, options.encryption);
      return openWhenFree(open, quarantine, options.log, options.openEveryMs ?? OPEN_EVERY_MS);
    }
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown failure';
    const expected = 'a folder of this host that can be created and written, with a path of at most 80 bytes, or off';
    throw new ConfigurationError([{ key: 'WEBHOOK_SPOOL', expected, got: `${JSON.stringify(folder)} (${code})` }]);
  }
}

/** A spool that accepts nothing until it can be opened. The webhook needs it only while Temporal is away, and answers 503 then. */
function openWhenFree(
  open: () => Promise<Spool>,
  quarantine: Spool['quarantine'],
  log: Logger,
  everyMs: number,
): Spool {
  let spool: Spool | null = null;
  let target: DeliveryTarget | null = null;
  let opening: Promise<void> | null = null;
  const tryOpen = async () => {
    try {
      spool = await open();
    } catch {
      return;
    }
    clearInterval(timer);
    log.info('the spool is open: its disk has space again');
    if (target !== null) spool.start(target);
  };
  const timer = setInterval(() => {
    opening ??= tryOpen().finally(() => {
      opening = null;
    });
  }, everyMs).unref();

  return {
    append: async (texts, untilMs, options) => {
      if (spool === null) throw new SpoolUnavailable('spool-failed');
      return spool.append(texts, untilMs, options);
    },
    start(started) {
      target = started;
      spool?.start(started);
    },
    get healthy() {
      return spool?.healthy ?? false;
    },
    quarantine,
    async close() {
      clearInterval(timer);
      await opening;
      await spool?.close();
    },
  };
}
