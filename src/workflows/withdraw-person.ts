import { CancellationScope, continueAsNew, sleep, workflowInfo } from '@temporalio/workflow';
import type { PeopleFound } from '../activities/withdrawal';
import { MINUTE_MS, SECOND_MS } from '../domain/policy';
import { internalActivities, upstreamActivities } from './activity-calls';
import { type KnownPeople, type WithdrawPersonInput, type WithdrawPersonResult, withdrawWorkflowId } from './contract';
import { askUntilDecidedInRun } from './undecided';

/** How long after a deletion upstream is asked again whether it shows: its read side may lag. The last one repeats. */
const ASK_AGAIN_MS = [SECOND_MS, 5 * SECOND_MS, MINUTE_MS, 5 * MINUTE_MS] as const;

/**
 * Withdraws a person of whom no applicant is open, for an operator or for an erasure: deletes until upstream says that no person is there, or
 * none of `only`, then writes the outcome where the manifest has none. Nothing else of ours deletes without an applicant. A cancel does not
 * stop it: half a withdrawal is none.
 */
export async function withdrawPerson(input: WithdrawPersonInput = {}): Promise<WithdrawPersonResult> {
  return CancellationScope.nonCancellable(() => withdrawAll(input));
}

async function withdrawAll({ withdrawn: before = [], only }: WithdrawPersonInput): Promise<WithdrawPersonResult> {
  const clientUserId = workflowInfo().workflowId.slice(withdrawWorkflowId('').length);
  const withdrawn = new Set(before);
  let others: readonly string[] = [];
  const endedAs = (result: WithdrawPersonResult['result'], recorded: boolean): WithdrawPersonResult => ({
    clientUserId,
    result,
    people: withdrawn.size,
    recorded,
    ...(only && { others }),
  });
  for (let look = 0; ; look += 1) {
    // Asked before each deletion: somebody may have started the applicant meanwhile.
    if (await internalActivities('Look for an open applicant').isApplicantOpen({ clientUserId }))
      return endedAs('open', false);
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
    await sleep(ASK_AGAIN_MS[Math.min(look, ASK_AGAIN_MS.length - 1)] ?? MINUTE_MS, {
      summary: 'ask again whether the person is gone',
    });
  }
  const [humanId = null] = withdrawn;
  const recorded = await internalActivities('Write the manifest').recordWithdrawal({ clientUserId, humanId });
  return endedAs(withdrawn.size > 0 ? 'withdrawn' : 'nobody', recorded);
}

async function findPeople(clientUserId: string, only: KnownPeople | undefined): Promise<PeopleFound> {
  const call = upstreamActivities('conclude', 'Look the person up');
  if (only) return askUntilDecidedInRun((patience) => call.findKnownPeople({ clientUserId, ...only, ...patience }));
  const ours = await askUntilDecidedInRun((patience) => call.findPeople({ clientUserId, ...patience }));
  return { ours, others: [] };
}
