import { readQueueLoads } from '../temporal/task-queues';
import { checkSearchAttributes, checkStore, checkStuckRuns, checkTemporal, checkVersions, skip } from './checks';
import { currentMs } from './run-sources';
import { checkAudit, checkBacklog, checkQueues } from './system-checks';
import type { UseCaseDeps } from './use-cases';
import { readVersion } from './version';
import type { SystemView } from './views';

/** An outage shows in the checks, so this never fails. `workers` is empty while Temporal does not answer. */
export async function readSystem(deps: UseCaseDeps): Promise<SystemView> {
  const { client, reportStore, auditFolder, spoolFolder = null } = deps;
  const version = readVersion();
  const loads = readQueueLoads(deps).catch(() => null);
  const checks = await Promise.all([
    checkTemporal(async () => client),
    checkSearchAttributes(client),
    loads.then(checkQueues),
    checkStuckRuns(deps),
    { check: 'upstream', ...skip('this process has no credentials of Human API; the workers use them') },
    checkStore(reportStore),
    checkAudit(auditFolder),
    checkBacklog(spoolFolder),
    checkVersions(client, { Chartway: version, Node: process.versions.node }),
  ]);
  const asOf = new Date(currentMs(deps)).toISOString();
  return { version, checks, workers: (await loads) ?? [], asOf };
}
