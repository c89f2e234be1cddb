import type { ConnectionLike } from '@temporalio/client';

/**
 * The first server that obeys priorities by default. Measured by the order in which it dispatches three runs with the keys 5, 1 and 3:
 * 1.29.1 and 1.30.2 ignore the keys, 1.31.2 and 1.32.0 obey them.
 */
const NEEDED = [1, 31] as const;

/** What a person has to know of a server that is older than needed; null: it is not, or its version is none of ours to read. */
export function oldServerText(version: string | null | undefined): string | null {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version ?? '') ?? [];
  const isOlder = Number(major) < NEEDED[0] || (Number(major) === NEEDED[0] && Number(minor) < NEEDED[1]);
  if (!isOlder) return null;
  return (
    `the Temporal server is ${major}.${minor}, and ${NEEDED.join('.')} or newer is needed: on this one new applicants may wait behind ` +
    'polls and floods of notices'
  );
}

/** Warns where the server is older than needed. Never throws: what a server keeps to itself is not known. */
export async function warnOfOldServer(
  { workflowService }: Pick<ConnectionLike, 'workflowService'>,
  log: { warn(fields: object, text: string): void },
): Promise<void> {
  const info = await workflowService.getSystemInfo({}).catch(() => null);
  const text = oldServerText(info?.serverVersion);
  if (text !== null) log.warn({}, text);
}
