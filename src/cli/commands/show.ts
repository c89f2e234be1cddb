import { TemporalUnreachable } from '../../temporal/connection';
import type { ExitStatus } from '../exit-status';
import { printApplicant, warnIfDegraded } from './applicant-text';
import { addApplicantCommand, type CommandContext, type RegisterCommand } from './context';

/** `chartway show <clientUserId>`: the state of one applicant. */
export const showCommand: RegisterCommand = (program, select) => {
  addApplicantCommand(
    program,
    'show',
    'Print the state of an applicant: stage, what it waits for, what it needs, and what can be done. No personal details.',
    (clientUserId) => select((context) => show(context, clientUserId)),
  ).addHelpText(
    'after',
    '\nExit status 3 if Temporal did not answer: then the report store shows the last known state.',
  );
};

async function show(context: CommandContext, clientUserId: string): Promise<ExitStatus> {
  const useCases = await context.useCases().catch((error: unknown) => {
    if (!(error instanceof TemporalUnreachable)) throw error;
    context.terminal.write(error.message);
    return context.offlineUseCases();
  });
  const { applicant, etag } = await useCases.show(clientUserId);
  if (context.json) context.print(JSON.stringify({ ...applicant, etag }));
  else printApplicant(context, applicant);
  warnIfDegraded(context, applicant.degraded);
  return applicant.degraded.includes('temporal-unavailable') ? 3 : 0;
}
