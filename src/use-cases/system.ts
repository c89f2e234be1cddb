import { readQueueLoads } from '../temporal/task-queues';
import {
  checkAudit,
  checkSearchAttributes,
  checkSpool,
  checkStore,
  checkTemporal,
  checkUpstream,
  checkWorkers,
} from './checks';
import type { UseCaseDeps } from './use-cases';
import { readVersion } from './version';
import type { SystemView } from './views';

/** An outage shows in the checks, so this never fails. `workers` is empty while Temporal does not answer. */
export async function readSystem(deps: UseCaseDeps): Promise<SystemView> {
  const { client, reportStore, auditFolder, spoolFolder = null } = deps;
  const loads = readQueueLoads(deps).catch(() => null);
  const checks = await Promise.all([
    checkTemporal(client),
    checkSearchAttributes(client),
    loads.then(checkWorkers),
    checkUpstream(null),
    checkStore(reportStore),
    checkAudit(auditFolder),
    checkSpool(spoolFolder),
  ]);
  return {
    version: readVersion(),
    checks,
    workers: (await loads) ?? [],
    asOf: new Date((deps.nowMs ?? Date.now)()).toISOString(),
  };
}
