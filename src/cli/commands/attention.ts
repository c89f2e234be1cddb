import type { AttentionItem } from '../../use-cases/views';
import { commandOf } from '../attention-commands';
import type { ExitStatus } from '../exit-status';
import { displayCount, displayInstant, printRows } from '../rows';
import { warnIfDegraded } from './applicant-text';
import type { CommandContext, RegisterCommand } from './context';

/** `chartway attention`: what needs a person. */
export const attentionCommand: RegisterCommand = (program, select) => {
  program
    .command('attention')
    .description(
      'Print the applicants and records that need a person, and the command that repairs each. With --json, the action of the api.',
    )
    .addHelpText(
      'after',
      '\nExit status 3 if a part could not be read or no worker runs, because the list may then be incomplete.',
    )
    .action(() => select(printAttention));
};

async function printAttention(context: CommandContext): Promise<ExitStatus> {
  const { items, degraded } = await (await context.useCases()).attention();
  if (context.json) for (const item of items) context.print(JSON.stringify(item));
  else printRows(context, HEADER, items.map(toRow), { wrapsLast: true });
  context.terminal.write(displayCount(items.length, 'item'));
  if (!context.json && items.length > 0) context.terminal.write('run a command as npm run chartway -- <command>');
  warnIfDegraded(context, degraded);
  return degraded.length > 0 ? 3 : 0;
}

/** A narrow terminal cuts `since`. */
const HEADER = ['clientUserId', 'need', 'command', 'since', 'what'];

const toRow = (item: AttentionItem) => [
  item.clientUserId,
  item.need,
  commandOf(item),
  displayInstant(item.since),
  item.text,
];
