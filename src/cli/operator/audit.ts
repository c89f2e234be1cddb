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
      'a log of stdout that was kept elsewhere: its audit-head lines are held against the chains',
    )
    .addHelpText(
      'after',
      '\nA chain shows what was changed, moved, put in or taken out of it. Lines cut off at its end, and files taken away, show by a head only.\nExit status: 0 all holds; 1 a link is broken or a head is not borne out.',
    )
    .action((place: string | undefined, chosen: Chosen) => choose((operator) => verify(operator, place, chosen)));
};

async function verify(operator: Operator, place: string | undefined, { heads }: Chosen): Promise<ExitStatus> {
  const { terminal, out, json } = operator;
  let kept: readonly AuditHead[];
  let verified: Awaited<ReturnType<typeof verifyAudit>>;
  try {
    kept = heads === undefined ? [] : headsIn(await readFile(heads, 'utf8'));
    verified = await verifyAudit(place ?? operator.auditFolder, kept);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    terminal.say(`expected a folder or a file of the audit log and one of heads that can be read; got ${code}`);
    return 2;
  }
  const { chains, missing } = verified;
  for (const chain of chains) out(json ? JSON.stringify(chain) : lineOf(chain));
  for (const { head, why } of missing) {
    out(json ? JSON.stringify({ missing: head, why }) : `MISSING  ${head.file}  line ${head.lines}: ${why}`);
  }
  const broken = chains.filter((chain) => chain.broken !== null).length;
  const against = heads === undefined ? '' : `; ${kept.length - missing.length} of ${kept.length} heads are borne out`;
  terminal.say(`${chains.length - broken} of ${chains.length} chains hold${against}`);
  return broken > 0 || missing.length > 0 ? 1 : 0;
}

function lineOf({ chain, lines, end, broken }: ChainFound): string {
  if (broken) return `BROKEN  ${broken.file}  line ${broken.line}: ${broken.why}`;
  return `holds  ${chain}  ${lines} lines; ${ENDS[end]}`;
}
