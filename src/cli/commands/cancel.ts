import type { ReasonCode } from '../../domain/steering';
import { createApplicants } from '../../temporal/applicants';
import { NotFound, NotNow } from '../../use-cases/errors';
import type { ApplicantView, TaggedApplicant } from '../../use-cases/views';
import type { ExitStatus } from '../exit-status';
import { readNote } from '../note';
import { actorOf, addApplicantCommand, type CommandContext, printResult, type RegisterCommand } from './context';
import { reasonOption } from './reason-option';
import { warnIfNoWorker, warnWhileNoWorker } from './worker-warning';

interface CancelFlags {
  readonly reason: ReasonCode;
  readonly noteFile?: string;
  readonly wait?: boolean;
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
  let tagged: TaggedApplicant;
  try {
    tagged = await useCases.cancel(clientUserId, request, actorOf(context));
  } catch (error) {
    // A refusal has no etag.
    if (error instanceof NotNow && error.why === 'closed') return printCancel(context, 'closed', error.current);
    if (error instanceof NotFound) return printCancel(context, 'unknown', { clientUserId, outcome: null });
    throw error;
  }
  if (tagged.applicant.open && wait) {
    await waitForClose(context, clientUserId);
    tagged = await useCases.show(clientUserId);
  } else if (tagged.applicant.open) await warnIfNoWorker(context);
  const { applicant, etag } = tagged;
  return printCancel(context, toResult(applicant), { ...applicant, etag });
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
  result: CancelResult,
  fields: Pick<ApplicantView, 'clientUserId' | 'outcome'> & { readonly etag?: string },
): ExitStatus {
  const { clientUserId, outcome } = fields;
  printResult(context, { ...fields, result }, `${clientUserId}: ${describeCancel(clientUserId, result, outcome)}`);
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
