import { KeyMissing } from '../../domain/encryption';
import { AuditUnavailable } from '../../observability/audit';
import { StoreUnavailable } from '../../report-store/errors';
import { TemporalUnreachable } from '../../temporal/connection';
import { OperationStuck, ResultUnreadable } from '../../temporal/operations';
import { describeLateRejection } from '../../temporal/rejection';
import { isTransient } from '../../temporal/rpc';
import { SearchAttributesUnusable } from '../../temporal/search-attributes';
import type { ExitStatus } from '../starter';
import type { Act, Operator } from './operator';

/** Does what the command line chose; what stopped it is said on the terminal. */
export async function runOperator(act: Act, operator: Operator): Promise<ExitStatus> {
  const { terminal, signal } = operator;
  const stopped = (why: string, status: ExitStatus): ExitStatus => {
    terminal.clear();
    terminal.say(why);
    return status;
  };
  try {
    return await act(operator);
  } catch (error) {
    if (signal.aborted) return stopped('stopped; the same command again goes on', 130);
    if (error instanceof TemporalUnreachable || error instanceof SearchAttributesUnusable) {
      return stopped(error.message, 1);
    }
    if (error instanceof AuditUnavailable || error instanceof KeyMissing) return stopped(error.message, 1);
    if (error instanceof StoreUnavailable) return stopped(error.message, 1);
    if (error instanceof ResultUnreadable || error instanceof OperationStuck) return stopped(error.message, 1);
    if (isTransient(error)) return stopped('Temporal stopped answering; the same command again goes on', 1);
    const refusal = describeLateRejection(error);
    if (refusal !== null) return stopped(refusal, 1);
    throw error;
  }
}
