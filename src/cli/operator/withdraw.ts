import { CLIENT_USER_ID_EXPECTED, isClientUserId } from '../../domain/identifiers';
import { createOperations, type WithdrawPersonResult } from '../../temporal/operations';
import type { AddCommand, Operator } from './operator';
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
  const { terminal, taskQueue, who } = operator;
  await (await operator.audit()).record({ who, did: 'withdraw', clientUserId });
  const operations = createOperations({ client: await operator.temporal(), taskQueue });
  terminal.say(`withdrawing ${clientUserId}; Ctrl-C stops the waiting, not the withdrawal`);
  const result = await whileAttended(operator, () => operations.withdraw(clientUserId, operator.signal));
  if (operator.json) operator.out(JSON.stringify(result));
  else terminal.say(inWords(result));
  return result.result === 'withdrawn' ? (0 as const) : (1 as const);
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
