import type { AuditEntry } from '../observability/audit';
import { isNotDone, NotNow } from './errors';
import type { Actor, UseCaseDeps } from './use-cases';

/** Records the act, performs it, and records again if it was not done. Without the first line nothing is done. */
export async function recordAct<T>(
  deps: UseCaseDeps,
  { who, onBehalfOf }: Actor,
  { did, clientUserId, detail }: Pick<AuditEntry, 'did' | 'clientUserId' | 'detail'>,
  perform: () => Promise<T>,
): Promise<T> {
  await deps.audit.record({ who, onBehalfOf, did, clientUserId, detail });
  try {
    return await perform();
  } catch (error) {
    if (isNotDone(error)) {
      const code = error instanceof NotNow ? error.why : error.kind;
      await deps.audit.record({ who, onBehalfOf, did: 'not-done', clientUserId, detail: `${did}: ${code}` });
    }
    throw error;
  }
}
