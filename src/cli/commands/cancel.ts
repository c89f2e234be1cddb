import { Option } from 'commander';
import { REASON_CODES, type ReasonCode } from '../../domain/steering';
import { createApplicants } from '../../temporal/applicants';
import { NotFound, NotNow } from '../../use-cases/errors';
import type { ApplicantView } from '../../use-cases/views';
import type { ExitStatus } from '../exit-status';
import { readNote } from '../note';
import { actorOf, addApplicantCommand, type CommandContext, printResult, type RegisterCommand } from './context';
import { warnIfNoWorker, warnWhileNoWorker } from './worker-warning';

interface CancelFlags {
  readonly reason: ReasonCode;
  readonly noteFile?: string;
  readonly wait?: boolean;
}

/** Why an operator acts. */
export function reasonOption(): Option {
  return new Option('--reason <code>', 'why; the audit log and the timeline record it')
    .choices(REASON_CODES)
    .default('other');
}

/** `chartway cancel <clientUserId>`: withdraws an open applicant upstream and closes it as cancelled. */
export const cancelCommand: RegisterCommand = (program, select) => {
  addApplicantCommand(
    program,
    'cancel',
    'Cancel an open applicant: withdraw the person at Human API and keep the stored documents; the outcome is cancelled. A worker does it.',
    (clientUserId, flags: CancelFlags) => select((context) => cancel(context, clientUserId, flags)),
  )
    .addOption(reasonOption())
    .option('--note-file <file>', 'a note of at most 500 characters, stored encrypted; "-" is standard input')
    .option('--wait', 'wait until the applicant has closed');
};

/**
 * `requested`: it will be cancelled. `cancelled`: it has closed as cancelled. `closed`: it closed with another outcome before the request took effect.
 * `unknown`: neither Temporal nor the report store has the applicant.
 */
type CancelResult = 'requested' | 'cancelled' | 'closed' | 'unknown';

async function cancel(
  context: CommandContext,
  clientUserId: string,
  { reason: reasonCode, noteFile, wait = false }: CancelFlags,
): Promise<ExitStatus> {
  const note = noteFile === undefined ? null : await readNote(noteFile, context.signal);
  const useCases = await context.useCases();
  const request = note === null ? { reasonCode } : { reasonCode, note };
  let applicant: ApplicantView;
  try {
    ({ applicant } = await useCases.cancel(clientUserId, request, actorOf(context)));
  } catch (error) {
    if (error instanceof NotNow && error.why === 'closed')
      return printCancel(context, clientUserId, 'closed', error.current);
    if (error instanceof NotFound)
      return printCancel(context, clientUserId, 'unknown', { clientUserId, outcome: null });
    throw error;
  }
  if (applicant.open && wait) {
    await waitForClose(context, clientUserId);
    ({ applicant } = await useCases.show(clientUserId));
  } else if (applicant.open) await warnIfNoWorker(context);
  return printCancel(context, clientUserId, toResult(applicant), applicant);
}

function toResult({ open, outcome }: ApplicantView): CancelResult {
  if (open) return 'requested';
  return outcome === 'cancelled' ? 'cancelled' : 'closed';
}

/** Waits with Temporal's long poll, and warns while no worker polls. */
async function waitForClose(context: CommandContext, clientUserId: string): Promise<void> {
  const { terminal, taskQueue, signal } = context;
  terminal.write(`cancelling ${clientUserId}; Ctrl-C stops the wait, not the cancel`);
  const applicants = createApplicants({ client: await context.temporal(), taskQueue });
  await warnWhileNoWorker(context, () => applicants.waitForClose(clientUserId, signal));
}

function printCancel(
  context: CommandContext,
  clientUserId: string,
  result: CancelResult,
  fields: Pick<ApplicantView, 'clientUserId' | 'outcome'>,
): ExitStatus {
  printResult(
    context,
    { ...fields, result },
    `${clientUserId}: ${describeCancel(clientUserId, result, fields.outcome)}`,
  );
  return result === 'requested' || result === 'cancelled' ? 0 : 1;
}

function describeCancel(clientUserId: string, result: CancelResult, outcome: ApplicantView['outcome']): string {
  const withdraw = `\`npm run chartway -- withdraw ${clientUserId}\` deletes a person who is still at Human API`;
  switch (result) {
    case 'requested':
      return 'cancel requested; the person is withdrawn at Human API, then the applicant closes as cancelled (--wait waits for that)';
    case 'cancelled':
      return 'cancelled; the person is withdrawn, stored documents stay';
    case 'closed':
      return `not cancelled: it has closed already${outcome ? ` (${outcome})` : ' (terminated)'}; ${withdraw}`;
    case 'unknown':
      return `neither Temporal nor the report store has this applicant; check the id. ${withdraw}`;
  }
}
