import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Option } from 'commander';
import type { BatchUpload } from '../../use-cases/use-cases';
import type { BatchCheckView, BatchResultRow, BatchView } from '../../use-cases/views';
import type { ExitStatus } from '../exit-status';
import { displayCount, displayInstant, printFields, printRows } from '../rows';
import { WrongUsage } from '../wrong-usage';
import { actorOf, type CommandContext, printResult, type RegisterCommand } from './context';

interface StartFlags {
  readonly dryRun?: true;
  readonly key?: string;
  readonly format?: BatchUpload['format'];
}

const PAGE = 50;

/** `chartway batch`: files of applicants. */
export const batchCommand: RegisterCommand = (program, select) => {
  const command = program.command('batch').description('Start the applicants of a file, and follow the batch.');
  command
    .command('start')
    .description('Store a file, and start its applicants in the background. The same file again is the same batch.')
    .argument('<file>', 'a CSV file, or a file with one JSON object a line; - is standard input')
    .option('--dry-run', 'check the file, and store and start nothing')
    .option('--key <key>', 'the identity of the batch, 1 to 64 letters, digits, ".", "_", "~" or "-"')
    .addOption(new Option('--format <format>', 'default: by the name of the file, else csv').choices(['csv', 'ndjson']))
    .action((file: string, flags: StartFlags) => select((context) => start(context, file, flags)));
  command
    .command('status')
    .description('Print a batch, or all batches, the newest first.')
    .argument('[batchId]', 'the id of the batch')
    .action((batchId?: string) => select((context) => printStatus(context, batchId)));
  command
    .command('results')
    .description('Print the result of each row, in the order of the file. With --json, one JSON object a line.')
    .argument('<batchId>', 'the id of the batch')
    .action((batchId: string) => select((context) => printResults(context, batchId)));
  const addAct = (act: 'pause' | 'resume' | 'cancel', description: string) =>
    command
      .command(act)
      .description(description)
      .argument('<batchId>', 'the id of the batch')
      .action((batchId: string) => select((context) => steer(context, batchId, act)));
  addAct('pause', 'Start no further row until it is resumed.');
  addAct('resume', 'Start the rows that wait.');
  addAct('cancel', 'Start no further row. Applicants that were started stay as they are.');
};

async function start(context: CommandContext, file: string, flags: StartFlags): Promise<ExitStatus> {
  const { key = null } = flags;
  if (key !== null && !/^[A-Za-z0-9._~-]{1,64}$/.test(key))
    throw new WrongUsage('--key: expected 1 to 64 letters, digits, ".", "_", "~" or "-"');
  const format = flags.format ?? (/\.(ndjson|jsonl)$/i.test(file) ? 'ndjson' : 'csv');
  const upload = { format, key, body: await openBody(file) };
  if (flags.dryRun) return printCheck(context, await context.offlineUseCases().checkBatch(upload));
  const { batch, isNew } = await (await context.useCases()).startBatch(upload, actorOf(context));
  printFaults(context, batch);
  const text = isNew ? 'started' : `exists already, and is ${batch.state}`;
  printResult(
    context,
    batch,
    `${batch.batchId}: ${text}; ${displayCount(batch.rows, 'row')}, ${batch.invalid} invalid`,
  );
  if (!context.json) context.terminal.write(`npm run chartway -- batch status ${batch.batchId}`);
  return 0;
}

async function openBody(file: string): Promise<AsyncIterable<Uint8Array>> {
  if (file === '-') return process.stdin;
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) throw new WrongUsage(`expected a readable file at ${file}, got ${found.code}`);
  if (found.isDirectory()) throw new WrongUsage(`expected a file at ${file}, got a folder`);
  return createReadStream(file);
}

/** Status 1 if a row is invalid. */
function printCheck(context: CommandContext, check: BatchCheckView): ExitStatus {
  printFaults(context, check);
  const { rows, valid, invalid } = check;
  printResult(context, check, `${displayCount(rows, 'row')}: ${valid} valid, ${invalid} invalid; nothing was started`);
  return invalid > 0 ? 1 : 0;
}

function printFaults({ json, terminal }: CommandContext, { firstErrors }: BatchCheckView): void {
  if (json) return;
  for (const { line, errors } of firstErrors)
    for (const { field, expected } of errors) terminal.write(`line ${line}: ${field}: expected ${expected}`);
}

async function printStatus(context: CommandContext, batchId: string | undefined): Promise<ExitStatus> {
  const useCases = context.offlineUseCases();
  if (batchId !== undefined) {
    const batch = await useCases.batch(batchId);
    if (context.json) context.print(JSON.stringify(batch));
    else printFields(context, toFields(batch));
    return 0;
  }
  const { items, nextCursor } = await useCases.batches({ limit: PAGE, cursor: null });
  if (context.json) for (const batch of items) context.print(JSON.stringify(batch));
  else printRows(context, HEADER, items.map(toRow));
  const more = nextCursor === null ? '' : ', and there are older ones';
  context.terminal.write(`${displayCount(items.length, 'batch', 'batches')}${more}`);
  return 0;
}

async function printResults(context: CommandContext, batchId: string): Promise<ExitStatus> {
  const rows = await context.offlineUseCases().batchResults(batchId);
  let isContinued = false;
  for await (const row of rows) {
    context.signal.throwIfAborted();
    if (context.json) context.print(JSON.stringify(row));
    else printRows(context, RESULT_HEADER, [toResultRow(row)], { isContinued });
    isContinued = true;
  }
  return 0;
}

async function steer(
  context: CommandContext,
  batchId: string,
  act: 'pause' | 'resume' | 'cancel',
): Promise<ExitStatus> {
  const { batch, done } = await (await context.useCases()).steerBatch(batchId, act, actorOf(context));
  printResult(context, batch, `${batchId}: ${batch.state}${done === 'already' ? ' already' : ''}`);
  return 0;
}

const HEADER = ['batchId', 'state', 'rows', 'pending', 'started', 'invalid', 'created', 'by'];
const RESULT_HEADER = ['line', 'clientUserId', 'result', 'stage', 'outcome', 'reason', 'errors'];

function toRow({ batchId, state, rows, counts, invalid, createdAt, startedBy }: BatchView) {
  return [batchId, state, rows, counts.pending, counts.started, invalid, displayInstant(createdAt), startedBy];
}

function toFields(batch: BatchView): (readonly [string, string | number | null])[] {
  const { batchId, state, rows, counts, rate, etaAt, startedBy, createdAt, endedAt } = batch;
  return [
    ['batchId', batchId],
    ['state', state],
    ['rows', rows],
    ...Object.entries(counts).filter(([, count]) => count > 0),
    ['rows a second', rate],
    ['expected end', displayInstant(etaAt)],
    ['started by', startedBy],
    ['created', displayInstant(createdAt)],
    ['ended', displayInstant(endedAt)],
  ];
}

function toResultRow({ line, clientUserId, result, stage, outcome, reason, errors }: BatchResultRow) {
  return [line, clientUserId, result, stage, outcome, reason, errors.map(({ field }) => field).join(' ')];
}
