import type { Command } from 'commander';
import type { ExitStatus } from '../exit-status';
import { displayCount } from '../rows';
import { actorOf, addApplicantCommand, type CommandContext, type RegisterCommand } from './context';

const PAGE_SIZE = 200;

/** `chartway audit export <clientUserId>`: the acts on an applicant and the views of its data, from all chains and the manifest. */
export function addAuditExport(audit: Command, select: Parameters<RegisterCommand>[1]): void {
  addApplicantCommand(
    audit,
    'export',
    'Print the acts on an applicant and the views of its data, with their actors, newest first, as JSON lines: the audit log of this machine, merged with the timeline of the manifest. The audit log records it.',
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
  terminal.write(displayCount(count, 'entry', 'entries'));
  return 0;
}
