import { isUndecodable, KeyMissing } from '../domain/encryption';
import { createApplicants } from '../temporal/applicants';
import { hasWorker } from '../temporal/task-queues';
import type { StateAnswer } from '../workflows/contract';
import type { UseCaseDeps } from './use-cases';

/** A worker answers within milliseconds. */
const QUERY_TIMEOUT_MS = 2_000;

/** The state of an open applicant; null without a worker that answers. @throws {KeyMissing} */
export async function readOpenState(
  { client, taskQueue }: Pick<UseCaseDeps, 'client' | 'taskQueue'>,
  clientUserId: string,
): Promise<StateAnswer | null> {
  if (!(await hasWorker({ client, taskQueue }).catch(() => true))) return null;
  try {
    const state = await createApplicants({ client, taskQueue }).readState(clientUserId, Date.now() + QUERY_TIMEOUT_MS);
    return isUndecodable(state) ? null : state;
  } catch (error) {
    if (error instanceof KeyMissing) throw error;
    return null;
  }
}
