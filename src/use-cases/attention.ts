import { hasWorker } from '../temporal/task-queues';
import { listEndpointItems } from './attention-endpoints';
import { compareSince, listNeeds } from './attention-needs';
import { listMailboxQuarantine, listSpoolItems } from './attention-notices';
import { listFindings } from './attention-sweep';
import { Unavailable } from './errors';
import { currentMs } from './run-sources';
import { readStore, readTemporal } from './unavailable';
import type { UseCaseDeps } from './use-cases';
import type { AttentionItem, AttentionView, Degradation } from './views';

/** The next call lists the items beyond these once some are repaired. */
const MAX_ITEMS = 500;
/** The most urgent first. */
const URGENCY: readonly string[] = [
  'spool',
  'endpoint',
  'stuck-run',
  'stuck-call',
  'terminated',
  'conflict',
  'undeliverable',
  'near-deadline',
  'attention',
  'quiet',
  'unread',
  'unattended',
  'quarantine',
  'gone',
];

/** What needs a person; at most 500 items, the most urgent first, then the oldest. @throws {Unavailable} if a part is unknown and the rest is empty */
export async function readAttention(deps: UseCaseDeps): Promise<AttentionView> {
  const { reportStore, spoolFolder = null } = deps;
  const nowMs = currentMs(deps);
  const degraded = new Set<Degradation>();
  let firstOutage: Unavailable | null = null;
  const emptyIfUnavailable = (degradation: Degradation, read: Promise<readonly AttentionItem[]>) =>
    read.catch((error: unknown) => {
      if (!(error instanceof Unavailable)) throw error;
      firstOutage ??= error;
      degraded.add(degradation);
      return [];
    });
  const [hasPollers, needs, findings, ...notices] = await Promise.all([
    hasWorker(deps).catch(() => true),
    emptyIfUnavailable(
      'temporal-unavailable',
      readTemporal(() => listNeeds(deps, nowMs, MAX_ITEMS)),
    ),
    emptyIfUnavailable(
      'store-unavailable',
      readStore(async () => {
        const { items, isUncertain } = await listFindings(reportStore, MAX_ITEMS);
        if (isUncertain) degraded.add('store-unavailable');
        return items;
      }),
    ),
    emptyIfUnavailable(
      'store-unavailable',
      readStore(() => listMailboxQuarantine(reportStore)),
    ),
    emptyIfUnavailable(
      'store-unavailable',
      readStore(() => listEndpointItems(deps)),
    ),
    spoolFolder === null ? [] : listSpoolItems(spoolFolder, nowMs),
  ]);
  const stuckIds = new Set(needs.flatMap(({ need, clientUserId }) => (need === 'stuck-run' ? [clientUserId] : [])));
  // Temporal shows a run that was ended by force before the sweep finds it.
  const newFindings = findings.filter(({ need, clientUserId }) => need !== 'terminated' || !stuckIds.has(clientUserId));
  const items = [needs, newFindings, ...notices]
    .flat()
    .map((item, index) => ({ item, index, urgency: URGENCY.indexOf(item.need) }));
  // An outage must not look like "nothing to do".
  if (firstOutage !== null && items.length === 0) throw firstOutage;
  items.sort((a, b) => a.urgency - b.urgency || compareSince(a.item.since, b.item.since) || a.index - b.index);
  if (!hasPollers) degraded.add('no-worker');
  return {
    items: items.slice(0, MAX_ITEMS).map(({ item }) => item),
    asOf: new Date(nowMs).toISOString(),
    degraded: [...degraded].sort(),
  };
}
