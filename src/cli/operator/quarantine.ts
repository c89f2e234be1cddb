import type { Command } from 'commander';
import { KeyMissing } from '../../domain/encryption';
import type { AuditEntry } from '../../observability/audit';
import { parseStoredNotices } from '../../upstream/notices';
import type { ExitStatus } from '../starter';
import type { AddCommand, Operator } from './operator';
import { type Replayed, replay } from './replay';
import { type Header, openSetAside, type SetAside } from './set-aside';

interface Chosen {
  readonly all?: true;
  readonly why?: string;
}

/** Why something can be in quarantine, for the help. */
const WHYS: readonly string[] = ['refused', 'signature', 'damaged', 'nobody'];
const REASONS = `refused (Temporal will not take it), signature (not signed as it should be), damaged (of the spool, no
notice any more), nobody (a report notice whose applicant was not found)`;

/** `chartway quarantine list|show|replay|drop`: notices that could not be delivered, or must not be believed, until an operator decides. */
export const quarantineCommand: AddCommand = (program, choose) => {
  const quarantine = program
    .command('quarantine')
    .description(
      'Look after notices that were set aside: by the webhook of this machine (under WEBHOOK_SPOOL) and by mailboxes (in the report store).',
    )
    .addHelpText('after', `\nReasons: ${REASONS}.`);
  quarantine
    .command('list')
    .description('one line a record: id, since when, why, kind, whose')
    .option('--why <reason>', 'only of this reason')
    .action((chosen: Chosen, command: Command) => {
      checkWhy(chosen, command);
      choose((operator) => list(operator, chosen));
    });
  quarantine
    .command('show')
    .description('all that is known of these records')
    .argument('<id...>')
    .action((ids: string[]) => choose((operator) => show(operator, ids)));
  const some = (name: string, description: string, act: typeof replayAll) => {
    const command = quarantine.command(name).description(description).argument('[id...]');
    command
      .option('--all', 'every record')
      .option('--why <reason>', 'with --all: every record of this reason')
      .action((ids: string[], chosen: Chosen) => {
        if (ids.length > 0 === (chosen.all === true)) command.error('error: expected ids or --all');
        checkWhy(chosen, command);
        if (chosen.why !== undefined && !chosen.all) command.error('error: expected --all with --why');
        choose((operator) => act(operator, ids, chosen));
      });
  };
  some('replay', 'send the notices again, and tell what became of them; a record goes once all are taken', replayAll);
  some('drop', 'take the records away for good, without sending them', dropAll);
};

/** A reason that there is none of finds nothing, which must not look like "nothing is there". */
function checkWhy({ why }: Chosen, command: Command): void {
  if (why !== undefined && !WHYS.includes(why)) command.error(`error: expected --why ${WHYS.join(', ')}`);
}

async function list(operator: Operator, { why }: Chosen): Promise<ExitStatus> {
  const setAside = openSetAside(operator, operator.terminal.say);
  const headers = await headersOf(setAside, why);
  for (const header of headers) operator.out(operator.json ? JSON.stringify(header) : lineOf(header));
  operator.terminal.say(`${headers.length === 1 ? '1 record' : `${headers.length} records`} in ${setAside.places}`);
  return 0;
}

async function show(operator: Operator, ids: readonly string[]): Promise<ExitStatus> {
  const setAside = openSetAside(operator, operator.terminal.say);
  let missing = 0;
  for (const id of ids) {
    if (ID.test(id)) await recorded(operator, 'quarantine-show', id);
    const told = await contentOf(setAside, id);
    if (told === null) {
      missing += 1;
      operator.terminal.say(`${id}: expected a record, there is none; "quarantine list" shows them`);
      continue;
    }
    operator.out(JSON.stringify(told, null, operator.json ? undefined : 2));
  }
  return missing > 0 ? 1 : 0;
}

async function replayAll(operator: Operator, ids: readonly string[], chosen: Chosen): Promise<ExitStatus> {
  const setAside = openSetAside(operator, operator.terminal.say);
  const all = await chosenIds(setAside, ids, chosen);
  let kept = 0;
  if (all.length > 0) {
    const sender = await operator.noticeSender();
    for (const id of all) {
      operator.signal.throwIfAborted();
      await recorded(operator, 'quarantine-replay', id);
      const replayed = await replay(setAside, id, sender);
      if (replayed.result !== 'replayed') kept += 1;
      if (operator.json) operator.out(JSON.stringify({ id, ...replayed }));
      else operator.terminal.say(`${id}: ${replayedInWords(replayed)}`);
    }
  }
  operator.terminal.say(`${all.length - kept} of ${all.length} replayed`);
  return kept > 0 ? 1 : 0;
}

async function dropAll(operator: Operator, ids: readonly string[], chosen: Chosen): Promise<ExitStatus> {
  const setAside = openSetAside(operator, operator.terminal.say);
  const all = await chosenIds(setAside, ids, chosen);
  let gone = 0;
  for (const id of all) {
    operator.signal.throwIfAborted();
    await recorded(operator, 'quarantine-drop', id);
    const result = (await setAside.drop(id)) ? 'dropped' : 'gone';
    if (result === 'gone') gone += 1;
    if (operator.json) operator.out(JSON.stringify({ id, result }));
    else operator.terminal.say(`${id}: ${result === 'gone' ? IN_WORDS.gone : 'dropped'}`);
  }
  operator.terminal.say(`${all.length - gone} of ${all.length} dropped`);
  return gone > 0 ? 1 : 0;
}

/** Before it is done: what cannot be recorded is not done. */
async function recorded({ who, audit }: Operator, did: AuditEntry['did'], id: string): Promise<void> {
  await (await audit()).record({ who, did, detail: ID.test(id) ? id : 'no id of a record' });
}

/** As records in quarantine are called; what else is typed is not for the audit log. */
const ID = /^\d{13}-[a-z]+-[0-9a-f]{12}$/;

const TAKEN_BY: Readonly<Record<keyof Replayed['by'], string>> = {
  applicant: 'accepted by its open applicant',
  refresh: 'accepted by the refresh of its closed applicant',
  mailbox: 'in a mailbox, which asks whose it is for some minutes; one of nobody comes back into the quarantine',
};

const IN_WORDS: Readonly<Record<Replayed['result'], string>> = {
  replayed: 'gone from the quarantine',
  nowhere: 'kept: ignored, for its applicant is closed or unknown. Drop it if that is right',
  refused: 'kept: Temporal refused it again; look at the applicant in the Temporal UI',
  unreadable: 'kept: there is no notice in it to send. Drop it once you know why',
  locked: 'kept: sealed with a key that PAYLOAD_KEYS does not list; add it back, then replay',
  gone: 'there is no such record; "quarantine list" shows them',
};

/** `2 accepted by its open applicant; gone from the quarantine`. */
function replayedInWords({ result, by }: Replayed): string {
  const takers = (Object.keys(TAKEN_BY) as (keyof typeof TAKEN_BY)[]).filter((taker) => by[taker] !== undefined);
  return [...takers.map((taker) => `${by[taker]} ${TAKEN_BY[taker]}`), IN_WORDS[result]].join('; ');
}

async function headersOf(setAside: SetAside, why: string | undefined): Promise<readonly Header[]> {
  return (await setAside.list()).filter((header) => why === undefined || header.why === why);
}

async function chosenIds(setAside: SetAside, ids: readonly string[], { all, why }: Chosen): Promise<readonly string[]> {
  return all ? (await headersOf(setAside, why)).map(({ id }) => id) : [...new Set(ids)];
}

/** `1763840000000-refused-0123456789ab  2026-11-22T19:33:20.000Z  refused  status  POL-1  0123…  detail`. */
function lineOf({ id, at, why, kind, clientUserId, humanId, detail }: Header): string {
  return [id, at, why, kind, clientUserId ?? '-', humanId ?? '-', detail ?? ''].join('  ').trimEnd();
}

/** A record with its notices; null in their place where they cannot be had, with the reason. */
async function contentOf(setAside: SetAside, id: string) {
  try {
    const found = await setAside.read(id);
    if (found === null) return null;
    const notices = found.content && parseStoredNotices(found.content);
    return { ...found.header, notices, ...(notices === null && { unreadable: found.content?.length ?? 'altered' }) };
  } catch (error) {
    if (!(error instanceof KeyMissing)) throw error;
    return { id, notices: null, unreadable: IN_WORDS.locked };
  }
}
