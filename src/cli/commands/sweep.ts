import { createOperations, type SweepResult } from '../../temporal/operations';
import type { ExitStatus } from '../exit-status';
import type { CommandContext, RegisterCommand } from './context';
import { stepWriter } from './erasure-steps';
import { warnWhileNoWorker } from './worker-warning';

/** The meaning of each kind of finding, and what to do. */
const TEXT: Readonly<Record<keyof SweepResult['counts'], string>> = {
  gone: 'open applicants whose person no longer exists upstream. Each closes after its next read; check those that stay open',
  unattended: 'people upstream without an open applicant or one that closed within REFRESH_FOR',
  terminated: 'terminated applicants whose person is still upstream; `npm run chartway -- withdraw <clientUserId>`',
  unread: 'open applicants not read for longer than twice their cadence; check them in the Temporal UI',
};
/** The file has all ids. */
const MAX_SHOWN = 10;

/** `chartway sweep`: compares both sides now and prints the findings. */
export const sweepCommand: RegisterCommand = (program, select) => {
  program
    .command('sweep')
    .description(
      "Compare Human API's people with our applicants now, as the daily schedule does; reads only. Needs a worker.",
    )
    .action(() => select(sweep));
};

async function sweep(context: CommandContext): Promise<ExitStatus> {
  const { terminal, taskQueue, signal, json, print } = context;
  const operations = createOperations({ client: await context.temporal(), taskQueue });
  terminal.write('sweeping; Ctrl-C stops the wait, not the sweep');
  const result = await warnWhileNoWorker(context, () => operations.sweep({ signal, onStep: stepWriter(context) }));
  for (const line of json ? [JSON.stringify(result)] : describeSweep(result)) print(line);
  return 0;
}

function describeSweep({ people, applicants, counts, first, unchecked, file }: SweepResult): string[] {
  const kinds = (Object.keys(TEXT) as (keyof typeof TEXT)[]).filter((kind) => counts[kind] > 0);
  return [
    `${people} people upstream, ${applicants} applicants in Temporal; ${kinds.length === 0 ? 'no findings' : 'findings:'}`,
    ...kinds.map((kind) => {
      const more = counts[kind] > MAX_SHOWN ? ', ...' : '';
      return `${counts[kind]} ${kind}: ${TEXT[kind]}: ${first[kind].slice(0, MAX_SHOWN).join(', ')}${more}`;
    }),
    ...(unchecked > 0
      ? [`${unchecked} more may be gone: too many to look up each, or Human API gave no clear answer`]
      : []),
    `the whole list: ${file} in the report store`,
  ];
}
