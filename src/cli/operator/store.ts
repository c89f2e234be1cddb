import { StoreUnavailable } from '../../report-store/errors';
import type { ExitStatus } from '../starter';
import type { AddCommand, Operator } from './operator';

/** `chartway store init`: makes the report store, once; repeated, it prints the same id. */
export const storeCommand: AddCommand = (program, choose) => {
  program
    .command('store')
    .description('The report store itself.')
    .command('init')
    .description('Make the report store and print its id. Repeating it changes nothing.')
    .action(() => choose(init));
};

async function init(operator: Operator): Promise<ExitStatus> {
  const { who, terminal, json, out } = operator;
  await (await operator.audit()).record({ who, did: 'store-init' });
  try {
    const { id, createdAt } = await operator.reportStore().init();
    out(json ? JSON.stringify({ id, createdAt }) : id);
    terminal.say(`the report store was made at ${createdAt}; REPORT_STORE_ID=${id} makes every process insist on it`);
    return 0;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    terminal.say(error.message);
    return 1;
  }
}
