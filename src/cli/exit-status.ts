import { KeyMissing } from '../domain/encryption';
import { AuditUnavailable } from '../observability/audit';
import { StoreError, StoreUnavailable } from '../report-store/errors';
import { TemporalUnreachable } from '../temporal/connection';
import { OperationStuck, ResultUnreadable } from '../temporal/operations';
import { describeLateRejection } from '../temporal/rejection';
import { isTransient } from '../temporal/rpc';
import { SearchAttributesUnusable } from '../temporal/search-attributes';
import { NotApplicants } from '../use-cases/applicants-file/decode-text';
import { UseCaseError } from '../use-cases/errors';
import { FileNotWritten } from './new-file';
import type { Terminal } from './terminal';
import { describeUseCaseError, useCaseStatus } from './use-case-errors';
import { WrongUsage } from './wrong-usage';

/**
 * 0: done; 1: refused or failed; 2: wrong usage or configuration; 3: could not find out, because Temporal, a worker, the report store or the audit
 * log did not answer; 130: interrupted (Ctrl-C).
 */
export type ExitStatus = 0 | 1 | 2 | 3 | 130;

/** Errors whose message is for the user. */
const EXPECTED = [SearchAttributesUnusable, KeyMissing, StoreError, ResultUnreadable, OperationStuck, FileNotWritten];

interface StopOptions {
  /** How to continue. */
  readonly repeat?: string;
  /** The status if Temporal or the report store does not answer. The starter keeps its 1. */
  readonly unavailable?: ExitStatus;
}

/** Runs a command. An expected error is written to the terminal and returned as exit status. @throws any other error */
export async function runForExitStatus(
  run: () => Promise<ExitStatus>,
  { terminal, signal }: { readonly terminal: Terminal; readonly signal: AbortSignal },
  options: StopOptions = {},
): Promise<ExitStatus> {
  try {
    return await run();
  } catch (error) {
    const stop = describeStop(error, signal, options);
    if (stop === null) throw error;
    terminal.clearProgress();
    terminal.write(stop.text);
    return stop.status;
  }
}

function describeStop(
  error: unknown,
  signal: AbortSignal,
  { repeat = 'run the same command again to continue', unavailable = 3 }: StopOptions,
): { text: string; status: ExitStatus } | null {
  if (signal.aborted) return { text: `stopped; ${repeat}`, status: 130 };
  if (error instanceof NotApplicants || error instanceof WrongUsage) return { text: error.message, status: 2 };
  if (error instanceof AuditUnavailable) return { text: `${error.message}; ${repeat}`, status: 3 };
  if (error instanceof UseCaseError) return { text: describeUseCaseError(error), status: useCaseStatus(error) };
  if (error instanceof TemporalUnreachable || error instanceof StoreUnavailable)
    return { text: error.message, status: unavailable };
  if (error instanceof Error && EXPECTED.some((type) => error instanceof type))
    return { text: error.message, status: 1 };
  if (isTransient(error)) return { text: `Temporal stopped answering; ${repeat}`, status: unavailable };
  const rejection = describeLateRejection(error);
  return rejection === null ? null : { text: rejection, status: 1 };
}
