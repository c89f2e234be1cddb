import { Option } from 'commander';
import { KeyMissing } from '../../domain/encryption';
import type { AuditEntry } from '../../observability/audit';
import { isQuarantineId, QUARANTINE_REASONS, type QuarantineHeader } from '../../quarantine/quarantine';
import type { NoticeSender } from '../../temporal/notices';
import { parseStoredNotices } from '../../upstream/notices';
import { openQuarantineView, type QuarantineView } from '../../use-cases/quarantine-view';
import type { ExitStatus } from '../exit-status';
import { displayCount } from '../rows';
import { type CommandContext, printResult, type RegisterCommand, recordAct } from './context';
import { type ReplayResult, replay } from './replay';

interface QuarantineFlags {
  readonly all?: true;
  readonly why?: string;
}

/** What is done to a record. `isDone` is false if the record stays, or is gone. */
type RecordAct = (id: string) => Promise<{ readonly fields: object; readonly text: string; readonly isDone: boolean }>;

const REASONS_TEXT =
  'refused (Temporal rejects the notice), signature (missing or wrong), damaged (bytes of the spool that are not a notice), nobody (a report notice without an applicant)';

/**
 * `chartway quarantine list|show|replay|drop`: notices that were not delivered or must not be trusted. They are kept until an operator replays or
 * drops them.
 */
export const quarantineCommand: RegisterCommand = (program, select) => {
  const quarantine = program
    .command('quarantine')
    .description(
      'Manage notices in quarantine: those of the webhook on this machine (under WEBHOOK_SPOOL) and those of mailboxes (in the report store).',
    )
    .addHelpText('after', `\nReasons: ${REASONS_TEXT}.`);
  // An unknown reason matches nothing, which must not look like an empty quarantine.
  const whyOption = (text: string) => new Option('--why <reason>', text).choices(QUARANTINE_REASONS);
  quarantine
    .command('list')
    .description('Print one line per record: id, time, reason, kind, ids.')
    .addOption(whyOption('only records with this reason'))
    .action((flags: QuarantineFlags) => select((context) => list(context, flags)));
  quarantine
    .command('show')
    .description('Print records with their notices.')
    .argument('<id...>')
    .action((ids: string[]) => select((context) => show(context, ids)));
  const addAction = (name: 'replay' | 'drop', description: string, act: typeof replayAll) => {
    const command = quarantine.command(name).description(description).argument('[id...]');
    command
      .option('--all', 'every record')
      .addOption(whyOption('with --all: every record with this reason'))
      .action((ids: string[], flags: QuarantineFlags) => {
        if (ids.length > 0 === (flags.all === true)) command.error('error: expected ids or --all');
        if (flags.why !== undefined && !flags.all) command.error('error: expected --all with --why');
        select((context) => act(context, ids, flags));
      });
  };
  addAction('replay', 'Send the notices again. A record is removed when all of its notices are accepted.', replayAll);
  addAction('drop', 'Remove records without sending their notices.', dropAll);
};

async function list(context: CommandContext, { why }: QuarantineFlags): Promise<ExitStatus> {
  const view = openQuarantineView(context, context.terminal.write);
  const headers = await listHeaders(view, why);
  for (const header of headers) context.print(context.json ? JSON.stringify(header) : toLine(header));
  context.terminal.write(`${displayCount(headers.length, 'record')} in ${view.location}`);
  return 0;
}

async function show(context: CommandContext, ids: readonly string[]): Promise<ExitStatus> {
  const view = openQuarantineView(context, context.terminal.write);
  let missing = 0;
  for (const id of ids) {
    if (isQuarantineId(id)) await recordQuarantineAct(context, 'quarantine-show', id);
    const record = await readRecord(view, id);
    if (record === null) {
      missing += 1;
      context.terminal.write(`${id}: ${RESULT_TEXT.gone}`);
      continue;
    }
    context.print(JSON.stringify(record, null, context.json ? undefined : 2));
  }
  return missing > 0 ? 1 : 0;
}

async function replayAll(context: CommandContext, ids: readonly string[], flags: QuarantineFlags): Promise<ExitStatus> {
  const view = openQuarantineView(context, context.terminal.write);
  const selected = await selectIds(view, ids, flags);
  let sender: Promise<NoticeSender> | undefined;
  return actOnEach(context, selected, 'quarantine-replay', 'replayed', async (id) => {
    sender ??= context.noticeSender();
    const replayed = await replay(view, id, await sender);
    return { fields: replayed, text: describeReplay(replayed), isDone: replayed.result === 'replayed' };
  });
}

async function dropAll(context: CommandContext, ids: readonly string[], flags: QuarantineFlags): Promise<ExitStatus> {
  const view = openQuarantineView(context, context.terminal.write);
  return actOnEach(context, await selectIds(view, ids, flags), 'quarantine-drop', 'dropped', async (id) => {
    const isDone = await view.drop(id);
    return { fields: { result: isDone ? 'dropped' : 'gone' }, text: isDone ? 'dropped' : RESULT_TEXT.gone, isDone };
  });
}

async function actOnEach(
  context: CommandContext,
  ids: readonly string[],
  did: AuditEntry['did'],
  doneText: string,
  act: RecordAct,
): Promise<ExitStatus> {
  let done = 0;
  for (const id of ids) {
    context.signal.throwIfAborted();
    await recordQuarantineAct(context, did, id);
    const { fields, text, isDone } = await act(id);
    if (isDone) done += 1;
    printResult(context, { id, ...fields }, `${id}: ${text}`);
  }
  context.terminal.write(`${done} of ${ids.length} ${doneText}`);
  return done < ids.length ? 1 : 0;
}

/** Text that the user typed and that is not an id stays out of the audit log. */
function recordQuarantineAct(context: CommandContext, did: AuditEntry['did'], id: string): Promise<void> {
  return recordAct(context, did, { detail: isQuarantineId(id) ? id : 'not an id of a record' });
}

const RECEIVER_TEXT: Readonly<Record<keyof ReplayResult['by'], string>> = {
  applicant: 'accepted by its open applicant',
  refresh: 'accepted by the refresh of its closed applicant',
  mailbox: 'in a mailbox, which searches for the applicant; if it finds none, the notice returns to the quarantine',
};

const RESULT_TEXT: Readonly<Record<ReplayResult['result'], string>> = {
  replayed: 'removed from the quarantine',
  nowhere: 'kept: its applicant is closed or unknown. Drop the record if that is correct',
  refused: 'kept: Temporal rejected it again; check the applicant in the Temporal UI',
  unreadable: 'kept: it holds no readable notice. Drop the record when you know why',
  locked: 'kept: encrypted with a key that PAYLOAD_KEYS does not list; add the key, then replay',
  gone: 'there is no such record; `npm run chartway -- quarantine list` prints all records',
};

/** `2 accepted by its open applicant; removed from the quarantine`. */
function describeReplay({ result, by }: ReplayResult): string {
  const receivers = (Object.keys(RECEIVER_TEXT) as (keyof typeof RECEIVER_TEXT)[]).filter((each) => by[each]);
  return [...receivers.map((each) => `${by[each]} ${RECEIVER_TEXT[each]}`), RESULT_TEXT[result]].join('; ');
}

async function listHeaders(view: QuarantineView, why: string | undefined): Promise<readonly QuarantineHeader[]> {
  return (await view.list()).filter((header) => why === undefined || header.why === why);
}

async function selectIds(view: QuarantineView, ids: readonly string[], { all, why }: QuarantineFlags) {
  return all ? (await listHeaders(view, why)).map(({ id }) => id) : [...new Set(ids)];
}

/** `1763840000000-refused-0123456789ab  2026-11-22T19:33:20.000Z  refused  status  POL-1  0123…  detail`. */
function toLine({ id, at, why, kind, clientUserId, humanId, detail }: QuarantineHeader): string {
  return [id, at, why, kind, clientUserId ?? '-', humanId ?? '-', detail ?? ''].join('  ').trimEnd();
}

/** A record with its notices. `unreadable`: why `notices` is null. */
async function readRecord(view: QuarantineView, id: string) {
  try {
    const record = await view.read(id);
    if (record === null) return null;
    const notices = record.content && parseStoredNotices(record.content);
    return { ...record.header, notices, ...(notices === null && { unreadable: record.content?.length ?? 'altered' }) };
  } catch (error) {
    if (!(error instanceof KeyMissing)) throw error;
    return { id, notices: null, unreadable: RESULT_TEXT.locked };
  }
}
