import { CLIENT_USER_ID_EXPECTED, isClientUserId } from '../../domain/identifiers';
import { openHolds, REASON_CODE } from '../../report-store/holds';
import type { ExitStatus } from '../starter';
import type { CommandContext, RegisterCommand } from './context';

/** `chartway hold|release|holds`: what must not be erased, whoever asks and however old it is. */
export const holdCommand: RegisterCommand = (program, choose) => {
  const hold = program
    .command('hold')
    .description('Keep an applicant from being erased, until it is released.')
    .argument('<clientUserId>')
    .requiredOption(
      '--reason-code <code>',
      'your own code of the case: letters, digits and ._~:/-; no words about a person',
    )
    .action((clientUserId: string, { reasonCode }: { readonly reasonCode: string }) => {
      if (!isClientUserId(clientUserId)) hold.error(`error: expected ${CLIENT_USER_ID_EXPECTED}`);
      if (!REASON_CODE.test(reasonCode))
        hold.error('error: expected 1 to 100 letters, digits and ._~:/- as reason code');
      choose((operator) => put(operator, clientUserId, reasonCode));
    });
  const release = program
    .command('release')
    .description('End a hold.')
    .argument('<clientUserId>')
    .action((clientUserId: string) => {
      if (!isClientUserId(clientUserId)) release.error(`error: expected ${CLIENT_USER_ID_EXPECTED}`);
      choose((operator) => end(operator, clientUserId));
    });
  program
    .command('holds')
    .description('one line a hold: whose, reason code, since when, by whom')
    .action(() => choose(list));
};

async function put(operator: CommandContext, clientUserId: string, reasonCode: string): Promise<ExitStatus> {
  const { actor: who, terminal } = operator;
  await (await operator.audit()).record({ who, did: 'hold', clientUserId, detail: reasonCode });
  const hold = { clientUserId, reasonCode, who, at: new Date().toISOString() };
  await openHolds(operator.reportStore().shelf).put(hold);
  if (operator.json) operator.print(JSON.stringify({ result: 'held', ...hold }));
  else terminal.write(`${clientUserId}: held`);
  return 0;
}

async function end(operator: CommandContext, clientUserId: string): Promise<ExitStatus> {
  const { actor: who, terminal } = operator;
  await (await operator.audit()).record({ who, did: 'release', clientUserId });
  const released = await openHolds(operator.reportStore().shelf).release(clientUserId);
  const result = released ? 'released' : 'not held';
  if (operator.json) operator.print(JSON.stringify({ clientUserId, result }));
  else terminal.write(`${clientUserId}: ${result}`);
  return released ? 0 : 1;
}

async function list(operator: CommandContext): Promise<ExitStatus> {
  const holds = await openHolds(operator.reportStore().shelf).list();
  for (const hold of holds) {
    const { clientUserId, reasonCode, at, who } = hold;
    operator.print(operator.json ? JSON.stringify(hold) : [clientUserId, reasonCode, at, who].join('  '));
  }
  operator.terminal.write(holds.length === 1 ? '1 hold' : `${holds.length} holds`);
  return 0;
}
