import { describeUnknownPeople, type ErasureResult } from '../../domain/erasure';
import { CLIENT_USER_ID_EXPECTED, isClientUserId } from '../../domain/identifiers';
import { openErasureRecords } from '../../report-store/erasure-records';
import { createErasure } from '../../temporal/erasure';
import { RemovalStuck } from '../../temporal/removal';
import type { ExitStatus } from '../starter';
import { type EntriesErased, eraseEntries } from './erase-entries';
import type { AddCommand, Operator } from './operator';
import { stepInWords } from './steps';
import { whileAttended } from './waiting';

/** `chartway erase <clientUserId>`: removes everything of an applicant, here and upstream. */
export const eraseCommand: AddCommand = (program, choose) => {
  const command = program
    .command('erase')
    .description(
      'Remove everything of an applicant for good: at Human API, in Temporal, in the report store and the quarantine. Needs a worker.',
    )
    .argument('<clientUserId>')
    .option('--yes', 'do not ask; without a terminal nobody is asked')
    .addHelpText(
      'after',
      '\nOne that is held (chartway hold) is left alone. A person at Human API who is not known as ours is left there, and reported. The same\ncommand again goes on where one was broken off. Human API keep their own record of the person: erasing here does not opt the person out there. Backups are yours to look after.',
    )
    .action((clientUserId: string, { yes }: { readonly yes?: true }) => {
      if (!isClientUserId(clientUserId)) command.error(`error: expected ${CLIENT_USER_ID_EXPECTED}`);
      choose((operator) => erase(operator, clientUserId, yes === true));
    });
};

async function erase(operator: Operator, clientUserId: string, yes: boolean): Promise<ExitStatus> {
  const { terminal, signal, taskQueue, who } = operator;
  if (!yes && !(await agreed(operator, clientUserId))) return 2;
  const audit = await operator.audit();
  // Before anything else: what cannot be recorded is not done.
  await audit.record({ who, did: 'erase-begin', clientUserId });
  const client = await operator.temporal();
  const records = openErasureRecords(operator.reportStore());
  terminal.say(`erasing ${clientUserId}; Ctrl-C stops it, the same command again goes on`);
  try {
    const erasure = createErasure({ client, taskQueue, records, onStep: (step) => terminal.say(stepInWords(step)) });
    const erased = await whileAttended(operator, () => erasure.erase(clientUserId, signal));
    const { people, runs, files } = erased;
    const counts = `${people} people, ${runs} runs, ${files} files`;
    if (erased.result === 'held') {
      const detail = hasBegun(erased) ? `held meanwhile: ${counts}` : 'refused: held';
      await audit.record({ who, did: 'erase-begin', clientUserId, detail });
      if (hasBegun(erased)) await records.markReported(clientUserId);
      return told(operator, clientUserId, erased, null);
    }
    terminal.say('deleting what is of theirs in the quarantine');
    const entries = await eraseEntries(operator, clientUserId, erased.humanIds);
    const detail = `${counts}, ${entries.dropped} in quarantine${describeUnknownPeople(erased.others)}`;
    await audit.record({ who, did: 'erase', clientUserId, detail });
    // What the next time has to look for again is kept: notices on their way would find nobody, and open a mailbox.
    if (entries.spooled === 0) await records.finish(clientUserId);
    else await records.markReported(clientUserId);
    return told(operator, clientUserId, erased, entries);
  } catch (error) {
    if (!(error instanceof RemovalStuck)) throw error;
    terminal.say(error.message);
    return 1;
  }
}

/** Whether there was anything that a hold came too late for. */
function hasBegun({ people, runs, files }: ErasureResult): boolean {
  return people + runs + files > 0;
}

/** A slip of the hand is asked about; a script has been written, and does what it says. */
async function agreed({ terminal, ask }: Operator, clientUserId: string): Promise<boolean> {
  if (ask === null) return true;
  const answer = await ask(`Erase everything of ${clientUserId} for good? Type the id to go on: `);
  if (answer.trim() === clientUserId) return true;
  terminal.say('nothing was erased');
  return false;
}

function told(
  operator: Operator,
  clientUserId: string,
  erased: ErasureResult,
  entries: EntriesErased | null,
): ExitStatus {
  const { result, people, runs, files, others } = erased;
  const { dropped = 0, mixed = [], spooled = 0 } = entries ?? {};
  const done = `${people} people upstream, ${runs} runs in Temporal, ${files} files`;
  if (operator.json) {
    const quarantined = dropped;
    operator.out(JSON.stringify({ clientUserId, result, people, runs, files, quarantined, mixed, spooled, others }));
  } else if (result === 'held') {
    const what = hasBegun(erased) ? `nothing more is erased than ${done}` : 'nothing is erased';
    operator.terminal.say(`${clientUserId}: held, so ${what}; \`npm run chartway -- holds\` tells why`);
  } else {
    operator.terminal.say(`${clientUserId}: erased: ${done}, ${dropped} records in quarantine`);
    operator.terminal.say(ELSEWHERE);
  }
  if (others.length > 0) operator.terminal.say(strangersLeft(clientUserId, others));
  for (const id of mixed) {
    operator.terminal.say(
      `${id}: this record in quarantine names others too; replay or drop it: chartway quarantine show ${id}`,
    );
  }
  if (spooled > 0) {
    operator.terminal.say(
      `${spooled} notices of ${clientUserId} wait in the spool of this host: run it again when a webhook has sent them on`,
    );
  }
  return result === 'erased' && mixed.length + spooled === 0 ? 0 : 1;
}

/** No failure: nothing that we hold is left. Whether that person is ours after all is for a human to look at. */
function strangersLeft(clientUserId: string, others: readonly string[]): string {
  const who =
    others.length === 1
      ? '1 person under this id whom we do not know; that person was not deleted'
      : `${others.length} people under this id whom we do not know; they were not deleted`;
  return `${clientUserId}: Human API has ${who}: ${others.join(', ')}; \`npm run chartway -- withdraw ${clientUserId}\` deletes everyone under this id`;
}

const ELSEWHERE =
  'a webhook on another host keeps its own quarantine: run the same command there too, with its WEBHOOK_SPOOL; it is harmless to repeat';
