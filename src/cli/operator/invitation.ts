import { QueryNotRegisteredError } from '@temporalio/client';
import { CLIENT_USER_ID_EXPECTED, isClientUserId } from '../../domain/identifiers';
import { createApplicants } from '../../temporal/applicants';
import { hasWorker } from '../../temporal/task-queues';
import type { ExitStatus } from '../starter';
import type { AddCommand, Operator } from './operator';

/** `chartway invitation <clientUserId>`: prints the link of an open invitation; the carrier sends it to the person. */
export const invitationCommand: AddCommand = (program, choose) => {
  const command = program
    .command('invitation')
    .description('Print the link of the invitation of an open applicant. The audit log records it. Needs a worker.')
    .argument('<clientUserId>')
    .addHelpText(
      'after',
      '\nAnyone with the link can accept the invitation: give it to the applicant only. Status 1 if there is none.',
    )
    .action((clientUserId: string) => {
      if (!isClientUserId(clientUserId)) command.error(`error: expected ${CLIENT_USER_ID_EXPECTED}`);
      choose((operator) => printInvitation(operator, clientUserId));
    });
};

/** What came of it: `inviteLink`, or why there is none. */
interface Answer {
  readonly inviteLink: string | null;
  readonly why: keyof typeof WHY_NONE | null;
}

const WHY_NONE = {
  adopted:
    'the person was at Human API before this applicant, and Human API does not return the link of a person who was there before',
  'not-invited-yet': 'the person is not invited yet; try again later',
  closed: 'the applicant has closed, and the link was dropped then',
  'not-returned': 'Human API returned no link when it created the person',
  unknown: 'Temporal has no such applicant, or no longer has it; check the id',
  unsupported:
    'the worker is of a version that keeps no link; upgrade the workers, then applicants who are invited after that have one',
} as const;

async function printInvitation(operator: Operator, clientUserId: string): Promise<ExitStatus> {
  const { who, terminal, json, out } = operator;
  // What cannot be recorded is not even asked for.
  const audit = await operator.audit();
  const answer = await readInvitation(operator, clientUserId);
  if (answer === null) return 1;
  const { inviteLink, why } = answer;
  await audit.record({ who, did: 'invitation', clientUserId, detail: why ?? 'shown' });
  if (json) out(JSON.stringify({ clientUserId, inviteLink, why }));
  else if (inviteLink !== null) out(inviteLink);
  if (inviteLink !== null) return 0;
  terminal.say(`${clientUserId}: no link: ${WHY_NONE[why ?? 'not-returned']}`);
  return 1;
}

/** Null where no worker can answer, which is said. */
async function readInvitation(operator: Operator, clientUserId: string): Promise<Answer | null> {
  const { taskQueue, terminal } = operator;
  const client = await operator.temporal();
  const applicants = createApplicants({ client, taskQueue });
  const summary = await applicants.read(clientUserId);
  if (summary === null) return { inviteLink: null, why: 'unknown' };
  if (summary.standing !== 'open') return { inviteLink: null, why: 'closed' };
  if (!(await hasWorker({ client, taskQueue }).catch(() => true))) {
    terminal.say(
      `no worker takes work from the task queue "${taskQueue}", and only a worker knows the link: start one, or check TASK_QUEUE, then run the same command again`,
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
