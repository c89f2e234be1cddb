import type { AttentionItem } from '../../use-cases/views';
import type { ExitStatus } from '../exit-status';
import { displayCount, displayInstant, printRows } from '../rows';
import { warnIfDegraded } from './applicant-text';
import type { CommandContext, RegisterCommand } from './context';

/** `chartway attention`: what needs a person. */
export const attentionCommand: RegisterCommand = (program, select) => {
  program
    .command('attention')
    .description('Print the applicants and records that need a person, and the command or action that repairs each.')
    .addHelpText(
      'after',
      '\nExit status 3 if a part could not be read or no worker runs, because the list may then be incomplete.',
    )
    .action(() => select(printAttention));
};

async function printAttention(context: CommandContext): Promise<ExitStatus> {
  const { items, degraded } = await (await context.useCases()).attention();
  if (context.json) for (const item of items) context.print(JSON.stringify(item));
  else printRows(context, ['clientUserId', 'need', 'since', 'action', 'what'], items.map(toRow));
  context.terminal.write(displayCount(items.length, 'item'));
  warnIfDegraded(context, degraded);
  return degraded.length > 0 ? 3 : 0;
}

const toRow = ({ clientUserId, need, since, action, text }: AttentionItem) => [
  clientUserId,
  need,
  displayInstant(since),
  action,
  text,
];
