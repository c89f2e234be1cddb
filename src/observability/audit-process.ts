import { type Audit, AuditUnavailable, openAudit } from './audit';
import { keepAuditFor } from './audit-keep';
import type { Logger } from './log';

/**
 * The audit log of a long-running process: which variables are set, by name; its heads on stdout; files kept for `keepMs`. One that cannot be
 * written is said and does not stop the process, which does nothing that has to stand in it: no notice is lost for it.
 */
export async function auditProcess(options: {
  /** Null: off. */
  readonly folder: string | null;
  readonly keepMs: number;
  readonly process: string;
  readonly names: readonly string[];
  readonly log: Pick<Logger, 'error' | 'warn'>;
}): Promise<Pick<Audit, 'record' | 'close'>> {
  const { folder, keepMs, process: who, names, log } = options;
  const refused = (why: unknown) => Promise.reject(new AuditUnavailable(why));
  const nothing = (why: unknown) => ({ record: () => refused(why), close: async () => {} });
  if (folder === null) return nothing('AUDIT_LOG is off');
  const tellHead = (line: string) => void process.stdout.write(`${line}\n`);
  try {
    const audit = await openAudit({ folder, process: who, log, tellHead });
    await audit.record({ who, did: 'configure', detail: names.join(' ') });
    keepAuditFor({ folder, keepMs, audit, who, log });
    return { record: audit.record, close: () => audit.close().catch(() => undefined) };
  } catch (error) {
    log.error({ error }, 'the audit log cannot be written: look at AUDIT_LOG');
    return nothing(error);
  }
}
