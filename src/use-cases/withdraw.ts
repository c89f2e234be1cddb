import { hasWithdrawnPerson, type Reason } from '../domain/outcome';
import type { ReasonCode } from '../domain/steering';
import { hasWithdrawnInRound } from '../domain/timeline';
import type { Manifest } from '../report-store/port';
import { createOperations } from '../temporal/operations';
import { readApplicantRun } from '../temporal/runs';
import { NotNow } from './errors';
import { recordAct } from './record-act';
import { showFromTemporal } from './show-applicant';
import { changeTemporal, readAfterChange, readStore, readTemporal } from './unavailable';
import type { Actor, UseCaseDeps } from './use-cases';
import type { SteeredApplicant } from './views';

/** Deletes the person of a closed applicant upstream, which also ends its refresh. Does not wait for a worker. */
export function withdrawClosed(
  deps: UseCaseDeps,
  clientUserId: string,
  { reasonCode }: { readonly reasonCode: ReasonCode },
  actor: Actor,
): Promise<SteeredApplicant> {
  return recordAct(deps, actor, { did: 'withdraw', clientUserId, detail: reasonCode }, () =>
    withdraw(deps, clientUserId),
  );
}

async function withdraw(deps: UseCaseDeps, clientUserId: string): Promise<SteeredApplicant> {
  const tagged = await showFromTemporal(deps, clientUserId);
  const { applicant } = tagged;
  if (applicant.open) throw new NotNow('open', applicant);
  // It is closed, but its run may still collect late reports.
  const run = await readTemporal(() => readApplicantRun(deps.client, clientUserId));
  if (run?.standing === 'open') throw new NotNow('closing', applicant);
  const manifest = await readStore(() => deps.reportStore.readManifest(clientUserId));
  if (manifest?.withdrawnAt || hasWithdrawn(applicant.reason, manifest)) return { ...tagged, done: 'already' };
  await changeTemporal(() => createOperations(deps).beginWithdraw(clientUserId));
  // A round that began meanwhile ends the withdrawal without a deletion.
  const after = await readAfterChange(() => showFromTemporal(deps, clientUserId));
  if (after.applicant.open) throw new NotNow('open', after.applicant);
  return { ...tagged, done: 'accepted' };
}

/** A cancel before the invitation withdraws no one, and one by 0.2.0 left the person of an earlier round: there only the timeline counts. */
function hasWithdrawn(reason: Reason | null, manifest: Manifest | null): boolean {
  if (reason !== 'operator') return hasWithdrawnPerson(reason);
  return manifest !== null && hasWithdrawnInRound(manifest.timeline);
}
