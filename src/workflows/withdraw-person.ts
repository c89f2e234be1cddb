import { CancellationScope, continueAsNew, sleep, workflowInfo } from '@temporalio/workflow';
import { MINUTE_MS, SECOND_MS } from '../domain/policy';
import { inHouse, upstream } from './calls';
import { type WithdrawPersonInput, type WithdrawPersonResult, withdrawWorkflowId } from './contract';

/** How long after a deletion upstream is asked again whether it shows: its read side may lag. The last one repeats. */
const ASK_AGAIN_MS = [SECOND_MS, 5 * SECOND_MS, MINUTE_MS, 5 * MINUTE_MS] as const;

/**
 * Withdraws a person by hand, of whom no applicant is open: deletes until upstream says that nobody is there, then writes the outcome where
 * the manifest has none. Nothing else of ours deletes without an applicant. A cancel does not stop it: half a withdrawal is none.
 */
export async function withdrawPerson(input: WithdrawPersonInput = {}): Promise<WithdrawPersonResult> {
  return CancellationScope.nonCancellable(() => withdrawAll(input.withdrawn ?? []));
}

async function withdrawAll(before: readonly string[]): Promise<WithdrawPersonResult> {
  const clientUserId = workflowInfo().workflowId.slice(withdrawWorkflowId('').length);
  const withdrawn = new Set(before);
  const endedAs = (result: WithdrawPersonResult['result'], recorded: boolean): WithdrawPersonResult => ({
    clientUserId,
    result,
    people: withdrawn.size,
    recorded,
  });
  for (let look = 0; ; look += 1) {
    // Asked before each deletion: somebody may have started the applicant meanwhile.
    if (await inHouse('Look for an open applicant').isApplicantOpen({ clientUserId })) return endedAs('open', false);
    const people = await upstream('conclude', 'Look the person up').findPeople({ clientUserId });
    if (people.length === 0) break;
    for (const humanId of people) {
      await upstream('conclude', 'Withdraw the person').withdraw({ humanId });
      withdrawn.add(humanId);
    }
    if (workflowInfo().continueAsNewSuggested) {
      return continueAsNew<typeof withdrawPerson>({ withdrawn: [...withdrawn] });
    }
    await sleep(ASK_AGAIN_MS[Math.min(look, ASK_AGAIN_MS.length - 1)] ?? MINUTE_MS, {
      summary: 'ask again whether the person is gone',
    });
  }
  const [humanId = null] = withdrawn;
  const recorded = await inHouse('Write the manifest').recordWithdrawal({ clientUserId, humanId });
  return endedAs(withdrawn.size > 0 ? 'withdrawn' : 'nobody', recorded);
}
