import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import type { Cipher } from '../../domain/encryption';
import type { Audit } from '../../observability/audit';
import type { AuditKeys } from '../../observability/audit-chain';
import type { ReportStore } from '../../report-store/port';
import type { NoticeSender } from '../../temporal/notices';
import type { ExitStatus } from '../starter';
import type { Terminal } from '../terminal';

/** What an operator's command works with. What costs something is made when it is asked for. */
export interface Operator {
  /** Text for people, on stderr: what happens and what to do next. */
  readonly terminal: Terminal;
  /** One line of stdout: what was asked for, or with `--json` one JSON object. */
  readonly out: (line: string) => void;
  /** Stdout is JSON lines and nothing else. */
  readonly json: boolean;
  /** Aborted by Ctrl-C: take up nothing more. */
  readonly signal: AbortSignal;
  /** The same client each time; waits for Temporal and gives up in the end. @throws {TemporalUnreachable} */
  readonly temporal: () => Promise<Client>;
  readonly taskQueue: string;
  /** `cli:<os user>`: who acts, for the audit log. */
  readonly who: string;
  /** The same each time. @throws {ConfigurationError} where it cannot be written: then nothing may be done that has to stand in it */
  readonly audit: () => Promise<Pick<Audit, 'record'>>;
  /** `AUDIT_LOG`. */
  readonly auditFolder: string;
  readonly auditKeys: AuditKeys;
  /** Asks on the terminal and gives the line that was typed; null where there is none. */
  readonly ask: ((question: string) => Promise<string>) | null;
  /** Over the client above. */
  readonly noticeSender: () => Promise<NoticeSender>;
  readonly reportStore: () => ReportStore;
  /** `WEBHOOK_SPOOL`; null where it is off. */
  readonly spoolFolder: string | null;
  /** Null: no keys are set. */
  readonly seal: Cipher | null;
}

/** What the chosen command does. 0: all well; 1: something asked for could not be done; 2: wrong usage. */
export type Act = (operator: Operator) => Promise<ExitStatus>;

/** The configuration that a command needs: the operator's, or only that of a reader of the audit log's files. */
export type Needs = 'chartway' | 'verifier';

/**
 * Adds one command, with its options and subcommands, to the command line. Its action hands over what is to be done, which is run once the
 * configuration has been read: `--help` and wrong usage need none.
 */
export type AddCommand = (program: Command, choose: (act: Act, needs?: Needs) => void) => void;
