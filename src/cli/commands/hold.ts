import { CARRIER_CODE, CARRIER_CODE_EXPECTED } from '../../observability/audit-chain';
import { openHolds } from '../../report-store/holds';
import type { ExitStatus } from '../exit-status';
import { displayCount } from '../rows';
import { addApplicantCommand, type CommandContext, printResult, type RegisterCommand, recordAct } from './context';

/** `chartway hold|release|holds`: applicants that must not be erased, by command or by age. */
export const holdCommand: RegisterCommand = (program, select) => {
  const command = addApplicantCommand(
    program,
    'hold',
    'Keep an applicant from being erased until it is released.',
    (clientUserId, { reasonCode }: { readonly reasonCode: string }) => {
      if (!CARRIER_CODE.test(reasonCode)) command.error(`error: expected ${CARRIER_CODE_EXPECTED} as reason code`);
      select((context) => hold(context, clientUserId, reasonCode));
    },
  ).requiredOption(
    '--reason-code <code>',
    'your own code of the case: letters, digits and ._~:/-; no text about a person',
  );
  addApplicantCommand(program, 'release', 'End a hold.', (clientUserId) =>
    select((context) => release(context, clientUserId)),
  );
  program
    .command('holds')
    .description('Print one line per hold: clientUserId, reason code, time, actor.')
    .action(() => select(listHolds));
};

async function hold(context: CommandContext, clientUserId: string, reasonCode: string): Promise<ExitStatus> {
  await recordAct(context, 'hold', { clientUserId, detail: reasonCode });
  const entry = { clientUserId, reasonCode, who: context.actor, at: new Date().toISOString() };
  await openHolds(context.reportStore().shelf).put(entry);
  printResult(context, { result: 'held', ...entry }, `${clientUserId}: held`);
  return 0;
}

async function release(context: CommandContext, clientUserId: string): Promise<ExitStatus> {
  await recordAct(context, 'release', { clientUserId });
  const isReleased = await openHolds(context.reportStore().shelf).release(clientUserId);
  const result = isReleased ? 'released' : 'not held';
  printResult(context, { clientUserId, result }, `${clientUserId}: ${result}`);
  return isReleased ? 0 : 1;
}

async function listHolds({ reportStore, json, print, terminal }: CommandContext): Promise<ExitStatus> {
  const holds = await openHolds(reportStore().shelf).list();
  for (const entry of holds) {
    const { clientUserId, reasonCode, at, who } = entry;
    print(json ? JSON.stringify(entry) : [clientUserId, reasonCode, at, who].join('  '));
  }
  terminal.write(displayCount(holds.length, 'hold'));
  return 0;
}
