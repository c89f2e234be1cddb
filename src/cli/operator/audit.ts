import { readFile } from 'node:fs/promises';
import type { AuditHead } from '../../observability/audit';
import { type ChainFound, headsIn, verifyAudit } from '../../observability/audit-verify';
import type { ExitStatus } from '../starter';
import type { AddCommand, Operator } from './operator';

interface Chosen {
  readonly heads?: string;
}

const ENDS: Readonly<Record<ChainFound['end'], string>> = {
  closed: 'closed in order',
  open: 'not closed: its process runs, was killed, or lines were cut off',
  torn: 'its last line is torn, as a kill in mid-write leaves it; that line was never acknowledged',
};

/** `chartway audit verify`: whether the audit log is as it was written. */
export const auditCommand: AddCommand = (program, choose) => {
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
    .addHelpText(
      'after',
      '\nA chain shows what was changed, moved, put in or taken out of it. Lines cut off at its end, and files taken away, show by a head only.\nA chain without a key can be written anew by anyone who can write the folder; one with a key needs AUDIT_KEY, or the PAYLOAD_KEYS that it was derived from.\nExit status: 0 all holds; 1 a link is broken, a head is not borne out, or a chain is weaker than one before it; 2 something could not be read or proven, or there was nothing to verify.',
    )
    .action((place: string | undefined, chosen: Chosen) =>
      choose((operator) => verify(operator, place, chosen), 'verifier'),
    );
};

async function verify(operator: Operator, place: string | undefined, { heads }: Chosen): Promise<ExitStatus> {
  const { terminal, out, json } = operator;
  let kept: readonly AuditHead[];
  let verified: Awaited<ReturnType<typeof verifyAudit>>;
  try {
    kept = heads === undefined ? [] : headsIn(await readFile(heads, 'utf8'));
    verified = await verifyAudit(place ?? operator.auditFolder, kept, operator.auditKeys);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    terminal.say(`expected a folder or a file of the audit log and one of heads that can be read; got ${code}`);
    return 2;
  }
  const { chains, missing, borneOut } = verified;
  if (heads !== undefined && kept.length === 0) {
    terminal.say(
      'expected audit-head lines in the file of --heads, there are none; give the stdout of a worker, webhook or api, or the stderr of a command',
    );
    return 2;
  }
  for (const chain of chains) out(json ? JSON.stringify(chain) : lineOf(chain));
  for (const { head, why } of missing) {
    out(json ? JSON.stringify({ missing: head, why }) : `MISSING  ${head.file}  line ${head.lines}: ${why}`);
  }
  const broken = chains.filter((chain) => chain.broken !== null).length;
  const unread = chains.filter((chain) => chain.unread !== null).length;
  const weaker = chains.filter((chain) => chain.broken === null && chain.weaker).length;
  const unproven = chains.filter((chain) => chain.broken === null && chain.unread === null && !chain.proven).length;
  const unkeyed = chains.filter((chain) => chain.key === null && chain.lines > 0).length;
  const against = heads === undefined ? '' : `; ${borneOut} of ${kept.length} heads are borne out`;
  terminal.say(`${chains.length - broken - unread - weaker - unproven} of ${chains.length} chains hold${against}`);
  if (broken > 0) terminal.say(MEANING);
  if (unread > 0) terminal.say('what could not be read is not known to hold; verify as the user who may read it');
  if (weaker > 0) terminal.say(WEAKER);
  if (unproven > 0)
    terminal.say(
      'a chain whose key is not there is not proven; set AUDIT_KEY, or PAYLOAD_KEYS, with that key among them',
    );
  if (unkeyed > 0)
    terminal.say(`${unkeyed} of them without a key: anyone who can write the folder can have written them`);
  if (chains.length === 0) {
    terminal.say(
      'nothing to verify: nothing was recorded here yet, or this is not the folder, or its files were taken away',
    );
  }
  if (broken > 0 || missing.length > 0 || weaker > 0) return 1;
  return unread > 0 || unproven > 0 || chains.length === 0 ? 2 : 0;
}

const MEANING =
  'before the first broken link of a chain each line is as it was written; from there on none is proven. Compare with a backup of the folder';

const WEAKER =
  'a chain that began after its process had a stronger key was put in by someone without it, or the key was unset: set it again';

function lineOf({ chain, lines, end, broken, unread, key, proven, weaker }: ChainFound): string {
  if (unread) return `UNREAD  ${unread.file}  it cannot be read (${unread.code}), so it is not known`;
  if (broken) return `BROKEN  ${broken.file}  line ${broken.line}: ${broken.why}`;
  const signed = key === null ? 'no key' : `key ${key}`;
  if (weaker) return `WEAKER  ${chain}  ${lines} lines, ${signed}: an earlier chain of its process has a stronger key`;
  if (!proven) return `UNPROVEN  ${chain}  ${lines} lines, ${signed}, which is not among AUDIT_KEY and PAYLOAD_KEYS`;
  return `holds  ${chain}  ${lines} lines, ${signed}; ${ENDS[end]}`;
}
