import { type Audit, type AuditEntry, AuditUnavailable, openAudit, unwritableAudit } from './audit';
import { keepAuditFor } from './audit-keep';
import type { Logger } from './log';

/** The line with which a process begins: which variables of ours are set, by name, for a value may be a secret. */
export function configuration(who: string, names: readonly string[]): AuditEntry {
  return { who, did: 'configure', detail: names.join(' ') };
}

/** The audit log of a command, which begins with its configuration. @throws {AuditUnavailable} */
export async function auditCommand(options: {
  readonly folder: string;
  readonly process: string;
  readonly who: string;
  readonly names: readonly string[];
}): Promise<Audit> {
  const { folder, process: processName, who, names } = options;
  const audit = await openAudit({ folder, process: processName });
  await audit.record(configuration(who, names));
  return audit;
}

/**
 * The audit log of a long-running process: which variables are set, by name; its heads on stdout; files kept for `keepMs`. One that cannot be
 * written is said and does not stop the process, which does nothing that has to stand in it: no notice is lost for it.
 * @throws {ConfigurationError} for one that is `required` and cannot be written
 */
export async function auditProcess(options: {
  /** Null: off. */
  readonly folder: string | null;
  /** Whether the process does things on its own that have to stand in it. */
  readonly required?: boolean;
  readonly keepMs: number;
  readonly process: string;
  readonly names: readonly string[];
  readonly log: Pick<Logger, 'error' | 'warn'>;
}): Promise<Pick<Audit, 'record' | 'close'>> {
  const { folder, required = false, keepMs, process: who, names, log } = options;
  const refused = (why: unknown) => Promise.reject(new AuditUnavailable(why));
  const nothing = (why: unknown) => ({ record: () => refused(why), close: async () => {} });
  if (folder === null) return nothing('AUDIT_LOG is off');
  const tellHead = (line: string) => void process.stdout.write(`${line}\n`);
  try {
    const audit = await openAudit({ folder, process: who, log, tellHead });
    await audit.record(configuration(who, names));
    keepAuditFor({ folder, keepMs, audit, who, log });
    return { record: audit.record, close: () => audit.close().catch(() => undefined) };
  } catch (error) {
    if (required) throw unwritableAudit(folder, error);
    log.error({ error }, 'the audit log cannot be written: look at AUDIT_LOG');
    return nothing(error);
  }
}
