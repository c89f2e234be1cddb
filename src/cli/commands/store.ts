import { StoreUnavailable } from '../../report-store/port';
import type { ExitStatus } from '../starter';
import type { CommandContext, RegisterCommand } from './context';

/** `chartway store init`: makes the report store, once; repeated, it prints the same id. */
export const storeCommand: RegisterCommand = (program, choose) => {
  program
    .command('store')
    .description('The report store itself.')
    .command('init')
    .description('Make the report store and print its id. Repeating it changes nothing.')
    .action(() => choose(init));
};

async function init(operator: CommandContext): Promise<ExitStatus> {
  const { actor: who, terminal, json, print: out } = operator;
  await (await operator.audit()).record({ who, did: 'store-init' });
  try {
    const { id, createdAt } = await operator.reportStore().init();
    out(json ? JSON.stringify({ id, createdAt }) : id);
    terminal.write(`the report store was made at ${createdAt}; REPORT_STORE_ID=${id} makes every process insist on it`);
    return 0;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    terminal.write(error.message);
    return 1;
  }
}
