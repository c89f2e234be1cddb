import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import type { FileEncryption } from '../../domain/encryption';
import { CLIENT_USER_ID_EXPECTED, isClientUserId } from '../../domain/identifiers';
import type { EventRecorder } from '../../events/recorder';
import type { Audit, AuditEntry } from '../../observability/audit';
import type { AuditKeys } from '../../observability/audit-chain';
import type { ReportStore } from '../../report-store/port';
import type { NoticeSender } from '../../temporal/notices';
import type { Actor, UseCases } from '../../use-cases/use-cases';
import type { ExitStatus } from '../exit-status';
import type { Installation } from '../installation-checks';
import type { Screen } from '../rows';
import type { Terminal } from '../terminal';

/** What a command works with. Connections and files are opened on the first use. */
export interface CommandContext {
  /** Messages for the user, on stderr. */
  readonly terminal: Terminal;
  /** Prints one line on stdout: a result, or with `--json` a JSON object. */
  readonly print: (line: string) => void;
  /** Stdout as a terminal; null if it is a file or a pipe. */
  readonly screen: Screen | null;
  /** Stdout holds only JSON lines. */
  readonly json: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Returns the same client each time. @throws {TemporalUnreachable} */
  readonly temporal: () => Promise<Client>;
  readonly taskQueue: string;
  /** Returns the same ones each time. An act opens the audit log, reading does not. @throws {TemporalUnreachable} */
  readonly useCases: () => Promise<UseCases>;
  /** Use cases that do not need an answer of Temporal before they begin: for reads that the report store can answer. */
  readonly offlineUseCases: () => UseCases;
  /** The actor in the audit log: `cli:<os user>`. */
  readonly actor: string;
  /** Returns the same log each time. @throws {AuditUnavailable} */
  readonly audit: () => Promise<Pick<Audit, 'record'>>;
  /** `AUDIT_LOG`. */
  readonly auditFolder: string;
  readonly auditKeys: AuditKeys;
  /** Asks on the terminal and returns the line that the user types; null without a terminal. */
  readonly ask: ((question: string) => Promise<string>) | null;
  readonly installation: Installation;
  readonly noticeSender: () => Promise<NoticeSender>;
  readonly reportStore: () => ReportStore;
  /** `WEBHOOK_SPOOL`; null if it is off. */
  readonly spoolFolder: string | null;
  /** Of notices in the spool and in quarantine, and of events. */
  readonly noticeEncryption: FileEncryption;
  readonly eventRecorder: () => Promise<EventRecorder>;
}

/** Records an act. Called before it, because an act that cannot be recorded must not happen. @throws {AuditUnavailable} */
export async function recordAct(
  { actor, audit }: CommandContext,
  did: AuditEntry['did'],
  subject: Omit<AuditEntry, 'who' | 'did'>,
): Promise<void> {
  await (await audit()).record({ who: actor, did, ...subject });
}

/** The actor of a use case. */
export function actorOf({ actor }: CommandContext): Actor {
  return { who: actor };
}

/** Prints a result: with `--json` its fields on stdout, otherwise a text on the terminal. */
export function printResult({ json, print, terminal }: CommandContext, fields: object, text: string): void {
  if (json) print(JSON.stringify(fields));
  else terminal.write(text);
}

export type CommandAction = (context: CommandContext) => Promise<ExitStatus>;

/** The configuration that a command needs: that of commands, or only that of a reader of the audit log. */
export type ConfigScope = 'chartway' | 'verifier';

/**
 * Registers a command with its options and subcommands. It calls `select` with its action, which runs after the configuration is read, because
 * `--help` and wrong usage need no configuration.
 */
export type RegisterCommand = (program: Command, select: (action: CommandAction, scope?: ConfigScope) => void) => void;

/** Adds a command whose first argument is a clientUserId. `act` gets it, valid, with the other arguments and the options. */
export function addApplicantCommand<Rest extends unknown[]>(
  program: Command,
  name: string,
  description: string,
  act: (clientUserId: string, ...rest: Rest) => void,
): Command {
  const command = program.command(name).description(description).argument('<clientUserId>');
  return command.action((clientUserId: string, ...rest: Rest) => {
    if (!isClientUserId(clientUserId)) command.error(`error: expected ${CLIENT_USER_ID_EXPECTED}`);
    act(clientUserId, ...rest);
  });
}
