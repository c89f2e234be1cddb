import { type Audit, openAudit } from '../observability/audit';
import { pruneAudit } from '../observability/audit-keep';
import { type AuditSettings, configurationEntry } from '../process/audit-process';

/** The audit log of a command. */
export interface CommandAudit {
  /** Opens the log once, records the configuration and prunes old chains. @throws {AuditUnavailable} */
  open(): Promise<Audit>;
  /** Closes the log if it was opened. All acts are recorded by then, so a failure is only reported. */
  close(): Promise<void>;
}

/** Prints the checkpoint on stderr when the log is closed. `open` replaces openAudit. */
export function createCommandAudit(options: {
  readonly settings: AuditSettings;
  readonly process: 'starter' | 'chartway';
  readonly actor: string;
  /** The names of the variables that are set. */
  readonly names: readonly string[];
  readonly write: (text: string) => void;
  readonly open?: typeof openAudit;
}): CommandAudit {
  const { settings, process: processName, actor, names, write, open = openAudit } = options;
  // The configuration requires a folder.
  const folder = settings.folder ?? '';
  let opened: Promise<Audit> | undefined;
  const start = async (): Promise<Audit> => {
    const printCheckpoint = (line: string) => void process.stderr.write(`${line}\n`);
    const log = { folder, process: processName, key: settings.keys.signing, printCheckpoint, checkpointEveryMs: null };
    const audit = await open(log);
    await audit.record(configurationEntry(actor, names));
    // If it fails, the next command tries again.
    const pruning = { folder, keepMs: settings.keepMs, audit, process: processName, who: actor };
    await pruneAudit(pruning).catch(() => undefined);
    return audit;
  };
  return {
    open: () => {
      opened ??= start();
      return opened;
    },
    async close() {
      const audit = await opened?.catch(() => null);
      await audit?.close().catch((error: Error) => {
        const { code = 'an unknown failure' } = (error.cause ?? {}) as NodeJS.ErrnoException;
        write(
          `the last line of the audit log cannot be written (${code}); all acts are recorded; check AUDIT_LOG and its disk`,
        );
      });
    },
  };
}
