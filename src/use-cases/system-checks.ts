import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { readSpoolBacklog } from '../spool/backlog';
import type { QueueLoad } from '../temporal/task-queues';
import { fail, LATELY, pass, runCheck, skip } from './checks';
import type { CheckView } from './views';

/** `loads`: null if Temporal does not answer. */
export function checkQueues(loads: readonly QueueLoad[] | null): Promise<CheckView> {
  return runCheck('workers', 'check Temporal', async () => {
    if (loads === null) return skip('Temporal does not answer');
    const idle = loads.filter(({ pollers }) => pollers === 0).map(({ queue }) => queue);
    if (idle.length === 0) return pass(`workers polled every task queue ${LATELY}`);
    const text = `no worker polls ${idle.join(', ')}`;
    return fail(text, 'start a worker, or check TASK_QUEUE; nothing is lost meanwhile');
  });
}

/** `folder`: `AUDIT_LOG`; '': off. */
export function checkAudit(folder: string): Promise<CheckView> {
  const action = 'check AUDIT_LOG, its disk and its permissions: nothing that needs a line in it is done meanwhile';
  return runCheck('audit', action, async () => {
    if (folder === '') return skip('AUDIT_LOG is off in this process');
    try {
      await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
      return pass('the audit log can be read and written');
    } catch (error) {
      return fail(`the audit log cannot be read and written (${(error as NodeJS.ErrnoException).code})`, action);
    }
  });
}

/** `folder`: `WEBHOOK_SPOOL`; null: this process cannot read it. */
export function checkBacklog(folder: string | null): Promise<CheckView> {
  return runCheck('spool', 'check WEBHOOK_SPOOL and its permissions', async () => {
    const backlog = folder === null ? null : await readSpoolBacklog(folder);
    if (backlog === null) return skip("this process cannot see the webhook's spool");
    const { files, bytes, oldestAtMs } = backlog;
    const since = oldestAtMs === null ? '' : `, the oldest since ${new Date(oldestAtMs).toISOString()}`;
    return pass(`the spool has ${files} files, ${bytes} bytes${since}`);
  });
}
