import { Unavailable } from './errors';
import { findApplicant } from './show-applicant';
import { readAfterChange } from './unavailable';
import type { UseCaseDeps } from './use-cases';
import type { TaggedApplicant } from './views';

/** The view of a run that has just begun. @throws {Unavailable} with `unknown`, because it began */
export async function showStarted(deps: UseCaseDeps, clientUserId: string): Promise<TaggedApplicant> {
  const shown = await readAfterChange(() => findApplicant(deps, clientUserId, { skipState: true }));
  if (shown?.applicant.source !== 'temporal') throw new Unavailable('temporal', 'unknown');
  return shown;
}
