import type { SummaryView } from '../../use-cases/views';
import type { ExitStatus } from '../exit-status';
import { displayCount, printRows } from '../rows';
import { warnOfMissingRuns } from './applicant-text';
import type { CommandContext, RegisterCommand } from './context';

/** With --json, all of them. */
const SHOWN_DAYS = 7;

/** `chartway summary`: counts of all applicants. */
export const summaryCommand: RegisterCommand = (program, select) => {
  program
    .command('summary')
    .description(
      'Print how many applicants are in each stage and outcome, their ages, and how many opened and closed lately.',
    )
    .action(() => select(summarize));
};

async function summarize(context: CommandContext): Promise<ExitStatus> {
  const summary = await (await context.useCases()).summary();
  if (context.json) context.print(JSON.stringify(summary));
  else printRows(context, ['count', 'of', 'which'], toRows(summary));
  warnOfMissingRuns(context, summary.coverage);
  return 0;
}

function toRows({ stages, outcomes, ages, days }: SummaryView) {
  return [
    ...Object.entries(stages).map(([stage, count]) => [count, 'stage', stage]),
    ...Object.entries(outcomes).map(([outcome, count]) => [count, 'outcome', outcome]),
    ...ages.map(({ atMostDays, count }) => [
      count,
      'age',
      atMostDays === null ? 'older' : `up to ${displayCount(atMostDays, 'day')}`,
    ]),
    ...days.slice(-SHOWN_DAYS).flatMap(({ date, opened, closed }) => [
      [opened, 'opened', date],
      [closed, 'closed', date],
    ]),
  ];
}
