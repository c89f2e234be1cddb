import type { ExitStatus } from '../exit-status';
import { type CommandContext, type RegisterCommand, recordAct } from './context';

/** `chartway store init`: creates the report store once. Repeated, it prints the same id. */
export const storeCommand: RegisterCommand = (program, select) => {
  program
    .command('store')
    .description('Manage the report store.')
    .command('init')
    .description('Create the report store and print its id. Repeating it changes nothing.')
    .action(() => select(init));
};

async function init(context: CommandContext): Promise<ExitStatus> {
  const { terminal, json, print } = context;
  await recordAct(context, 'store-init', {});
  const { id, createdAt } = await context.reportStore().init();
  print(json ? JSON.stringify({ id, createdAt }) : id);
  terminal.write(
    `the report store was created at ${createdAt}. Set REPORT_STORE_ID=${id} so that no process accepts another store`,
  );
  return 0;
}
