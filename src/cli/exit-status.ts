import { KeyMissing } from '../domain/encryption';
import { AuditUnavailable } from '../observability/audit';
import { StoreError } from '../report-store/errors';
import { TemporalUnreachable } from '../temporal/connection';
import { OperationStuck, ResultUnreadable } from '../temporal/operations';
import { describeLateRejection } from '../temporal/rejection';
import { isTransient } from '../temporal/rpc';
import { SearchAttributesUnusable } from '../temporal/search-attributes';
import { NotApplicants } from './decode-text';
import type { Terminal } from './terminal';

/** 0: success; 1: a part failed, or Temporal, the store or the audit log is not available; 2: wrong usage; 130: interrupted (Ctrl-C). */
export type ExitStatus = 0 | 1 | 2 | 130;

/** Errors whose message is for the user. */
const EXPECTED = [
  TemporalUnreachable,
  SearchAttributesUnusable,
  KeyMissing,
  StoreError,
  ResultUnreadable,
  OperationStuck,
];

/** Runs a command. An expected error is written to the terminal and returned as exit status. `repeat`: how to continue. @throws any other error */
export async function runForExitStatus(
  run: () => Promise<ExitStatus>,
  { terminal, signal }: { readonly terminal: Terminal; readonly signal: AbortSignal },
  repeat = 'run the same command again to continue',
): Promise<ExitStatus> {
  try {
    return await run();
  } catch (error) {
    const stop = describeStop(error, signal, repeat);
    if (stop === null) throw error;
    terminal.clearProgress();
    terminal.write(stop.text);
    return stop.status;
  }
}

function describeStop(
  error: unknown,
  signal: AbortSignal,
  repeat: string,
): { text: string; status: ExitStatus } | null {
  if (signal.aborted) return { text: `stopped; ${repeat}`, status: 130 };
  if (error instanceof NotApplicants) return { text: error.message, status: 2 };
  if (error instanceof AuditUnavailable) return { text: `${error.message}; ${repeat}`, status: 1 };
  if (error instanceof Error && EXPECTED.some((type) => error instanceof type))
    return { text: error.message, status: 1 };
  if (isTransient(error)) return { text: `Temporal stopped answering; ${repeat}`, status: 1 };
  const rejection = describeLateRejection(error);
  return rejection === null ? null : { text: rejection, status: 1 };
}
