import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Audit, AuditUnavailable } from './audit';
import { parseFileName } from './audit-chain';
import type { Logger } from './log';

const PRUNE_EVERY_MS = 24 * 3_600_000;
/** Keeps the `prune` lines short. */
const CHAINS_PER_LINE = 20;

/**
 * Removes whole chains that were last written more than `keepMs` ago, of all processes of this name that share the folder. The log records
 * their names, so that the verifier does not report them as missing.
 */
export async function pruneAudit(options: {
  readonly folder: string;
  readonly keepMs: number;
  readonly audit: Pick<Audit, 'record' | 'checkpoint'>;
  readonly process: string;
  /** Default: `process`. */
  readonly who?: string;
  readonly nowMs?: number;
}): Promise<readonly string[]> {
  const { folder, keepMs, audit, process: processName, who = processName, nowMs = Date.now() } = options;
  const chains = new Map<string, { files: string[]; lastMs: number }>();
  for (const file of await readdir(folder)) {
    const name = parseFileName(file);
    const writtenMs = name && (await stat(join(folder, file)).catch(() => null))?.mtimeMs;
    if (name?.process !== processName || typeof writtenMs !== 'number') continue;
    const { files, lastMs } = chains.get(name.chain) ?? { files: [], lastMs: 0 };
    chains.set(name.chain, { files: [...files, file], lastMs: Math.max(lastMs, writtenMs) });
  }
  // The current chain records the removals, so it stays.
  const own = parseFileName(audit.checkpoint()?.file ?? '')?.chain;
  const old = [...chains]
    .filter(([chain, { lastMs }]) => chain !== own && nowMs - lastMs > keepMs)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  for (let at = 0; at < old.length; at += CHAINS_PER_LINE) {
    const batch = old.slice(at, at + CHAINS_PER_LINE);
    // Recorded first: a recorded chain that still exists does no harm.
    await audit.record({ who, did: 'prune', detail: batch.map(([chain]) => chain).join(' ') });
    for (const file of batch.flatMap(([, { files }]) => files)) await rm(join(folder, file), { force: true });
  }
  return old.map(([chain]) => chain);
}

/** Prunes now and daily. Failures are logged only. */
export function schedulePruning(
  options: Parameters<typeof pruneAudit>[0] & { readonly log: Pick<Logger, 'warn'> },
): void {
  const prune = () =>
    pruneAudit(options).catch((error: unknown) => {
      // openAudit logs a log that cannot be written.
      if (!(error instanceof AuditUnavailable))
        options.log.warn({ error }, 'old files of the audit log were not removed');
    });
  setInterval(prune, PRUNE_EVERY_MS).unref();
  void prune();
}
