import { describeUnknownPeople, type ErasureResult } from '../../domain/erasure';
import { openErasableEvents, recordErased } from '../../events/erased-events';
import { openErasureRecords } from '../../report-store/erasure-records';
import { createErasure } from '../../temporal/erasure';
import { RunNotDeleted } from '../../temporal/removal';
import { type EntriesResult, eraseEntries, SpoolUnreadable } from '../../use-cases/erase-entries';
import type { ExitStatus } from '../exit-status';
import { displayCount } from '../rows';
import { addApplicantCommand, type CommandContext, printResult, type RegisterCommand, recordAct } from './context';
import { stepWriter } from './erasure-steps';
import { warnWhileNoWorker } from './worker-warning';

/** `chartway erase <clientUserId>`: removes all data of an applicant, here and upstream. */
export const eraseCommand: RegisterCommand = (program, select) => {
  addApplicantCommand(
    program,
    'erase',
    'Permanently remove all data of an applicant: at Human API, in Temporal, in the report store and the quarantine. Needs a worker.',
    (clientUserId, { yes = false }: { readonly yes?: boolean }) =>
      select((context) => erase(context, clientUserId, yes)),
  )
    .option('--yes', 'do not ask for confirmation; without a terminal the command never asks')
    .addHelpText(
      'after',
      '\nAn applicant on hold (chartway hold) is not erased. A person at Human API that this installation did not invite is kept and reported. To continue an interrupted erasure, run the same command again.\nHuman API keeps its own record of the person, and an erasure does not opt the person out there. Your backups are not changed: erase them yourself.',
    );
};

async function erase(context: CommandContext, clientUserId: string, isConfirmed: boolean): Promise<ExitStatus> {
  const { terminal, signal, taskQueue } = context;
  if (!isConfirmed && !(await confirm(context, clientUserId))) return 2;
  await recordAct(context, 'erase-begin', { clientUserId });
  const client = await context.temporal();
  const store = context.reportStore();
  const records = openErasureRecords(store, openErasableEvents(store.shelf, context.noticeEncryption));
  terminal.write(`erasing ${clientUserId}; Ctrl-C stops it, and the same command continues it`);
  try {
    const erasure = createErasure({ client, taskQueue, records, onStep: stepWriter(context) });
    const erased = await warnWhileNoWorker(context, () => erasure.erase(clientUserId, signal));
    const counts = `${erased.people} people, ${erased.runs} runs, ${erased.files} files`;
    if (erased.result === 'held') {
      const detail = hasErased(erased) ? `held meanwhile: ${counts}` : 'refused: held';
      await recordAct(context, 'erase-begin', { clientUserId, detail });
      if (hasErased(erased)) await records.markReported(clientUserId);
      return printEraseResult(context, clientUserId, erased, null);
    }
    terminal.write("deleting the person's records in quarantine");
    const entries = await eraseEntries(context, clientUserId, erased.humanIds);
    const detail = `${counts}, ${entries.dropped} in quarantine${describeUnknownPeople(erased.others)}`;
    await recordAct(context, 'erase', { clientUserId, detail });
    await recordErased(await context.eventRecorder(), clientUserId, erased.events, Date.now());
    // Notices in the spool will still open a mailbox, so the journal is kept for the next run.
    if (entries.spooled + entries.unread === 0) await records.finish(clientUserId);
    else await records.markReported(clientUserId);
    return printEraseResult(context, clientUserId, erased, entries);
  } catch (error) {
    if (!(error instanceof RunNotDeleted || error instanceof SpoolUnreadable)) throw error;
    terminal.write(error.message);
    return 1;
  }
}

/** Whether something was erased before the hold. */
function hasErased({ people, runs, files }: ErasureResult): boolean {
  return people + runs + files > 0;
}

/** Scripts have no terminal and are not asked. */
async function confirm({ terminal, ask }: CommandContext, clientUserId: string): Promise<boolean> {
  if (ask === null) return true;
  const answer = await ask(`Permanently erase all data of ${clientUserId}? Type the id to continue: `);
  if (answer.trim() === clientUserId) return true;
  terminal.write('nothing was erased');
  return false;
}

function printEraseResult(
  context: CommandContext,
  clientUserId: string,
  erased: ErasureResult,
  entries: EntriesResult | null,
): ExitStatus {
  const { terminal } = context;
  const { result, people, runs, files, others } = erased;
  const { dropped = 0, mixed = [], spooled = 0, unread = 0 } = entries ?? {};
  const inEntries = { quarantined: dropped, mixed, spooled, unread };
  const totals = `${people} people upstream, ${runs} runs in Temporal, ${files} files`;
  const stopped = hasErased(erased) ? `only ${totals} were erased` : 'nothing was erased';
  const text =
    result === 'held'
      ? `held, so ${stopped}; \`npm run chartway -- holds\` prints the reason`
      : `erased: ${totals}, ${dropped} records in quarantine\n${OTHER_HOSTS}`;
  const fields = { clientUserId, result, people, runs, files, ...inEntries, others };
  printResult(context, fields, `${clientUserId}: ${text}`);
  if (others.length > 0) terminal.write(describeOthers(clientUserId, others));
  for (const id of mixed) {
    terminal.write(
      `${id}: this quarantine record also holds notices of other people; \`npm run chartway -- quarantine show ${id}\` prints it, then replay or drop it`,
    );
  }
  if (spooled > 0) {
    terminal.write(
      `${spooled} notices of ${clientUserId} are in the spool of this host; run the same command again when a webhook has delivered them`,
    );
  }
  if (unread > 0) {
    terminal.write(
      `${unread} records in the spool of this host are encrypted with a key that PAYLOAD_KEYS does not list; add the key, then run the same command again`,
    );
  }
  return result === 'erased' && mixed.length + spooled + unread === 0 ? 0 : 1;
}

/** Not a failure: all data of this installation is erased. An operator must decide about these people. */
function describeOthers(clientUserId: string, others: readonly string[]): string {
  const people = displayCount(others.length, 'unknown person', 'unknown people');
  return `${clientUserId}: Human API has ${people} with this id, not deleted: ${others.join(', ')}; \`npm run chartway -- withdraw ${clientUserId}\` deletes every person with this id`;
}

const OTHER_HOSTS =
  'a webhook on another host has its own quarantine; run the same command there too, with its WEBHOOK_SPOOL. Repeating it is safe';
