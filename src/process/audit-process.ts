import { type Audit, type AuditEntry, AuditUnavailable, openAudit } from '../observability/audit';
import type { AuditKeys } from '../observability/audit-chain';
import { schedulePruning } from '../observability/audit-keep';
import type { Logger } from '../observability/log';
import { ConfigurationError, exitOnConfigurationError } from './configuration-fault';

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
 * The audit log of a worker or webhook. Prints checkpoints on stdout and prunes old chains. If it cannot be written, logs that, and `record`
 * rejects: the process runs without the acts that must be recorded, so that no notice is lost.
 * @throws {ConfigurationError} if `required` and it cannot be written
 */
export async function openProcessAudit(options: {
  readonly settings: AuditSettings;
  /** Whether the process itself performs acts that must be recorded. */
  readonly required?: boolean;
  readonly process: string;
  readonly names: readonly string[];
  readonly log: Pick<Logger, 'error' | 'warn'>;
}): Promise<Pick<Audit, 'record' | 'close'>> {
  const { settings, required = false, process: who, names, log } = options;
  const { folder, keepMs, keys } = settings;
  const unavailable = (cause: unknown) => ({
    record: () => Promise.reject(new AuditUnavailable(cause)),
    close: async () => {},
  });
  if (folder === null) return unavailable('AUDIT_LOG is off');
  const printCheckpoint = (line: string) => void process.stdout.write(`${line}\n`);
  try {
    const audit = await openAudit({ folder, process: who, log, key: keys.signing, printCheckpoint });
    await audit.record(configurationEntry(who, names));
    schedulePruning({ folder, keepMs, audit, process: who, log });
    return { record: audit.record, close: () => audit.close().catch(() => undefined) };
  } catch (error) {
    if (required) throw toConfigurationError(folder, error);
    log.error({ error }, 'the audit log cannot be written: check AUDIT_LOG');
    return unavailable(error);
  }
}

/** For roots: opens the audit log, or ends the process with status 2. */
export function openAuditOrExit(options: Parameters<typeof openAudit>[0]): Promise<Audit> {
  return openAudit(options).catch((error: unknown) =>
    exitOnConfigurationError(() => {
      throw toConfigurationError(options.folder, error);
    }),
  );
}

function toConfigurationError(folder: string, error: unknown): ConfigurationError {
  const { code = 'an unknown failure' } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  const got = `${JSON.stringify(folder)} (${code})`;
  return new ConfigurationError([{ key: 'AUDIT_LOG', expected: 'a writable folder', got }]);
}
