import { hasWorker } from '../temporal/task-queues';
import { compareSince, listNeeds } from './attention-needs';
import { listMailboxQuarantine, listSpoolItems } from './attention-notices';
import { listFindings } from './attention-sweep';
import { Unavailable } from './errors';
import { readStore, readTemporal } from './unavailable';
import type { UseCaseDeps } from './use-cases';
import type { AttentionItem, AttentionView, Degradation } from './views';

/** The most urgent ones. A person who has repaired some reads again. */
const MAX_ITEMS = 500;
/** The most urgent first. */
const URGENCY: readonly string[] = [
  ...['spool', 'stuck-run', 'stuck-call', 'terminated', 'conflict', 'undeliverable', 'near-deadline'],
  ...['attention', 'quiet', 'unread', 'unattended', 'quarantine', 'gone'],
];

const DEGRADATIONS: Readonly<Record<Unavailable['what'], Degradation>> = {
  temporal: 'temporal-unavailable',
  worker: 'no-worker',
  store: 'store-unavailable',
};

/** What needs a person; at most 500 items, the most urgent first, then the oldest. @throws {Unavailable} if a part is unknown and the rest is empty */
export async function readAttention(deps: UseCaseDeps): Promise<AttentionView> {
  const { reportStore, spoolFolder = null } = deps;
  const nowMs = (deps.nowMs ?? Date.now)();
  const missing: Unavailable[] = [];
  const orMissing = (read: Promise<readonly AttentionItem[]>) =>
    read.catch((error: unknown) => {
      if (!(error instanceof Unavailable)) throw error;
      missing.push(error);
      return [];
    });
  const [isWorked, ...lists] = await Promise.all([
    hasWorker(deps).catch(() => true),
    orMissing(readTemporal(() => listNeeds(deps, nowMs, MAX_ITEMS))),
    orMissing(readStore(() => listFindings(reportStore, MAX_ITEMS))),
    orMissing(readStore(() => listMailboxQuarantine(reportStore))),
    spoolFolder === null ? [] : listSpoolItems(spoolFolder, nowMs),
  ]);
  const items = lists.flat().map((item, index) => ({ item, index, urgency: URGENCY.indexOf(item.need) }));
  const [first] = missing;
  // An outage must not look like "nothing to do".
  if (first && items.length === 0) throw first;
  items.sort((a, b) => a.urgency - b.urgency || compareSince(a.item.since, b.item.since) || a.index - b.index);
  const degraded = new Set(missing.map(({ what }) => DEGRADATIONS[what]));
  if (!isWorked) degraded.add('no-worker');
  return {
    items: items.slice(0, MAX_ITEMS).map(({ item }) => item),
    asOf: new Date(nowMs).toISOString(),
    degraded: [...degraded].sort(),
  };
}
