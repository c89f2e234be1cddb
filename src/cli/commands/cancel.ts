import { type ApplicantSummary, type Applicants, createApplicants } from '../../temporal/applicants';
import { isWorkflowNotFound } from '../../temporal/rpc';
import type { ExitStatus } from '../exit-status';
import { addApplicantCommand, type CommandContext, printResult, type RegisterCommand, recordAct } from './context';
import { warnIfNoWorker, warnWhileNoWorker } from './worker-warning';

/** `chartway cancel <clientUserId>`: withdraws an open applicant upstream and closes it as cancelled. */
export const cancelCommand: RegisterCommand = (program, select) => {
  addApplicantCommand(
    program,
    'cancel',
    'Cancel an open applicant: withdraw the person at Human API and keep the stored documents; the outcome is cancelled. Needs a worker.',
    (clientUserId, { wait = false }: { readonly wait?: boolean }) =>
      select(async (context) => printCancelResult(context, await cancelApplicant(context, clientUserId, wait))),
  ).option('--wait', 'wait until the applicant has closed');
};

/**
 * `requested`: it will be cancelled. `cancelled`: it has closed as cancelled. `closed`: it closed with another outcome before the request took
 * effect.
 * `unknown`: Temporal has no such applicant.
 */
interface CancelResult {
  readonly clientUserId: string;
  readonly result: 'requested' | 'cancelled' | 'closed' | 'unknown';
  readonly outcome: ApplicantSummary['outcome'];
}

async function cancelApplicant(context: CommandContext, clientUserId: string, wait: boolean): Promise<CancelResult> {
  const { terminal, taskQueue, signal } = context;
  await recordAct(context, 'cancel', { clientUserId });
  const applicants = createApplicants({ client: await context.temporal(), taskQueue });
  const closed = await requestCancel(applicants, clientUserId);
  if (closed !== 'requested')
    return { clientUserId, result: closed ? 'closed' : 'unknown', outcome: closed?.outcome ?? null };
  if (!wait) {
    await warnIfNoWorker(context);
    return { clientUserId, result: 'requested', outcome: null };
  }
  terminal.write(`cancelling ${clientUserId}; Ctrl-C stops the wait, not the cancel`);
  const summary = await warnWhileNoWorker(context, () => applicants.waitForClose(clientUserId, signal));
  const outcome = summary?.outcome ?? null;
  return { clientUserId, result: outcome === 'cancelled' ? 'cancelled' : 'closed', outcome };
}

/** Returns the summary of an applicant that has closed, or null for an unknown one. */
async function requestCancel(
  applicants: Applicants,
  clientUserId: string,
): Promise<'requested' | ApplicantSummary | null> {
  const summary = await applicants.read(clientUserId);
  if (summary?.standing !== 'open') return summary;
  try {
    await applicants.requestCancel(clientUserId);
    return 'requested';
  } catch (error) {
    // It closed after it was read.
    if (!isWorkflowNotFound(error)) throw error;
    return applicants.read(clientUserId);
  }
}

function printCancelResult(context: CommandContext, cancelled: CancelResult): ExitStatus {
  printResult(context, cancelled, describeCancel(cancelled));
  return cancelled.result === 'requested' || cancelled.result === 'cancelled' ? 0 : 1;
}

function describeCancel({ clientUserId, result, outcome }: CancelResult): string {
  const withdraw = `\`npm run chartway -- withdraw ${clientUserId}\` deletes a person who is still at Human API`;
  switch (result) {
    case 'requested':
      return `${clientUserId}: cancel requested; the person is withdrawn at Human API, then the applicant closes as cancelled (--wait waits for that)`;
    case 'cancelled':
      return `${clientUserId}: cancelled; the person is withdrawn, stored documents stay`;
    case 'closed':
      return `${clientUserId}: not cancelled: it has closed already${outcome ? ` (${outcome})` : ' (terminated)'}; ${withdraw}`;
    case 'unknown':
      return `${clientUserId}: Temporal has no such applicant, or no longer has it; check the id. ${withdraw}`;
  }
}
