import { type Audit, type AuditEntry, AuditUnavailable, openAudit } from '../observability/audit';
import type { AuditKeys } from '../observability/audit-chain';
import { keepAuditFor, pruneAudit } from '../observability/audit-keep';
import type { Logger } from '../observability/log';
import { ConfigurationError } from './configuration-fault';

/** The line with which a process begins: which variables of ours are set, by name, for a value may be a secret. */
export function configuration(who: string, names: readonly string[]): AuditEntry {
  return { who, did: 'configure', detail: names.join(' ') };
}

/** What the configuration says about the audit log. */
export interface AuditSettings {
  /** Null: off. */
  readonly folder: string | null;
  readonly keepMs: number;
  readonly keys: AuditKeys;
}

/** A command that has an audit log. */
interface AuditedCommand {
  readonly settings: AuditSettings;
  readonly process: 'starter' | 'chartway';
  readonly who: string;
  readonly names: readonly string[];
}

/** Opens the audit log of a command, which tells its head on standard error when it is closed. @throws {AuditUnavailable} */
export async function openCommandAudit({ settings, process: processName }: AuditedCommand): Promise<Audit> {
  // Off is a fault of the configuration of every command.
  const folder = settings.folder ?? '';
  const tellHead = (line: string) => void process.stderr.write(`${line}\n`);
  return openAudit({ folder, process: processName, key: settings.keys.signing, tellHead, headEveryMs: null });
}

/** Records the configuration of a command, then removes old chains of its kind. @throws {AuditUnavailable} */
export async function beginCommandAudit(audit: Audit, command: AuditedCommand): Promise<void> {
  const { settings, process: processName, who, names } = command;
  await audit.record(configuration(who, names));
  const { folder, keepMs } = settings;
  // The next command tries again.
  await pruneAudit({ folder: folder ?? '', keepMs, audit, process: processName, who }).catch(() => undefined);
}

/**
 * Closes the audit log of a command, if it was opened. What the command did is recorded by then: if the last line cannot be written, `say` reports
 * it, and the chain ends like that of a process that was killed.
 */
export async function closeCommandAudit(opened: Promise<Audit> | undefined, say: (text: string) => void) {
  // What kept it from being opened was reported there.
  const audit = await opened?.catch(() => null);
  await audit?.close().catch((error: Error) => {
    const { code = 'an unknown failure' } = (error.cause ?? {}) as NodeJS.ErrnoException;
    say(
      `the last line of the audit log cannot be written (${code}); all that was done is recorded: look at the disk and at AUDIT_LOG`,
    );
  });
}

/**
 * The audit log of a long-running process: which variables are set, by name; its heads on stdout; files kept for `keepMs`. One that cannot be
 * written is said and does not stop the process, which does nothing that has to stand in it: no notice is lost for it.
 * @throws {ConfigurationError} for one that is `required` and cannot be written
 */
export async function auditProcess(options: {
  readonly settings: AuditSettings;
  /** Whether the process does things on its own that have to stand in it. */
  readonly required?: boolean;
  readonly process: string;
  readonly names: readonly string[];
  readonly log: Pick<Logger, 'error' | 'warn'>;
}): Promise<Pick<Audit, 'record' | 'close'>> {
  const { settings, required = false, process: who, names, log } = options;
  const { folder, keepMs, keys } = settings;
  const refused = (why: unknown) => Promise.reject(new AuditUnavailable(why));
  const nothing = (why: unknown) => ({ record: () => refused(why), close: async () => {} });
  if (folder === null) return nothing('AUDIT_LOG is off');
  const tellHead = (line: string) => void process.stdout.write(`${line}\n`);
  try {
    const audit = await openAudit({ folder, process: who, log, key: keys.signing, tellHead });
    await audit.record(configuration(who, names));
    keepAuditFor({ folder, keepMs, audit, process: who, log });
    return { record: audit.record, close: () => audit.close().catch(() => undefined) };
  } catch (error) {
    if (required) throw unwritableAudit(folder, error);
    log.error({ error }, 'the audit log cannot be written: look at AUDIT_LOG');
    return nothing(error);
  }
}

/** For roots: the audit log, or a fault of the configuration. */
export async function openConfiguredAudit(options: Parameters<typeof openAudit>[0]): Promise<() => Audit> {
  try {
    const audit = await openAudit(options);
    return () => audit;
  } catch (error) {
    return () => {
      throw unwritableAudit(options.folder, error);
    };
  }
}

/** What {@link openAudit} threw, as a fault of the configuration. */
export function unwritableAudit(folder: string, error: unknown): ConfigurationError {
  const { code = 'an unknown failure' } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  const came = `${JSON.stringify(folder)} (${code})`;
  return new ConfigurationError([{ key: 'AUDIT_LOG', expected: 'a folder that can be made and written', came }]);
}
