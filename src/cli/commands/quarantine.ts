import type { Command } from 'commander';
import { KeyMissing } from '../../domain/encryption';
import type { AuditEntry } from '../../observability/audit';
import { isQuarantineId, QUARANTINE_REASONS, type QuarantineHeader } from '../../quarantine/quarantine';
import { parseStoredNotices } from '../../upstream/notices';
import type { ExitStatus } from '../exit-status';
import type { CommandContext, RegisterCommand } from './context';
import { openQuarantineView, type QuarantineView } from './quarantine-view';
import { type ReplayResult, replay } from './replay';

interface QuarantineFlags {
  readonly all?: true;
  readonly why?: string;
}

const REASONS_TEXT = `refused (Temporal rejects the notice), signature (missing or wrong), damaged (bytes of the spool that are
not a notice), nobody (a report notice for which no applicant was found)`;

/** `chartway quarantine list|show|replay|drop`: notices that were not delivered or must not be trusted, until an operator decides. */
export const quarantineCommand: RegisterCommand = (program, select) => {
  const quarantine = program
    .command('quarantine')
    .description(
      'Manage notices in quarantine: those of the webhook on this machine (under WEBHOOK_SPOOL) and those of mailboxes (in the report store).',
    )
    .addHelpText('after', `\nReasons: ${REASONS_TEXT}.`);
  quarantine
    .command('list')
    .description('print one line a record: id, time, reason, kind, ids')
    .option('--why <reason>', 'only records with this reason')
    .action((flags: QuarantineFlags, command: Command) => {
      checkReason(flags, command);
      select((context) => list(context, flags));
    });
  quarantine
    .command('show')
    .description('print records with their notices')
    .argument('<id...>')
    .action((ids: string[]) => select((context) => show(context, ids)));
  const addAction = (name: string, description: string, act: typeof replayAll) => {
    const command = quarantine.command(name).description(description).argument('[id...]');
    command
      .option('--all', 'every record')
      .option('--why <reason>', 'with --all: every record with this reason')
      .action((ids: string[], flags: QuarantineFlags) => {
        if (ids.length > 0 === (flags.all === true)) command.error('error: expected ids or --all');
        checkReason(flags, command);
        if (flags.why !== undefined && !flags.all) command.error('error: expected --all with --why');
        select((context) => act(context, ids, flags));
      });
  };
  addAction('replay', 'send the notices again; a record is removed when all of its notices are accepted', replayAll);
  addAction('drop', 'remove the records without sending them', dropAll);
};

/** An unknown reason matches nothing, which must not look like an empty quarantine. */
function checkReason({ why }: QuarantineFlags, command: Command): void {
  const reasons: readonly string[] = QUARANTINE_REASONS;
  if (why !== undefined && !reasons.includes(why)) command.error(`error: expected --why ${reasons.join(', ')}`);
}

async function list(context: CommandContext, { why }: QuarantineFlags): Promise<ExitStatus> {
  const view = openQuarantineView(context, context.terminal.write);
  const headers = await listHeaders(view, why);
  for (const header of headers) context.print(context.json ? JSON.stringify(header) : toLine(header));
  context.terminal.write(`${headers.length === 1 ? '1 record' : `${headers.length} records`} in ${view.location}`);
  return 0;
}

async function show(context: CommandContext, ids: readonly string[]): Promise<ExitStatus> {
  const view = openQuarantineView(context, context.terminal.write);
  let missing = 0;
  for (const id of ids) {
    if (isQuarantineId(id)) await recordAct(context, 'quarantine-show', id);
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
  let kept = 0;
  if (selected.length > 0) {
    const sender = await context.noticeSender();
    for (const id of selected) {
      context.signal.throwIfAborted();
      await recordAct(context, 'quarantine-replay', id);
      const replayed = await replay(view, id, sender);
      if (replayed.result !== 'replayed') kept += 1;
      if (context.json) context.print(JSON.stringify({ id, ...replayed }));
      else context.terminal.write(`${id}: ${describeResult(replayed)}`);
    }
  }
  context.terminal.write(`${selected.length - kept} of ${selected.length} replayed`);
  return kept > 0 ? 1 : 0;
}

async function dropAll(context: CommandContext, ids: readonly string[], flags: QuarantineFlags): Promise<ExitStatus> {
  const view = openQuarantineView(context, context.terminal.write);
  const selected = await selectIds(view, ids, flags);
  let gone = 0;
  for (const id of selected) {
    context.signal.throwIfAborted();
    await recordAct(context, 'quarantine-drop', id);
    const result = (await view.drop(id)) ? 'dropped' : 'gone';
    if (result === 'gone') gone += 1;
    if (context.json) context.print(JSON.stringify({ id, result }));
    else context.terminal.write(`${id}: ${result === 'gone' ? RESULT_TEXT.gone : 'dropped'}`);
  }
  context.terminal.write(`${selected.length - gone} of ${selected.length} dropped`);
  return gone > 0 ? 1 : 0;
}

/** Before the act, because an act that cannot be recorded must not happen. Other text that the user typed stays out of the audit log. */
async function recordAct({ actor: who, audit }: CommandContext, did: AuditEntry['did'], id: string): Promise<void> {
  await (await audit()).record({ who, did, detail: isQuarantineId(id) ? id : 'not an id of a record' });
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
  gone: 'there is no such record; run "quarantine list" to see all records',
};

/** `2 accepted by its open applicant; removed from the quarantine`. */
function describeResult({ result, by }: ReplayResult): string {
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
