import { QueryNotRegisteredError } from '@temporalio/client';
import { createApplicants } from '../../temporal/applicants';
import { hasWorker } from '../../temporal/task-queues';
import type { ExitStatus } from '../exit-status';
import { addApplicantCommand, type CommandContext, type RegisterCommand, recordAct } from './context';

/** `chartway invitation <clientUserId>`: prints the link of an open invitation, which the carrier sends to the person. */
export const invitationCommand: RegisterCommand = (program, select) => {
  addApplicantCommand(
    program,
    'invitation',
    'Print the link of the invitation of an open applicant. The audit log records it. Needs a worker.',
    (clientUserId) => select((context) => printInvitation(context, clientUserId)),
  ).addHelpText(
    'after',
    '\nAnyone with the link can accept the invitation: give it to the applicant only. Exit status 1 without a link, 3 without a worker.',
  );
};

/** `why`: the reason if there is no link. */
interface InvitationLink {
  readonly inviteLink: string | null;
  readonly why: keyof typeof REASON_TEXT | null;
}

const REASON_TEXT = {
  adopted:
    'the person was at Human API before this applicant, and Human API does not return the link of an existing person',
  'not-invited-yet': 'the person is not invited yet; try again later',
  closed: 'the applicant has closed, and the link was removed then',
  'not-returned': 'Human API returned no link when it created the person',
  unknown: 'Temporal has no such applicant, or no longer has it; check the id',
  unsupported:
    'the worker is of a version that keeps no link; upgrade the workers, then applicants invited after that have one',
} as const;

async function printInvitation(context: CommandContext, clientUserId: string): Promise<ExitStatus> {
  const { terminal, json, print } = context;
  // First, because a link that cannot be recorded must not be read.
  await context.audit();
  const link = await readInvitation(context, clientUserId);
  if (link === null) return 3;
  const { inviteLink, why } = link;
  await recordAct(context, 'invitation', { clientUserId, detail: why ?? 'shown' });
  if (json) print(JSON.stringify({ clientUserId, inviteLink, why }));
  else if (inviteLink !== null) print(inviteLink);
  if (inviteLink !== null) return 0;
  terminal.write(`${clientUserId}: no link: ${REASON_TEXT[why ?? 'not-returned']}`);
  return 1;
}

/** Null, with a message, if no worker can answer. */
async function readInvitation(context: CommandContext, clientUserId: string): Promise<InvitationLink | null> {
  const { taskQueue, terminal } = context;
  const client = await context.temporal();
  const applicants = createApplicants({ client, taskQueue });
  const summary = await applicants.read(clientUserId);
  if (summary === null) return { inviteLink: null, why: 'unknown' };
  if (summary.standing !== 'open') return { inviteLink: null, why: 'closed' };
  if (!(await hasWorker({ client, taskQueue }).catch(() => true))) {
    terminal.write(
      `no worker polls the task queue "${taskQueue}", and only a worker can read the link; start one or check TASK_QUEUE, then run the same command again`,
    );
    return null;
  }
  try {
    return (await applicants.readInvitation(clientUserId)) ?? { inviteLink: null, why: 'unknown' };
  } catch (error) {
    if (error instanceof QueryNotRegisteredError) return { inviteLink: null, why: 'unsupported' };
    throw error;
  }
}
