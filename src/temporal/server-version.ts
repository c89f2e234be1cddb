import type { ConnectionLike } from '@temporalio/client';
import { callWithDeadline } from './rpc';

/**
 * The first server that obeys priorities by default. Measured by the order in which it dispatches three runs with the keys 5, 1 and 3:
 * 1.29.1 and 1.30.2 ignore the keys, 1.31.2 and 1.32.0 obey them.
 */
const REQUIRED = [1, 31] as const;

/** A warning for a server that is older than required; null for a newer one, and for a version of another form. */
export function describeOldServer(version: string | null | undefined): string | null {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version ?? '') ?? [];
  const isOlder = Number(major) < REQUIRED[0] || (Number(major) === REQUIRED[0] && Number(minor) < REQUIRED[1]);
  if (!isOlder) return null;
  return (
    `the Temporal server is ${major}.${minor}, and ${REQUIRED.join('.')} or newer is needed: on this one, new applicants may wait ` +
    'behind polls and floods of notices'
  );
}

/** Warns if the server is older than required. Never throws: a server may hide its version. */
export async function warnIfServerOld(
  connection: Pick<ConnectionLike, 'workflowService' | 'withDeadline' | 'withAbortSignal'>,
  log: { warn(fields: object, text: string): void },
): Promise<void> {
  const info = await callWithDeadline(connection, () => connection.workflowService.getSystemInfo({})).catch(() => null);
  const text = describeOldServer(info?.serverVersion);
  if (text !== null) log.warn({}, text);
}
