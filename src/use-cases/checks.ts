import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Client } from '@temporalio/client';
import { nullIfAbsent } from '../disk/folders';
import { describeError } from '../observability/describe-error';
import type { ReportStore } from '../report-store/port';
import { describeOldServer, probeNamespace } from '../temporal/connection';
import { callWithDeadline, GRPC, hasStatus, type TemporalDeps } from '../temporal/rpc';
import { applicantsQuery, HAS_REPORTED_PROBLEMS } from '../temporal/runs';
import { findMissingSearchAttributes } from '../temporal/search-attributes';
import { hasWorker, POLLED_WITHIN_MS } from '../temporal/task-queues';
import { countRuns } from '../temporal/visibility';
import type { CheckView } from './views';

/** The result of a check without its name. `action`: what to do; null if it is ok, or if nothing can be done here. */
export type CheckResult = Omit<CheckView, 'check'>;

export const pass = (text: string): CheckResult => ({ ok: true, text, action: null });
export const fail = (text: string, action: string): CheckResult => ({ ok: false, text, action });
/** The check was not made, or its answer is unknown. */
export const skip = (text: string, action: string | null = null): CheckResult => ({ ok: null, text, action });

/** Runs a check. If it throws, the check fails with `action`, and the text has no message of a library. */
export async function runCheck(check: string, action: string, run: () => Promise<CheckResult>): Promise<CheckView> {
  try {
    return { check, ...(await run()) };
  } catch (error) {
    return { check, ...fail(describeCause(error), action) };
  }
}

/** Our own messages, which hold no data, or the code or name of another error. */
function describeCause(error: unknown): string {
  const { name, message, cause } = describeError(error);
  const { code = cause?.code } = (error ?? {}) as NodeJS.ErrnoException;
  return message ?? `it fails (${code ?? name})`;
}

export function checkTemporal(connect: () => Promise<Client>): Promise<CheckView> {
  return runCheck('temporal', 'check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the key or certificate', async () => {
    const { connection, options } = await connect();
    await probeNamespace(connection, options.namespace);
    return pass(`Temporal answers for the namespace "${options.namespace}"`);
  });
}

export function checkSearchAttributes({ connection, options: { namespace } }: Client): Promise<CheckView> {
  return runCheck('search-attributes', 'register them with the account of an administrator', async () => {
    const missing = await findMissingSearchAttributes(connection, namespace);
    if (missing.length === 0) return pass('all search attributes are registered');
    return fail(
      `the namespace "${namespace}" lacks ${missing.join(', ')}`,
      'start a worker, which registers them, or read docs/production.md',
    );
  });
}

/** How recent a poll is. A killed worker counts until then. */
export const LATELY = `within the last ${POLLED_WITHIN_MS / 1_000} s`;

export function checkWorker(deps: TemporalDeps): Promise<CheckView> {
  return runCheck('worker', 'check Temporal', async () => {
    if (await hasWorker(deps)) return pass(`a worker polled the task queue "${deps.taskQueue}" ${LATELY}`);
    return fail(
      `no worker polls the task queue "${deps.taskQueue}"`,
      'start a worker, or check TASK_QUEUE; nothing is lost meanwhile',
    );
  });
}

/** A worker with a wrong key or an old version polls, and fails each workflow task: that shows only here. */
export function checkStuckRuns({ client, taskQueue }: TemporalDeps): Promise<CheckView> {
  return runCheck('stuck-runs', 'check Temporal', async () => {
    try {
      const count = await countRuns(client, `${applicantsQuery(taskQueue)} AND ${HAS_REPORTED_PROBLEMS}`);
      if (count === 0) return pass('no workflow task of an open applicant fails in every attempt');
      return fail(
        `open applicants whose workflow task fails in every attempt: ${count}`,
        'compare PAYLOAD_KEYS and the versions of all workers, and read their logs: each has the cause',
      );
    } catch (error) {
      if (!hasStatus(error, GRPC.INVALID_ARGUMENT)) throw error;
      return skip('this Temporal server does not report runs whose workflow task fails', 'upgrade the Temporal server');
    }
  });
}

export function checkStore(store: Pick<ReportStore, 'identity' | 'check'>): Promise<CheckView> {
  return runCheck('store', 'check REPORT_STORE, its mount, free space and permissions', async () => {
    const { id } = await store.identity();
    await store.check();
    return pass(`the report store ${id} can be read and written`);
  });
}

/** `folder`: `WEBHOOK_SPOOL`; null: off. */
export function checkSpool(folder: string | null): Promise<CheckView> {
  return runCheck('spool', 'check WEBHOOK_SPOOL and its permissions', async () => {
    if (folder === null) return pass('WEBHOOK_SPOOL is off: without Temporal, notifications are not acknowledged');
    await checkWritable(folder);
    return pass('WEBHOOK_SPOOL can be written');
  });
}

/** @throws the system's error if neither the folder nor, if it is missing, the folder that it would be created in can be written */
export async function checkWritable(folder: string): Promise<void> {
  for (let path = resolve(folder); ; path = dirname(path)) {
    const isThere = await nullIfAbsent(access(path, constants.F_OK).then(() => true));
    if (isThere !== null || path === dirname(path)) return access(path, constants.W_OK | constants.X_OK);
  }
}

/** `versions`: names of programs with their versions. */
export function checkVersions({ connection }: Client, versions: Readonly<Record<string, string>>): Promise<CheckView> {
  return runCheck('versions', 'check Temporal', async () => {
    const { serverVersion } = await callWithDeadline(connection, () => connection.workflowService.getSystemInfo({}));
    const all = Object.entries({ ...versions, 'Temporal server': serverVersion || 'unknown' });
    const text = all.map(([name, version]) => `${name} ${version}`).join(', ');
    const old = describeOldServer(serverVersion);
    return old === null ? pass(text) : fail(`${text}: ${old}`, 'upgrade the Temporal server');
  });
}
