import type { BatchApplicant, BatchRecord, RowEnd } from '../report-store/batch-files';
import { UnreadableManifest } from '../report-store/errors';
import { createApplicants } from '../temporal/applicants';
import { detailsDigest } from '../temporal/details';
import { Unavailable } from './errors';
import { beginApplicant } from './start-applicant';
import type { UseCaseDeps } from './use-cases';

const UNREADABLE: RowEnd = {
  result: 'conflict',
  errors: [
    {
      field: 'manifest',
      expected: 'a manifest of the report store that can be read; repair it, then start the applicant',
    },
  ],
};

/** Starts the applicant of a row as a single start does, with the audit lines of one. `started` also if this batch started it before. */
export async function startRow(
  deps: Omit<UseCaseDeps, 'policy'>,
  { details, autoInvite, reports, authorizationReference }: BatchApplicant,
  { batchId, policy, startedBy: who, onBehalfOf }: BatchRecord,
): Promise<RowEnd> {
  const { clientUserId } = details;
  const entry = { who, onBehalfOf, clientUserId, authorizationReference };
  await deps.audit.record({ ...entry, did: 'start', detail: `batch ${batchId}` });
  const begun = await beginApplicant(
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
  ).catch((error: unknown) => {
    // One damaged manifest must not stop the other rows.
    if (error instanceof Unavailable && error.cause instanceof UnreadableManifest) return null;
    throw error;
  });
  if (begun?.result === 'started') return { result: 'started', errors: [] };
  // An attempt that was interrupted has started it.
  const isOwn = begun?.run && (await isStartedBy(deps, clientUserId, batchId));
  if (isOwn && begun.result !== 'conflict') return { result: 'started', errors: [] };
  const end = begun === null ? UNREADABLE : { result: begun.result, errors: [] };
  await deps.audit.record({ ...entry, did: 'not-started', detail: end.result });
  return end;
}

/** Whether a batch started the newest run of an applicant. Throws what Temporal's client throws. */
export async function isStartedBy(
  deps: Pick<UseCaseDeps, 'client' | 'taskQueue'>,
  clientUserId: string,
  batchId: string,
): Promise<boolean> {
  return (await createApplicants(deps).readBatchId(clientUserId)) === batchId;
}
