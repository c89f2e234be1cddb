import { CLIENT_USER_ID_EXPECTED, isClientUserId } from '../../domain/identifiers';
import { createOperations, type OperationStep, type WithdrawPersonResult } from '../../temporal/operations';
import { readStuckApplicant, type StuckRun } from '../../temporal/run-health';
import type { AddCommand, Operator } from './operator';
import { stepInWords } from './steps';
import { whileAttended } from './waiting';

/** `chartway withdraw <clientUserId>`: deletes somebody upstream of whom no applicant is open. */
export const withdrawCommand: AddCommand = (program, choose) => {
  const command = program
    .command('withdraw')
    .description('Delete a person at Human API of whom no applicant is open, for good. Needs a worker.')
    .argument('<clientUserId>')
    .action((clientUserId: string) => {
      if (!isClientUserId(clientUserId)) command.error(`error: expected ${CLIENT_USER_ID_EXPECTED}`);
      choose((operator) => withdraw(operator, clientUserId));
    });
};

async function withdraw(operator: Operator, clientUserId: string) {
  const { terminal, taskQueue, who, signal } = operator;
  await (await operator.audit()).record({ who, did: 'withdraw', clientUserId });
  const client = await operator.temporal();
  const operations = createOperations({ client, taskQueue });
  terminal.say(`withdrawing ${clientUserId}; Ctrl-C stops the waiting, not the withdrawal`);
  const tell = (step: OperationStep) => terminal.say(stepInWords(step));
  const result = await whileAttended(operator, () => operations.withdraw(clientUserId, { signal, onStep: tell }));
  const stuck = result.result === 'open' ? await readStuckApplicant(client, clientUserId) : null;
  if (operator.json) operator.out(JSON.stringify(result));
  if (stuck !== null) terminal.say(standsStill(clientUserId, stuck));
  else if (!operator.json) terminal.say(inWords(result));
  return result.result === 'withdrawn' ? (0 as const) : (1 as const);
}

/** A cancel would wait for ever too. Nothing is ended here: with its key back it goes on as if nothing had been. */
function standsStill(clientUserId: string, { workflowId, why }: StuckRun): string {
  return `${clientUserId}: its applicant is open and stands still: ${why}. Where a key is missing in the workers' PAYLOAD_KEYS, give it back, and it goes on by itself. Where nobody has it, \`npm run erase -- ${clientUserId}\` withdraws the person and removes everything, or, to keep what is stored, \`temporal workflow terminate --workflow-id ${workflowId}\` and this command again`;
}

function inWords({ clientUserId, result, people, recorded }: WithdrawPersonResult): string {
  const noted = recorded ? '; the manifest says cancelled, so that no later start invites again without --again' : '';
  switch (result) {
    case 'withdrawn':
      return `${clientUserId}: ${people === 1 ? 'the person is' : `${people} people are`} gone upstream${noted}`;
    case 'nobody':
      return `${clientUserId}: Human API knows nobody under this id${noted}`;
    case 'open':
      return `${clientUserId}: its applicant is open; \`npm run chartway -- cancel ${clientUserId}\` cancels that, and it withdraws by itself`;
  }
}
