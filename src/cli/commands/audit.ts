import { readFile } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import type { AuditCheckpoint } from '../../observability/audit';
import {
  type ChainFound,
  parseCheckpoints,
  type Verdict,
  verdictOf,
  verifyAudit,
} from '../../observability/audit-verify';
import type { ExitStatus } from '../starter';
import type { CommandContext, RegisterCommand } from './context';

interface Chosen {
  readonly heads?: string;
  readonly unkeyedBefore?: Date;
}

const ENDS: Readonly<Record<ChainFound['end'], string>> = {
  closed: 'closed in order',
  open: 'not closed: its process runs, was killed, or lines were cut off',
  torn: 'its last line is torn, as a kill in mid-write leaves it; that line was never acknowledged',
};

/** `chartway audit verify`: whether the audit log is as it was written. */
export const auditCommand: RegisterCommand = (program, choose) => {
  program
    .command('audit')
    .description('Look into the audit log.')
    .command('verify')
    .description('follow every chain of the audit log, and name the first link of each that does not hold')
    .argument('[place]', 'a folder, or one file, whose chain is followed; AUDIT_LOG by default')
    .option(
      '--heads <file>',
      'a log that was kept elsewhere, of stdout or of the stderr of commands: its audit-head lines are held against the chains',
    )
    .option(
      '--unkeyed-before <date>',
      'accept chains without a key that began before this date, such as those of 0.1.0: 2026-12-01 or 2026-12-01T08:00:00Z',
      readDate,
    )
    .addHelpText(
      'after',
      '\nA chain shows what was changed, moved, put in or taken out of it. Only a checkpoint reveals a cut tail or a removed file.\nAnyone who can write the folder can write a chain without a key, under any date; one with a key needs AUDIT_KEY, or the PAYLOAD_KEYS that it was derived from. If a key is given, a chain without one is unproven, unless --unkeyed-before accepts it.\nExit status: 0 all holds; 1 a link is broken, a checkpoint does not match, or a chain is weaker than one before it; 2 something could not be read or proven, a chain is empty, or there was nothing to verify.',
    )
    .action((place: string | undefined, chosen: Chosen) =>
      choose((operator) => verify(operator, place, chosen), 'verifier'),
    );
};

/** A date, or an instant in UTC. */
function readDate(text: string): Date {
  const date = new Date(text);
  const isDate = /^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/.test(text) && !Number.isNaN(date.getTime());
  // 2026-02-30 would become the 2nd of March.
  if (isDate && date.toISOString().startsWith(text.slice(0, 10))) return date;
  throw new InvalidArgumentError('Expected a date (2026-12-01) or an instant in UTC (2026-12-01T08:00:00Z).');
}

async function verify(
  operator: CommandContext,
  place: string | undefined,
  { heads, unkeyedBefore }: Chosen,
): Promise<ExitStatus> {
  const { terminal, print: out, json } = operator;
  let kept: readonly AuditCheckpoint[];
  let verified: Awaited<ReturnType<typeof verifyAudit>>;
  try {
    kept = heads === undefined ? [] : parseCheckpoints(await readFile(heads, 'utf8'));
    verified = await verifyAudit(place ?? operator.auditFolder, kept, operator.auditKeys, unkeyedBefore);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    terminal.write(`expected a folder or a file of the audit log and one of heads that can be read; got ${code}`);
    return 2;
  }
  const { chains, missing, verifiedCount: borneOut } = verified;
  if (heads !== undefined && kept.length === 0) {
    terminal.write(
      'expected audit-head lines in the file of --heads, there are none; give the stdout of a worker, webhook or api, or the stderr of a command',
    );
    return 2;
  }
  for (const chain of chains) out(json ? JSON.stringify({ ...chain, verdict: verdictOf(chain) }) : lineOf(chain));
  for (const { head, why } of missing) {
    out(json ? JSON.stringify({ missing: head, why }) : `MISSING  ${head.file}  line ${head.lines}: ${why}`);
  }
  const count = (verdict: Verdict) => chains.filter((chain) => verdictOf(chain) === verdict).length;
  const [holds, broken, unread, empty] = [count('holds'), count('broken'), count('unread'), count('empty')];
  const [weaker, unproven] = [count('weaker'), count('unproven')];
  const unkeyed = chains.filter((chain) => chain.key === null && chain.lines > 0).length;
  const against = heads === undefined ? '' : `; ${borneOut} of ${kept.length} checkpoints match`;
  terminal.write(`${holds} of ${chains.length} chains hold${against}`);
  if (broken > 0) terminal.write(MEANING);
  if (unread > 0) terminal.write('what could not be read is not known to hold; verify as the user who may read it');
  if (weaker > 0) terminal.write(WEAKER);
  if (empty > 0) terminal.write(EMPTY);
  if (unproven > 0) terminal.write(UNPROVEN);
  if (unkeyed > 0)
    terminal.write(`${unkeyed} of them without a key: anyone who can write the folder can have written them`);
  if (chains.length === 0) {
    terminal.write(
      'nothing to verify: nothing was recorded here yet, or this is not the folder, or its files were taken away',
    );
  }
  if (broken > 0 || missing.length > 0 || weaker > 0) return 1;
  return unread > 0 || unproven > 0 || empty > 0 || chains.length === 0 ? 2 : 0;
}

const MEANING =
  'before the first broken link of a chain each line is as it was written; from there on none is proven. Compare with a backup of the folder';

const WEAKER =
  'a chain that began after its process had a stronger key was put in by someone without it, or the key was unset: set it again';

const UNPROVEN =
  'a chain whose key is not there is not proven; set AUDIT_KEY, or PAYLOAD_KEYS, with that key among them. One without a key was written before ' +
  'its process had one (--unkeyed-before <date> accepts those), while the key was unset, or by someone without it';

const EMPTY =
  'a chain without a whole line is no proof of anything: a kill right after its file was made leaves that, and so does cutting off all its lines; ' +
  'compare with the checkpoints, then move the file away';

function lineOf(found: ChainFound): string {
  const { chain, files, lines, end, broken, unread, key } = found;
  const verdict = verdictOf(found);
  if (unread) return `UNREAD  ${unread.file}  it cannot be read (${unread.code}), so it is not known`;
  if (broken) return `BROKEN  ${broken.file}  line ${broken.line}: ${broken.why}`;
  const signed = key === null ? 'no key' : `key ${key}`;
  if (verdict === 'empty') return `EMPTY  ${files[0]}  it has no whole line, so that nothing in it can be checked`;
  if (verdict === 'weaker')
    return `WEAKER  ${chain}  ${lines} lines, ${signed}: an earlier chain of its process has a stronger key`;
  if (verdict === 'unproven') {
    const why = key === null ? ', though a key is given' : ', which is not among AUDIT_KEY and PAYLOAD_KEYS';
    return `UNPROVEN  ${chain}  ${lines} lines, ${signed}${why}`;
  }
  return `holds  ${chain}  ${lines} lines, ${signed}; ${ENDS[end]}`;
}
