import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Audit, AuditUnavailable } from './audit';
import { parseFileName } from './audit-chain';
import type { Logger } from './log';

/** As often as files change their age. */
const LOOK_EVERY_MS = 24 * 3_600_000;
/** An audit line stays readable. */
const TOLD_AT_ONCE = 20;

/**
 * Removes the process's own chains that nothing was written to for so long, whole ones only; the log says which, so that they are not missed.
 * Own are those of every process of the same name that shares the folder, on whatever host.
 */
export async function pruneAudit(options: {
  readonly folder: string;
  readonly keepMs: number;
  readonly audit: Pick<Audit, 'record' | 'checkpoint'>;
  readonly process: string;
  /** {@link process} if not set. */
  readonly who?: string;
  readonly nowMs?: number;
}): Promise<readonly string[]> {
  const { folder, keepMs, audit, process: processName, who = processName, nowMs = Date.now() } = options;
  const chains = new Map<string, { files: string[]; lastMs: number }>();
  for (const file of await readdir(folder)) {
    const of = parseFileName(file);
    const writtenMs = of && (await stat(join(folder, file)).catch(() => null))?.mtimeMs;
    if (of?.process !== processName || typeof writtenMs !== 'number') continue;
    const known = chains.get(of.chain) ?? { files: [], lastMs: 0 };
    chains.set(of.chain, { files: [...known.files, file], lastMs: Math.max(known.lastMs, writtenMs) });
  }
  // Not the one in which it is told.
  const own = parseFileName(audit.checkpoint()?.file ?? '')?.chain;
  const old = [...chains]
    .filter(([chain, { lastMs }]) => chain !== own && nowMs - lastMs > keepMs)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  for (let at = 0; at < old.length; at += TOLD_AT_ONCE) {
    const some = old.slice(at, at + TOLD_AT_ONCE);
    // Told first: a chain that is told of and still there does no harm.
    await audit.record({ who, did: 'prune', detail: some.map(([chain]) => chain).join(' ') });
    for (const file of some.flatMap(([, { files }]) => files)) await rm(join(folder, file), { force: true });
  }
  return old.map(([chain]) => chain);
}

/** For processes that run on: prunes now and daily. What fails is said, and stops nobody. */
export function schedulePruning(
  options: Parameters<typeof pruneAudit>[0] & { readonly log: Pick<Logger, 'warn'> },
): void {
  const prune = () =>
    pruneAudit(options).catch((error: unknown) => {
      // That the log cannot be written is said where it is.
      if (!(error instanceof AuditUnavailable)) options.log.warn({ error }, 'old files of the audit log stay');
    });
  setInterval(prune, LOOK_EVERY_MS).unref();
  void prune();
}
