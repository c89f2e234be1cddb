import { createOperations, type WithdrawPersonResult } from '../../temporal/operations';
import { readStuckApplicant, type StuckRun } from '../../temporal/run-health';
import type { ExitStatus } from '../exit-status';
import { addApplicantCommand, type CommandContext, type RegisterCommand, recordAct } from './context';
import { stepWriter } from './erasure-steps';
import { warnWhileNoWorker } from './worker-warning';

/** `chartway withdraw <clientUserId>`: deletes a person upstream who has no open applicant. */
export const withdrawCommand: RegisterCommand = (program, select) => {
  addApplicantCommand(
    program,
    'withdraw',
    'Permanently delete a person at Human API who has no open applicant. Needs a worker.',
    (clientUserId) => select((context) => withdraw(context, clientUserId)),
  );
};

async function withdraw(context: CommandContext, clientUserId: string): Promise<ExitStatus> {
  const { terminal, taskQueue, signal, json } = context;
  await recordAct(context, 'withdraw', { clientUserId });
  const client = await context.temporal();
  const operations = createOperations({ client, taskQueue });
  terminal.write(`withdrawing ${clientUserId}; Ctrl-C stops the wait, not the withdrawal`);
  const options = { signal, onStep: stepWriter(context) };
  const withdrawn = await warnWhileNoWorker(context, () => operations.withdraw(clientUserId, options));
  const stuck = withdrawn.result === 'open' ? await readStuckApplicant(client, clientUserId) : null;
  if (json) context.print(JSON.stringify(withdrawn));
  if (stuck !== null) terminal.write(describeStuck(clientUserId, stuck));
  else if (!json) terminal.write(describeWithdrawal(withdrawn));
  return withdrawn.result === 'withdrawn' ? 0 : 1;
}

/** A cancel would wait too. The command terminates nothing, because the applicant continues when its key is back. */
function describeStuck(clientUserId: string, { workflowId, why }: StuckRun): string {
  return `${clientUserId}: its applicant is open but makes no progress: ${why}.
  - If PAYLOAD_KEYS of the workers lacks a key, add it: the applicant then continues.
  - If the key is lost, \`npm run chartway -- erase ${clientUserId}\` withdraws the person and removes everything.
  - To keep the stored documents, run \`temporal workflow terminate --workflow-id ${workflowId}\`, then this command again.`;
}

function describeWithdrawal({ clientUserId, result, people, recorded }: WithdrawPersonResult): string {
  const manifest = recorded
    ? '; the manifest records the outcome cancelled, so a later start without --again does not invite again'
    : '';
  switch (result) {
    case 'withdrawn':
      return `${clientUserId}: ${people === 1 ? 'the person was' : `${people} people were`} deleted at Human API${manifest}`;
    case 'nobody':
      return `${clientUserId}: Human API has no person with this id${manifest}`;
    case 'open':
      return `${clientUserId}: its applicant is open; \`npm run chartway -- cancel ${clientUserId}\` cancels it, which also withdraws the person`;
  }
}
