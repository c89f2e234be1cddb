import { CLIENT_USER_ID_EXPECTED, isClientUserId } from '../../domain/identifiers';
import { type ApplicantSummary, type Applicants, createApplicants } from '../../temporal/applicants';
import { isWorkflowNotFound } from '../../temporal/rpc';
import type { ExitStatus } from '../starter';
import type { AddCommand, Operator } from './operator';
import { tellIfUnattended, whileAttended } from './waiting';

/** `chartway cancel <clientUserId>`: an open applicant is withdrawn upstream, and ends as cancelled. */
export const cancelCommand: AddCommand = (program, choose) => {
  const command = program
    .command('cancel')
    .description(
      'Cancel an open applicant: the person is withdrawn at Human API, what is stored stays, the outcome is cancelled. Needs a worker.',
    )
    .argument('<clientUserId>')
    .option('--wait', 'wait until the applicant has closed')
    .action((clientUserId: string, { wait }: { readonly wait?: true }) => {
      if (!isClientUserId(clientUserId)) command.error(`error: expected ${CLIENT_USER_ID_EXPECTED}`);
      choose((operator) => cancel(operator, clientUserId, wait === true));
    });
};

/**
 * What came of it. `requested`: it is on its way; `cancelled`: it has closed so; `closed`: it had an outcome of its own before the request
 * counted, which stands; `unknown`: Temporal knows no such applicant (any more).
 */
interface Cancelled {
  readonly clientUserId: string;
  readonly result: 'requested' | 'cancelled' | 'closed' | 'unknown';
  readonly outcome: ApplicantSummary['outcome'];
}

async function cancel(operator: Operator, clientUserId: string, wait: boolean): Promise<ExitStatus> {
  const { who, terminal, taskQueue, signal } = operator;
  // Before anything else: what cannot be recorded is not done.
  await (await operator.audit()).record({ who, did: 'cancel', clientUserId });
  const applicants = createApplicants({ client: await operator.temporal(), taskQueue });
  const before = await requested(applicants, clientUserId);
  if (before !== 'requested') return told(operator, endOf(clientUserId, before));
  if (!wait) {
    await tellIfUnattended(operator);
    return told(operator, { clientUserId, result: 'requested', outcome: null });
  }
  terminal.say(`cancelling ${clientUserId}; Ctrl-C stops the waiting, not the cancel`);
  const after = await whileAttended(operator, () => applicants.waitForClose(clientUserId, signal));
  const result = after.outcome === 'cancelled' ? 'cancelled' : 'closed';
  return told(operator, { clientUserId, result, outcome: after.outcome });
}

/** Null: Temporal knows none. One that had closed is told as it is. */
async function requested(applicants: Applicants, clientUserId: string): Promise<'requested' | ApplicantSummary | null> {
  const before = await applicants.read(clientUserId);
  if (before?.standing !== 'open') return before;
  try {
    await applicants.requestCancel(clientUserId);
    return 'requested';
  } catch (error) {
    // It closed in between.
    if (!isWorkflowNotFound(error)) throw error;
    return applicants.read(clientUserId);
  }
}

function endOf(clientUserId: string, summary: ApplicantSummary | null): Cancelled {
  return { clientUserId, result: summary ? 'closed' : 'unknown', outcome: summary?.outcome ?? null };
}

function told({ json, out, terminal }: Operator, cancelled: Cancelled): ExitStatus {
  if (json) out(JSON.stringify(cancelled));
  else terminal.say(inWords(cancelled));
  return cancelled.result === 'requested' || cancelled.result === 'cancelled' ? 0 : 1;
}

function inWords({ clientUserId, result, outcome }: Cancelled): string {
  const withdraw = `\`npm run chartway -- withdraw ${clientUserId}\` deletes a person who is still at Human API`;
  switch (result) {
    case 'requested':
      return `${clientUserId}: the cancel is requested; the person is withdrawn at Human API, then the applicant closes as cancelled (--wait waits for that)`;
    case 'cancelled':
      return `${clientUserId}: cancelled; the person is withdrawn, what was stored before stays`;
    case 'closed':
      return `${clientUserId}: not cancelled, for it is closed already${outcome ? ` (${outcome})` : ', by force'}; ${withdraw}`;
    case 'unknown':
      return `${clientUserId}: Temporal knows no such applicant (any more); look at the id, and ${withdraw}`;
  }
}
