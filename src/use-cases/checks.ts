import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { Client } from '@temporalio/client';
import { StoreError } from '../report-store/errors';
import type { ReportStore } from '../report-store/port';
import { readSpoolBacklog } from '../spool/backlog';
import { describeOldServer, probeNamespace } from '../temporal/connection';
import { rejectionOf } from '../temporal/rejection';
import { callWithDeadline } from '../temporal/rpc';
import { requireSearchAttributes, SearchAttributesUnusable } from '../temporal/search-attributes';
import type { QueueLoad } from '../temporal/task-queues';
import type { CheckView } from './views';

// Each check resolves, whatever it finds. The texts hold no secret and nothing that a server sent.

/** Whether the server answers for the namespace, and is new enough. */
export async function checkTemporal(client: Client): Promise<CheckView> {
  const { namespace } = client.options;
  try {
    await probeNamespace(client.connection, namespace);
    const info = await callWithDeadline(client, () => client.workflowService.getSystemInfo({}));
    const old = describeOldServer(info.serverVersion);
    if (old !== null) return faulty('temporal', `${old}.`, 'Upgrade the Temporal server.');
    return fine('temporal', `Temporal ${info.serverVersion} answers for the namespace "${namespace}".`);
  } catch (error) {
    const status = rejectionOf(error);
    if (status !== null)
      return faulty(
        'temporal',
        `Temporal rejects this process (${status}).`,
        'Check TEMPORAL_API_KEY and TEMPORAL_TLS_*.',
      );
    return faulty(
      'temporal',
      'Temporal does not answer.',
      'Start Temporal, or check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.',
    );
  }
}

export async function checkSearchAttributes(client: Client): Promise<CheckView> {
  const check = 'search-attributes';
  try {
    await requireSearchAttributes(client.connection, client.options.namespace);
    return fine(check, 'The namespace has all search attributes.');
  } catch (error) {
    if (error instanceof SearchAttributesUnusable)
      return faulty(check, 'The namespace lacks search attributes, or has them with another type.', error.message);
    return unknown(check, 'Temporal does not answer.');
  }
}

/** `loads`: null if Temporal does not answer. */
export function checkWorkers(loads: readonly QueueLoad[] | null): CheckView {
  if (loads === null) return unknown('workers', 'Temporal does not answer.');
  const idle = loads.filter(({ pollers }) => pollers === 0).map(({ queue }) => queue);
  if (idle.length === 0) return fine('workers', 'Workers poll every task queue.');
  const text = `No worker polls ${idle.join(', ')}, so work waits there. None of it is lost.`;
  return faulty('workers', text, 'Start a worker (npm run worker), or check TASK_QUEUE.');
}

/** Whether the report store has its identity and can be written. */
export async function checkStore(reportStore: Pick<ReportStore, 'identity' | 'check'>): Promise<CheckView> {
  try {
    const { id } = await reportStore.identity();
    await reportStore.check();
    return fine('store', `The report store ${id} can be read and written.`);
  } catch (error) {
    const { message } = error instanceof StoreError ? error : new Error('the report store failed');
    return faulty('store', `${message}.`, 'Check REPORT_STORE, its disk and its permissions.');
  }
}

/** `folder`: `AUDIT_LOG`; '': off. */
export async function checkAudit(folder: string): Promise<CheckView> {
  if (folder === '') return unknown('audit', 'AUDIT_LOG is off in this process.');
  try {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return fine('audit', 'The audit log can be read and written.');
  } catch (error) {
    const text = `The audit log cannot be read and written (${codeOf(error)}). Nothing that needs a line in it is done.`;
    return faulty('audit', text, 'Check AUDIT_LOG, its disk and its permissions.');
  }
}

/** `folder`: `WEBHOOK_SPOOL`; null: this process cannot read it. */
export async function checkSpool(folder: string | null): Promise<CheckView> {
  if (folder === null) return unknown('spool', "This process has no access to the webhook's spool.");
  try {
    const backlog = await readSpoolBacklog(folder);
    if (backlog === null)
      return unknown('spool', 'There is no spool here: the webhook runs on another machine, or never ran.');
    const { files, bytes, oldestAtMs } = backlog;
    const since = oldestAtMs === null ? '' : `, the oldest since ${new Date(oldestAtMs).toISOString()}`;
    return fine('spool', `The spool has ${files} files, ${bytes} bytes${since}.`);
  } catch (error) {
    const text = `The spool cannot be read (${codeOf(error)}).`;
    return faulty('spool', text, 'Check WEBHOOK_SPOOL, its disk and its permissions.');
  }
}

/** `probe`: a call that proves the credentials; null: this process has none. */
export async function checkUpstream(probe: (() => Promise<void>) | null): Promise<CheckView> {
  if (probe === null)
    return unknown('upstream', 'This process has no credentials of Human API. The workers check them.');
  try {
    await probe();
    return fine('upstream', 'Human API answers and accepts the credentials.');
  } catch {
    const text = 'Human API does not answer, or rejects the credentials.';
    return faulty('upstream', text, 'Check HUMAN_API_* and the network.');
  }
}

function fine(check: string, text: string): CheckView {
  return { check, ok: true, text, action: null };
}

function faulty(check: string, text: string, action: string): CheckView {
  return { check, ok: false, text, action };
}

function unknown(check: string, text: string): CheckView {
  return { check, ok: null, text, action: null };
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'an unknown failure';
}
