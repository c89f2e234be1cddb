import { readRunInput } from '../temporal/history';
import { readApplicantRun } from '../temporal/runs';
import { NotFound } from './errors';
import { readTemporal } from './unavailable';
import type { Actor, UseCaseDeps } from './use-cases';
import type { DetailsView } from './views';

/** The report store keeps no details, so an applicant that Temporal has deleted has none. */
export async function readDetails(
  { client, audit }: UseCaseDeps,
  clientUserId: string,
  { who, onBehalfOf }: Actor,
): Promise<DetailsView> {
  await audit.record({ who, onBehalfOf, did: 'details', clientUserId });
  const run = await readTemporal(() => readApplicantRun(client, clientUserId));
  const input = run && (await readTemporal(() => readRunInput(client, run)));
  if (!input) throw new NotFound('Temporal has no such applicant, or has deleted it');
  const { clientUserEmail, firstName, lastName, dateOfBirth, suggestedSources } = input.details;
  return {
    clientUserId,
    clientUserEmail,
    firstName: firstName ?? null,
    lastName: lastName ?? null,
    dateOfBirth: dateOfBirth ?? null,
    suggestedSources: suggestedSources ?? [],
  };
}
