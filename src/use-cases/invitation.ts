import { QueryNotRegisteredError } from '@temporalio/client';
import { KeyMissing } from '../domain/encryption';
import { createApplicants } from '../temporal/applicants';
import { readApplicantRun } from '../temporal/runs';
import { hasWorker } from '../temporal/task-queues';
import type { InvitationAnswer } from '../workflows/contract';
import { NotFound, NotNow, Unavailable } from './errors';
import { showApplicant } from './show-applicant';
import { readTemporal } from './unavailable';
import type { Actor, UseCaseDeps } from './use-cases';
import type { InvitationView } from './views';

/** Upstream returns the link only when it creates a person, and the closing removes it. */
export async function readInvitation(
  deps: UseCaseDeps,
  clientUserId: string,
  { who, onBehalfOf }: Actor,
): Promise<InvitationView> {
  await deps.audit.record({ who, onBehalfOf, did: 'invitation', clientUserId });
  const run = await readTemporal(() => readApplicantRun(deps.client, clientUserId));
  const answer = run?.standing === 'open' ? await queryInvitation(deps, clientUserId) : null;
  if (answer?.why === 'not-invited-yet') {
    throw new NotNow('not-invited-yet', (await showApplicant(deps, clientUserId)).applicant);
  }
  if (!answer || answer.inviteLink === null) throw new NotFound('there is no open applicant with an invitation link');
  return { inviteLink: answer.inviteLink };
}

/** Null if the worker's version keeps no link, or if the applicant is gone. @throws {Unavailable}; {KeyMissing} */
async function queryInvitation(deps: UseCaseDeps, clientUserId: string): Promise<InvitationAnswer | null> {
  if (!(await hasWorker(deps).catch(() => true))) throw new Unavailable('worker', 'nothing');
  try {
    return await createApplicants(deps).readInvitation(clientUserId);
  } catch (error) {
    if (error instanceof QueryNotRegisteredError) return null;
    if (error instanceof KeyMissing) throw error;
    throw new Unavailable('worker', 'nothing', error);
  }
}
