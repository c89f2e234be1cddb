import { createOperations, type OperationStep, type SweepResult } from '../../temporal/operations';
import type { AddCommand, Operator } from './operator';
import { stepInWords } from './steps';
import { whileAttended } from './waiting';

/** What each kind of finding is called, and what to do about it. */
const IN_WORDS: Readonly<Record<keyof SweepResult['counts'], string>> = {
  gone: 'open applicants whose person is gone upstream; each finds out by its next read, look at those that do not',
  unattended: 'people upstream whom no applicant follows, or followed within REFRESH_FOR',
  terminated: 'applicants ended by force whose person is still upstream; `npm run chartway -- withdraw <clientUserId>`',
  unread: 'open applicants not read for longer than twice their cadence; look at them in the Temporal UI',
};
/** As many ids as a person reads; the file has them all. */
const SHOWN = 10;

/** `chartway sweep`: compares both sides now, waits for the end, and tells what was found. */
export const sweepCommand: AddCommand = (program, choose) => {
  program
    .command('sweep')
    .description(
      "Compare Human API's people with our applicants now, as the daily schedule does; reads only. Needs a worker.",
    )
    .action(() => choose(sweepNow));
};

async function sweepNow(operator: Operator) {
  const { terminal, taskQueue, signal } = operator;
  const operations = createOperations({ client: await operator.temporal(), taskQueue });
  const tell = (step: OperationStep) => terminal.say(stepInWords(step));
  terminal.say('sweeping; Ctrl-C stops the waiting, not the sweep');
  const result = await whileAttended(operator, () => operations.sweep({ signal, onStep: tell }));
  if (operator.json) operator.out(JSON.stringify(result));
  else for (const line of linesOf(result)) operator.out(line);
  return 0 as const;
}

function linesOf({ people, applicants, counts, first, unchecked, file }: SweepResult): string[] {
  const kinds = (Object.keys(IN_WORDS) as (keyof typeof IN_WORDS)[]).filter((kind) => counts[kind] > 0);
  return [
    `${people} people upstream, ${applicants} applicants in Temporal; ${kinds.length === 0 ? 'all fits' : 'what does not fit:'}`,
    ...kinds.map((kind) => {
      const more = counts[kind] > SHOWN ? ', ...' : '';
      return `${counts[kind]} ${kind}: ${IN_WORDS[kind]}: ${first[kind].slice(0, SHOWN).join(', ')}${more}`;
    }),
    ...(unchecked > 0 ? [`${unchecked} more were not asked for one by one: the list of people may be at fault`] : []),
    `the whole list: ${file} in the report store`,
  ];
}
