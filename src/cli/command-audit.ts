import { userInfo } from 'node:os';
import { type Audit, openAudit } from '../observability/audit';
import { pruneAudit } from '../observability/audit-keep';
import { type AuditSettings, configurationEntry } from '../process/audit-process';

/**
 * The audit log of a command. Its first `open` records the configuration and prunes old chains; its `close` prints the checkpoint on stderr.
 * `options.open` replaces openAudit in tests.
 */
export function createCommandAudit(options: {
  readonly settings: AuditSettings;
  readonly process: 'starter' | 'chartway';
  /** The names of the variables that are set. */
  readonly names: readonly string[];
  readonly write: (text: string) => void;
  readonly open?: typeof openAudit;
}) {
  const { settings, process: processName, names, write, open: openLog = openAudit } = options;
  const actor = readActor();
  // The configuration requires a folder.
  const folder = settings.folder ?? '';
  let opened: Promise<Audit> | undefined;
  const start = async (): Promise<Audit> => {
    const printCheckpoint = (line: string) => void process.stderr.write(`${line}\n`);
    const log = { folder, process: processName, key: settings.keys.signing, printCheckpoint, checkpointEveryMs: null };
    const audit = await openLog(log);
    await audit.record(configurationEntry(actor, names));
    // If it fails, the next command tries again.
    const pruning = { folder, keepMs: settings.keepMs, audit, process: processName, who: actor };
    await pruneAudit(pruning).catch(() => undefined);
    return audit;
  };
  return {
    /** `cli:<os user>`. */
    actor,
    /** @throws {AuditUnavailable} */
    open(): Promise<Audit> {
      opened ??= start();
      return opened;
    },
    /** All acts are recorded by then, so a failure is only reported. */
    async close(): Promise<void> {
      const audit = await opened?.catch(() => null);
      await audit?.close().catch((error: Error) => {
        const { code = 'an unknown failure' } = (error.cause ?? {}) as NodeJS.ErrnoException;
        write(
          `all acts are recorded, but the closing line of the audit log could not be written (${code}): check AUDIT_LOG and its disk`,
        );
      });
    },
  };
}

/** A user without a name, as in a container, is `uid-<number>`. */
function readActor(): string {
  return `cli:${readUserName().replace(/[^A-Za-z0-9._-]/g, '_')}`;
}

function readUserName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
