import { hasWithdrawnPerson, type Reason } from '../domain/outcome';
import type { ReasonCode } from '../domain/steering';
import { hasWithdrawnInRound } from '../domain/timeline';
import type { Manifest } from '../report-store/port';
import { createOperations } from '../temporal/operations';
import { readApplicantRun } from '../temporal/runs';
import { NotNow, Unavailable } from './errors';
import { showApplicant } from './show-applicant';
import { readStore, readTemporal } from './unavailable';
import type { Actor, UseCaseDeps } from './use-cases';
import type { SteeredApplicant } from './views';

/** Deletes the person of a closed applicant upstream, which also ends its refresh. Does not wait for a worker. */
export async function withdrawClosed(
  deps: UseCaseDeps,
  clientUserId: string,
  { reasonCode }: { readonly reasonCode: ReasonCode },
  { who, onBehalfOf }: Actor,
): Promise<SteeredApplicant> {
  await deps.audit.record({ who, onBehalfOf, did: 'withdraw', clientUserId, detail: reasonCode });
  const tagged = await showApplicant(deps, clientUserId);
  const { applicant } = tagged;
  // Its manifest cannot show whether another round is open.
  if (applicant.degraded.includes('temporal-unavailable')) throw new Unavailable('temporal', 'nothing');
  if (applicant.open) throw new NotNow('open', applicant);
  // It is closed, but its run may still collect late reports.
  const run = await readTemporal(() => readApplicantRun(deps.client, clientUserId));
  if (run?.standing === 'open') throw new NotNow('closing', applicant);
  const manifest = await readStore(() => deps.reportStore.readManifest(clientUserId));
  if (manifest?.withdrawnAt || hasWithdrawn(applicant.reason, manifest)) return { ...tagged, done: 'already' };
  await readTemporal(() => createOperations(deps).beginWithdraw(clientUserId));
  return { ...tagged, done: 'accepted' };
}

/** A cancel before the invitation withdraws no one, and one by 0.2.0 left the person of an earlier round: there only the timeline counts. */
function hasWithdrawn(reason: Reason | null, manifest: Manifest | null): boolean {
  if (reason !== 'operator') return hasWithdrawnPerson(reason);
  return manifest !== null && hasWithdrawnInRound(manifest.timeline);
}
