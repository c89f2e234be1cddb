import type { TimelineItem } from '../../use-cases/views';
import type { ExitStatus } from '../exit-status';
import { displayInstant, printRows } from '../rows';
import { warnIfDegraded } from './applicant-text';
import { addApplicantCommand, type CommandContext, type RegisterCommand } from './context';

/** `chartway timeline <clientUserId>`: what happened, newest first. */
export const timelineCommand: RegisterCommand = (program, select) => {
  addApplicantCommand(program, 'timeline', 'Print what happened to an applicant, newest first.', (clientUserId) =>
    select((context) => printTimeline(context, clientUserId)),
  ).addHelpText('after', '\nExit status 3 if a part could not be read, because the timeline is then not complete.');
};

async function printTimeline(context: CommandContext, clientUserId: string): Promise<ExitStatus> {
  const { items, omitted, degraded } = await (await context.useCases()).timeline(clientUserId);
  if (context.json) for (const item of items) context.print(JSON.stringify(item));
  else printRows(context, ['at', 'source', 'kind', 'what'], items.map(toRow));
  if (omitted > 0) context.terminal.write(`${omitted} older entries were dropped`);
  warnIfDegraded(context, degraded);
  return degraded.length > 0 ? 3 : 0;
}

const toRow = ({ at, source, kind, text }: TimelineItem) => [displayInstant(at), source, kind, text];
