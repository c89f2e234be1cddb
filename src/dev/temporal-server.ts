import path from 'node:path';
import type { Client } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { DAY_MS, SECOND_MS } from '../domain/policy';
import { probeNamespace } from '../temporal/connection';
import type { Member } from './supervisor';

/** Closed applicants are to be seen for a month; the dev server forgets them after a day otherwise. */
const RETENTION_MS = 30 * DAY_MS;
const CALL_TIMEOUT_MS = 10 * SECOND_MS;

/** Temporal's dev server with its Web UI on this machine only, its database a file: what it took, it has after a kill. */
export function temporalServer(options: {
  readonly cli: string;
  readonly port: number;
  readonly uiPort: number;
  /** Where its UI has payloads decoded. */
  readonly codecUrl: string;
  readonly databaseFile: string;
  readonly env: NodeJS.ProcessEnv;
  /** Connected lazily to the address above. */
  readonly client: Client;
}): Member {
  const { cli, port, uiPort, codecUrl, databaseFile, env, client } = options;
  const { namespace } = client.options;
  return {
    name: 'temporal',
    program: cli,
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
      ...['--ui-codec-endpoint', codecUrl],
      // Measured: with the write-ahead log it takes ten times the signals, at full durability.
      ...['--db-filename', path.basename(databaseFile), '--sqlite-pragma', 'journal_mode=wal'],
      ...(namespace === 'default' ? [] : ['--namespace', namespace]),
      ...['--log-level', 'warn', '--log-format', 'json'],
    ],
    env,
    // It reads the file's path as a URI, in which `?`, `#` and `%` of a folder's name would mean something else.
    cwd: path.dirname(path.resolve(databaseFile)),
    serves: () => probeNamespace(client.connection, namespace),
    readyWithinMs: 60 * SECOND_MS,
    graceMs: 10 * SECOND_MS,
    // It reports every poll that a drain of ours cuts off as a failure of its own.
    quiet: true,
    ifLost: 'end',
  };
}

/** Has the namespace keep closed runs for 30 days; a server that already does is left alone. */
export async function keepClosedRuns(client: Client): Promise<void> {
  const { namespace } = client.options;
  await client.withDeadline(Date.now() + CALL_TIMEOUT_MS, async () => {
    const { config } = await client.workflowService.describeNamespace({ namespace });
    if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * SECOND_MS >= RETENTION_MS) return;
    const workflowExecutionRetentionTtl = msToTs(RETENTION_MS);
    await client.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl } });
  });
}
