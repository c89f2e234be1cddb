import { createHash, randomUUID } from 'node:crypto';
import { createApplicants, type StartOptions, type StartRequest } from '../temporal/applicants';
import { decodeFirstOrNull } from '../temporal/history';
import { describeRun, isOpenRun } from '../temporal/runs';
import { applicantWorkflowId, START_ID_MEMO, withdrawWorkflowId } from '../workflows/contract';
import { NotNow, PreconditionFailed, PreconditionRequired } from './errors';
import { showFromTemporal } from './show-applicant';
import { startDeadlineMs } from './start-deadline';
import { showStarted } from './started-view';
import { changeTemporal, readTemporal } from './unavailable';
import type { UseCaseDeps } from './use-cases';
import type { ApplicantView, TaggedApplicant } from './views';

/**
 * Begins the next round of a closed applicant, if it is still in the state with the entity tag `ifMatch`. The request id of the start is a hash of
 * the tag, so Temporal begins one run for a tag, even if several callers send it at the same time. `startId` shows which caller began it.
 * @throws {PreconditionRequired}; {PreconditionFailed}; {NotNow}; {NotFound}; {Unavailable}
 */
export async function startAgain(
  deps: UseCaseDeps,
  request: StartRequest,
  ifMatch: string | null,
): Promise<TaggedApplicant> {
  if (ifMatch === null) throw new PreconditionRequired('expected the ETag of the closed applicant as If-Match');
  const { clientUserId } = request.details;
  const { applicant } = await readMatching(deps, clientUserId, ifMatch);
  // It would delete the person that the new round invites or adopts.
  if (await isWithdrawing(deps, clientUserId)) throw new NotNow('withdrawing', applicant);
  const startId = randomUUID();
  const onceOptions = { requestId: requestIdOf(clientUserId, ifMatch), startId };
  const { result } = await changeTemporal(() =>
    createApplicants(deps).start(
      { ...request, again: true },
      { ...nextRound(applicant), once: onceOptions, untilMs: startDeadlineMs() },
    ),
  );
  if (result !== 'started') {
    // Another round has begun, or the run collects reports that came during its closing.
    const current = await readMatching(deps, clientUserId, ifMatch);
    throw new NotNow('closing', current.applicant);
  }
  const newestStartId = await readStartId(deps, clientUserId);
  const newRound = await showStarted(deps, clientUserId);
  if (newestStartId !== startId) throw new PreconditionFailed(newRound.applicant);
  return newRound;
}

/** The closed applicant with this entity tag. */
async function readMatching(deps: UseCaseDeps, clientUserId: string, ifMatch: string): Promise<TaggedApplicant> {
  const current = await showFromTemporal(deps, clientUserId);
  if (current.etag !== ifMatch) throw new PreconditionFailed(current.applicant);
  if (current.applicant.open) throw new NotNow('open', current.applicant);
  return current;
}

/** Whether a withdrawal of the person runs. */
async function isWithdrawing({ client }: UseCaseDeps, clientUserId: string): Promise<boolean> {
  const workflowId = withdrawWorkflowId(clientUserId);
  return isOpenRun(await readTemporal(() => describeRun(client, { workflowId })));
}

/** The workflow reads the manifest and corrects the number; a run that was ended by force may have written nothing. */
function nextRound({ round, rounds, outcome }: ApplicantView): StartOptions {
  return round === null || rounds === null || outcome === null ? {} : { round: round + 1 };
}

function requestIdOf(clientUserId: string, etag: string): string {
  return createHash('sha256').update(`again\n${clientUserId}\n${etag}`).digest('hex');
}

/** Which request began the newest run. */
async function readStartId({ client }: UseCaseDeps, clientUserId: string): Promise<unknown> {
  const workflowId = applicantWorkflowId(clientUserId);
  const description = await changeTemporal(() => describeRun(client, { workflowId }));
  const payload = description?.workflowExecutionInfo?.memo?.fields?.[START_ID_MEMO];
  return payload ? decodeFirstOrNull(client, workflowId, [payload]) : null;
}
