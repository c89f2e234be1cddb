import { InvalidArgumentError, Option } from 'commander';
import { CLIENT_USER_ID_EXPECTED, HUMAN_ID_EXPECTED, isClientUserId, isHumanId } from '../../domain/identifiers';
import { NEEDS, type Need } from '../../domain/needs';
import { OUTCOMES, type Outcome, STAGES, type Stage } from '../../domain/outcome';
import { type ListFilters, MAX_PAGE } from '../../use-cases/use-cases';
import type { ExitStatus } from '../exit-status';
import { readInstant } from '../instants';
import { displayCount, printRows } from '../rows';
import { type Coverage, LIST_HEADER, toListRow, warnOfMissingRuns } from './applicant-text';
import type { CommandContext, RegisterCommand } from './context';

interface ListFlags {
  readonly prefix?: string;
  readonly humanId?: string;
  readonly stage?: Stage;
  readonly outcome?: Outcome;
  readonly need?: readonly Need[];
  readonly open?: true;
  readonly closed?: true;
  readonly openedAfter?: Date;
  readonly openedBefore?: Date;
  readonly closedAfter?: Date;
  readonly closedBefore?: Date;
  readonly stageSinceAfter?: Date;
  readonly stageSinceBefore?: Date;
  readonly dueBefore?: Date;
  readonly limit: number;
  readonly cursor?: string;
  readonly all?: true;
}

const DEFAULT_LIMIT = 50;

/** `chartway list`: one line per applicant, in Temporal's order. */
export const listCommand: RegisterCommand = (program, select) => {
  const command = program
    .command('list')
    .description('List applicants, one line each, open ones first. Filters are combined with "and".');
  command
    .option('--prefix <text>', 'the beginning of the clientUserId; upper and lower case differ', readPrefix)
    .option('--human-id <id>', "Human API's id of the person", readHumanId)
    .addOption(new Option('--stage <stage>', 'applicants in this stage').choices(STAGES))
    .addOption(new Option('--outcome <outcome>', 'applicants that closed with this outcome').choices(OUTCOMES))
    .addOption(new Option('--need <need...>', 'applicants with all of these needs').choices(NEEDS))
    .addOption(new Option('--open', 'open applicants only').conflicts('closed'))
    .option('--closed', 'closed applicants only');
  for (const name of INSTANTS) command.option(`--${name} <instant>`, INSTANT_TEXT[name], readInstant);
  command
    .option('--limit <number>', `how many, 1 to ${MAX_PAGE}`, readLimit, DEFAULT_LIMIT)
    .option('--cursor <cursor>', 'continue a list, with the same filters')
    .addOption(new Option('--all', 'every applicant, page by page').conflicts('limit'))
    .action((flags: ListFlags) => select((context) => list(context, flags)));
};

const INSTANTS = [
  'opened-after',
  'opened-before',
  'closed-after',
  'closed-before',
  'stage-since-after',
  'stage-since-before',
  'due-before',
] as const;

const INSTANT_TEXT: Readonly<Record<(typeof INSTANTS)[number], string>> = {
  'opened-after': 'opened at this time or later: 2026-12-01 or 2026-12-01T08:00:00Z',
  'opened-before': 'opened before this time',
  'closed-after': 'closed at this time or later',
  'closed-before': 'closed before this time',
  'stage-since-after': 'stage began at this time or later',
  'stage-since-before': 'stage began before this time',
  'due-before': 'open, with a deadline before this time',
};

function readPrefix(text: string): string {
  if (isClientUserId(text)) return text;
  throw new InvalidArgumentError(`Expected ${CLIENT_USER_ID_EXPECTED}.`);
}

function readHumanId(text: string): string {
  if (isHumanId(text)) return text;
  throw new InvalidArgumentError(`Expected ${HUMAN_ID_EXPECTED}.`);
}

function readLimit(text: string): number {
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_PAGE) return limit;
  throw new InvalidArgumentError(`Expected a number from 1 to ${MAX_PAGE}.`);
}

async function list(context: CommandContext, flags: ListFlags): Promise<ExitStatus> {
  const { terminal, json, print, signal } = context;
  const useCases = await context.useCases();
  const filters = toFilters(flags);
  const limit = flags.all ? MAX_PAGE : flags.limit;
  let cursor = flags.cursor ?? null;
  let count = 0;
  let coverage: Coverage;
  do {
    signal.throwIfAborted();
    const page = await useCases.list({ ...filters, limit, cursor });
    if (json) for (const applicant of page.items) print(JSON.stringify(applicant));
    else printRows(context, LIST_HEADER, page.items.map(toListRow), { isContinued: count > 0 });
    count += page.items.length;
    cursor = page.nextCursor;
    coverage = page.coverage;
  } while (flags.all && cursor !== null);
  terminal.write(displayCount(count, 'applicant'));
  if (cursor !== null) terminal.write(`there are more: add --all, or --cursor ${cursor}`);
  if (!flags.open) warnOfMissingRuns(context, coverage);
  return 0;
}

function toFilters(flags: ListFlags): ListFilters {
  const { prefix, humanId, stage, outcome, need: needs } = flags;
  return {
    prefix,
    humanId,
    stage,
    outcome,
    needs,
    open: flags.open ?? (flags.closed ? false : undefined),
    openedAfterMs: flags.openedAfter?.getTime(),
    openedBeforeMs: flags.openedBefore?.getTime(),
    closedAfterMs: flags.closedAfter?.getTime(),
    closedBeforeMs: flags.closedBefore?.getTime(),
    stageSinceAfterMs: flags.stageSinceAfter?.getTime(),
    stageSinceBeforeMs: flags.stageSinceBefore?.getTime(),
    dueBeforeMs: flags.dueBefore?.getTime(),
  };
}
