import { CancellationScope, continueAsNew, sleep, workflowInfo } from '@temporalio/workflow';
import type { PeopleFound } from '../activities/withdrawal';
import { MINUTE_MS, SECOND_MS } from '../domain/policy';
import { internalActivities, upstreamActivities } from './activity-calls';
import { clientUserIdOf, type KnownPeople, type WithdrawPersonInput, type WithdrawPersonResult } from './contract';
import { askUntilDecidedInRun } from './undecided';

/** Delays after a deletion before upstream is asked again, because its reads may lag. The last one repeats. */
const RECHECK_DELAYS_MS = [SECOND_MS, 5 * SECOND_MS, MINUTE_MS, 5 * MINUTE_MS] as const;

/**
 * Withdraws a person without an open applicant, for an operator or for an erasure. Deletes until upstream finds no person, or none of `only`, then
 * writes the outcome into the manifest if it has none. A cancel request does not stop it.
 */
export async function withdrawPerson(input: WithdrawPersonInput = {}): Promise<WithdrawPersonResult> {
  return CancellationScope.nonCancellable(() => withdrawAll(input));
}

async function withdrawAll({ withdrawn: before = [], only }: WithdrawPersonInput): Promise<WithdrawPersonResult> {
  const clientUserId = clientUserIdOf(workflowInfo().workflowId) ?? '';
  const withdrawn = new Set(before);
  let others: readonly string[] = [];
  const toResult = (result: WithdrawPersonResult['result'], recorded: boolean): WithdrawPersonResult => ({
    clientUserId,
    result,
    people: withdrawn.size,
    recorded,
    ...(only && { others }),
  });
  for (let checks = 0; ; checks += 1) {
    // Before each deletion, because the applicant may have been started since.
    if (await internalActivities('Check for an open applicant').isApplicantOpen({ clientUserId }))
      return toResult('open', false);
    const found = await findPeople(clientUserId, only);
    others = found.others;
    if (found.ours.length === 0) break;
    for (const humanId of found.ours) {
      const call = upstreamActivities('conclude', 'Withdraw the person');
      await askUntilDecidedInRun((patience) => call.withdraw({ humanId, ...patience }));
      withdrawn.add(humanId);
    }
    if (workflowInfo().continueAsNewSuggested) {
      return continueAsNew<typeof withdrawPerson>({ withdrawn: [...withdrawn], ...(only && { only }) });
    }
    await sleep(RECHECK_DELAYS_MS[Math.min(checks, RECHECK_DELAYS_MS.length - 1)] ?? MINUTE_MS, {
      summary: 'waiting before the next check that the person is gone',
    });
  }
  const [humanId = null] = withdrawn;
  const recorded = await internalActivities('Write the manifest').recordWithdrawal({ clientUserId, humanId });
  return toResult(withdrawn.size > 0 ? 'withdrawn' : 'nobody', recorded);
}

async function findPeople(clientUserId: string, only: KnownPeople | undefined): Promise<PeopleFound> {
  const call = upstreamActivities('conclude', 'Look up the person');
  if (only) return askUntilDecidedInRun((patience) => call.findKnownPeople({ clientUserId, ...only, ...patience }));
  const ours = await askUntilDecidedInRun((patience) => call.findPeople({ clientUserId, ...patience }));
  return { ours, others: [] };
}
