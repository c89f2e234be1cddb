import type { Command } from 'commander';
import type { ExitStatus } from '../exit-status';
import { actorOf, addApplicantCommand, type CommandContext, type RegisterCommand } from './context';

const PAGE_SIZE = 200;

/** `chartway audit export <clientUserId>`: who did and saw what of an applicant, from all chains and the manifest. */
export function addAuditExport(audit: Command, select: Parameters<RegisterCommand>[1]): void {
  addApplicantCommand(
    audit,
    'export',
    'Print who did or saw what of an applicant, newest first, as JSON lines: the audit log of this machine, merged with the timeline of the manifest. The audit log records it.',
    (clientUserId) => select((context) => exportAudit(context, clientUserId)),
  );
}

async function exportAudit(context: CommandContext, clientUserId: string): Promise<ExitStatus> {
  const { print, terminal, signal } = context;
  const useCases = await context.useCases();
  let cursor: string | null = null;
  let count = 0;
  do {
    signal.throwIfAborted();
    const page = await useCases.audit({ clientUserId, limit: PAGE_SIZE, cursor }, actorOf(context));
    for (const item of page.items) print(JSON.stringify(item));
    count += page.items.length;
    cursor = page.nextCursor;
  } while (cursor !== null);
  terminal.write(count === 1 ? '1 entry' : `${count} entries`);
  return 0;
}
