import { ConfigurationError } from '../process/configuration-fault';
import { openSpool, type Spool } from './spool';

/**
 * Opens the spool that WEBHOOK_SPOOL names, null where it is off; what comes back gives it, or throws the fault of the configuration: a folder that
 * cannot be made, written or locked. A spool that shows only in an outage that it does not work would be none. @throws {ConfigurationError} when called
 */
export async function openConfiguredSpool(
  options: Omit<Parameters<typeof openSpool>[0], 'folder'> & { readonly folder: string | null },
): Promise<() => Spool | null> {
  const { folder } = options;
  if (folder === null) return () => null;
  try {
    const spool = await openSpool({ ...options, folder });
    return () => spool;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an unknown failure';
    const expected = 'a folder of this host that can be made and written, with a path of at most 80 bytes, or off';
    return () => {
      throw new ConfigurationError([{ key: 'WEBHOOK_SPOOL', expected, came: `${JSON.stringify(folder)} (${code})` }]);
    };
  }
}
