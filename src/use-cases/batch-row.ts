import type { BatchApplicant, BatchRecord } from '../report-store/batch-files';
import { createApplicants } from '../temporal/applicants';
import { detailsDigest } from '../temporal/details';
import { beginApplicant } from './start-applicant';
import type { UseCaseDeps } from './use-cases';

/** Starts the applicant of a row as a single start does, with the audit lines of one. `started` also if this batch started it before. */
export async function startRow(
  deps: Omit<UseCaseDeps, 'policy'>,
  { details, autoInvite, reports, authorizationReference }: BatchApplicant,
  { batchId, policy, startedBy: who, onBehalfOf }: BatchRecord,
): Promise<'started' | 'running' | 'closed' | 'conflict'> {
  const { clientUserId } = details;
  const entry = { who, onBehalfOf, clientUserId, authorizationReference };
  await deps.audit.record({ ...entry, did: 'start', detail: `batch ${batchId}` });
  const { result, run } = await beginApplicant(
    { ...deps, policy },
    {
      details,
      detailsDigest: detailsDigest(details),
      policy: reports ? { ...policy, wanted: reports } : policy,
      autoInvite,
      batch: true,
      batchId,
      ...(authorizationReference !== undefined && { authorizationReference }),
    },
  );
  if (result === 'started') return result;
  // An attempt that was interrupted has started it.
  const isOwn = run !== null && (await isStartedBy(deps, clientUserId, batchId));
  if (isOwn && result !== 'conflict') return 'started';
  await deps.audit.record({ ...entry, did: 'not-started', detail: result });
  return result;
}

/** Whether a batch started the newest run of an applicant. Throws what Temporal's client throws. */
export async function isStartedBy(
  deps: Pick<UseCaseDeps, 'client' | 'taskQueue'>,
  clientUserId: string,
  batchId: string,
): Promise<boolean> {
  return (await createApplicants(deps).readBatchId(clientUserId)) === batchId;
}
