import { type Audit, type AuditEntry, AuditUnavailable, openAudit } from '../observability/audit';
import type { AuditKeys } from '../observability/audit-chain';
import { schedulePruning } from '../observability/audit-keep';
import type { Logger } from '../observability/log';
import { ConfigurationError } from './configuration-fault';

/** The first line of each process: the names of the variables that are set, without their values. */
export function configurationEntry(who: string, names: readonly string[]): AuditEntry {
  return { who, did: 'configure', detail: names.join(' ') };
}

export interface AuditSettings {
  /** Null: off. */
  readonly folder: string | null;
  readonly keepMs: number;
  readonly keys: AuditKeys;
}

/**
 * The audit log of a worker, webhook or api. Prints checkpoints on stdout and prunes old chains. If a line cannot be written, that is logged and
 * `record` rejects: the process keeps running, but performs no act that must be recorded. The next line can succeed. A log that is not `required`
 * and cannot be opened rejects every line until a restart.
 * @throws {ConfigurationError} if it is `required` and cannot be opened
 */
export async function openProcessAudit(options: {
  readonly settings: AuditSettings;
  /** Whether the process itself performs acts that must be recorded. */
  readonly required?: boolean;
  readonly process: string;
  readonly names: readonly string[];
  readonly log: Pick<Logger, 'error' | 'warn'>;
}): Promise<Audit> {
  const { settings, required = false, process: who, names, log } = options;
  const { folder, keepMs, keys } = settings;
  if (folder === null) return unavailableAudit('AUDIT_LOG is off');
  const printCheckpoint = (line: string) => void process.stdout.write(`${line}\n`);
  const open = required ? openRequiredAudit : openAudit;
  let audit: Audit;
  try {
    audit = await open({ folder, process: who, log, key: keys.signing, printCheckpoint });
  } catch (error) {
    if (required) throw error;
    log.error({ error }, 'the audit log cannot be written: check AUDIT_LOG');
    return unavailableAudit(error);
  }
  // The audit log logs a failed write. The next entry starts a new chain.
  await audit.record(configurationEntry(who, names)).catch(() => undefined);
  schedulePruning({ folder, keepMs, audit, process: who, log });
  return { ...audit, close: () => audit.close().catch(() => undefined) };
}

function unavailableAudit(cause: unknown): Audit {
  return { record: () => Promise.reject(new AuditUnavailable(cause)), checkpoint: () => null, close: async () => {} };
}

/** @throws {ConfigurationError} if the log cannot be opened */
async function openRequiredAudit(options: Parameters<typeof openAudit>[0]): Promise<Audit> {
  return openAudit(options).catch((error: Error) => {
    const { code = 'an unknown failure' } = (error.cause ?? {}) as NodeJS.ErrnoException;
    const got = `${JSON.stringify(options.folder)} (${code})`;
    throw new ConfigurationError([{ key: 'AUDIT_LOG', expected: 'a writable folder', got }]);
  });
}
