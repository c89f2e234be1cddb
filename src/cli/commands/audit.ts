import { readFile } from 'node:fs/promises';
import type { AuditCheckpoint } from '../../observability/audit';
import {
  type AuditVerification,
  type ChainResult,
  parseCheckpoints,
  type Verdict,
  verdictOf,
  verifyAudit,
} from '../../observability/audit-verify';
import type { ExitStatus } from '../exit-status';
import { readInstant } from '../instants';
import { addAuditExport } from './audit-export';
import type { CommandContext, RegisterCommand } from './context';

interface AuditFlags {
  readonly heads?: string;
  readonly unkeyedBefore?: Date;
}

/** `chartway audit verify`: whether the audit log is unchanged. `chartway audit export`: the part about one applicant. */
export const auditCommand: RegisterCommand = (program, select) => {
  const audit = program.command('audit').description('Check or export the audit log.');
  addAuditExport(audit, select);
  audit
    .command('verify')
    .description('Verify every chain of the audit log, and print the first invalid line of each.')
    .argument('[path]', 'a folder, or one file, whose chain is verified; AUDIT_LOG by default')
    .option(
      '--heads <file>',
      'a log that was kept elsewhere (stdout of a process, stderr of a command): its audit-head lines, the checkpoints, are compared with the chains',
    )
    .option(
      '--unkeyed-before <date>',
      'accept chains without a key that began before this date, such as those of 0.1.0: 2026-12-01 or 2026-12-01T08:00:00Z',
      readInstant,
    )
    .addHelpText(
      'after',
      '\nThe lines that a process writes form a chain of hashes, so a changed, moved, added or removed line shows. Only a checkpoint reveals a cut end or a removed file.\nAnyone with write access to the folder can write a chain without a key, under any date. A chain with a key requires AUDIT_KEY, or the PAYLOAD_KEYS that the key was derived from. If a key is set, a chain without one is unproven, unless --unkeyed-before accepts it.\nExit status: 0 everything is valid; 1 a line is invalid, a checkpoint does not match, or a chain is weaker than one before it; 2 something could not be read or proven, a chain is empty, or there was nothing to verify.',
    )
    .action((path: string | undefined, flags: AuditFlags) =>
      select((context) => verify(context, path ?? context.auditFolder, flags), 'verifier'),
    );
};

async function verify(
  context: CommandContext,
  path: string,
  { heads, unkeyedBefore }: AuditFlags,
): Promise<ExitStatus> {
  const { terminal, auditKeys } = context;
  let checkpoints: readonly AuditCheckpoint[];
  let verified: AuditVerification;
  try {
    checkpoints = heads === undefined ? [] : parseCheckpoints(await readFile(heads, 'utf8'));
    verified = await verifyAudit(path, checkpoints, auditKeys, unkeyedBefore);
  } catch (error) {
    const { code = 'an unknown failure' } = error as NodeJS.ErrnoException;
    terminal.write(`expected a readable folder or file of the audit log, and a readable file for --heads; got ${code}`);
    return 2;
  }
  if (heads !== undefined && checkpoints.length === 0) {
    terminal.write(
      'expected audit-head lines in the file of --heads, got none; use the stdout of a worker, webhook or api, or the stderr of a command',
    );
    return 2;
  }
  const { chains, mismatches, matchedCheckpoints } = verified;
  printVerification(context, verified);
  const against = heads === undefined ? '' : `; ${matchedCheckpoints} of ${checkpoints.length} checkpoints match`;
  const count = (verdict: Verdict) => chains.filter((chain) => verdictOf(chain) === verdict).length;
  terminal.write(`${count('holds')} of ${chains.length} chains hold${against}`);
  const failures = (['broken', 'unread', 'weaker', 'empty', 'unproven'] as const).filter((each) => count(each) > 0);
  for (const verdict of failures) terminal.write(ADVICE[verdict]);
  const unsigned = chains.filter((chain) => chain.key === null && chain.lines > 0).length;
  if (unsigned > 0)
    terminal.write(
      `${unsigned} of them ${unsigned === 1 ? 'has' : 'have'} no key: anyone with write access to the folder can have written them`,
    );
  if (chains.length === 0) terminal.write(NOTHING_TEXT);
  if (mismatches.length > 0 || failures.includes('broken') || failures.includes('weaker')) return 1;
  return failures.length > 0 || chains.length === 0 ? 2 : 0;
}

function printVerification({ json, print }: CommandContext, { chains, mismatches }: AuditVerification): void {
  for (const chain of chains)
    print(json ? JSON.stringify({ ...chain, verdict: verdictOf(chain) }) : describeChain(chain));
  for (const { checkpoint, why } of mismatches) {
    const { file, lines } = checkpoint;
    print(json ? JSON.stringify({ missing: checkpoint, why }) : `MISSING  ${file}  line ${lines}: ${why}`);
  }
}

const ADVICE: Readonly<Record<Exclude<Verdict, 'holds'>, string>> = {
  broken:
    'each line before the first invalid line of a chain is unchanged; the lines after it are not proven. Compare with a backup of the folder',
  unread: 'a file that cannot be read is not verified; run the command as a user who can read it',
  weaker:
    'a later chain of the same process has a weaker key or none: the key is no longer set (set it again), or someone without it added the chain',
  empty:
    'a chain without a complete line: its process was killed when it had created the file, or all lines were removed. Compare it with the checkpoints, then move it away',
  unproven:
    'unproven: the key of a chain is not available, or the chain has no key although one is set. Set AUDIT_KEY or PAYLOAD_KEYS with the old key. For chains from before the first key, use --unkeyed-before <date>',
};

const NOTHING_TEXT =
  'nothing to verify: nothing was recorded here yet, this is another folder, or its files were removed';

const END_TEXT: Readonly<Record<ChainResult['end'], string>> = {
  closed: 'its process stopped normally',
  open: 'not closed: its process runs or was killed, or lines were cut off',
  torn: 'its last line is incomplete, as after a kill during a write; that line was never acknowledged',
};

function describeChain(result: ChainResult): string {
  const { chain, files, lines, end, broken, unread, key } = result;
  const signed = key === null ? 'no key' : `key ${key}`;
  const summary = `${chain}  ${lines} lines, ${signed}`;
  if (unread) return `UNREAD  ${unread.file}  it cannot be read (${unread.code}), so it is not verified`;
  if (broken) return `BROKEN  ${broken.file}  line ${broken.line}: ${broken.why}`;
  switch (verdictOf(result)) {
    case 'empty':
      return `EMPTY  ${files[0]}  it has no complete line, so nothing in it can be verified`;
    case 'weaker':
      return `WEAKER  ${summary}: an earlier chain of its process has a stronger key`;
    case 'unproven':
      return `UNPROVEN  ${summary}${key === null ? ', but a key is set' : ', which is not in AUDIT_KEY or PAYLOAD_KEYS'}`;
    default:
      return `holds  ${summary}; ${END_TEXT[end]}`;
  }
}
