import type { StoredDocument } from '../domain/reports';
import { EMPTY_TIMELINE, occurrences, type TimelineEntry } from '../domain/timeline';
import { documentIdOf } from '../report-store/document-id';
import { mergeTimeline } from '../report-store/manifest-timeline';
import type { Manifest } from '../report-store/port';
import { readApplicantRun } from '../temporal/runs';
import type { StateAnswer } from '../workflows/contract';
import { NotFound, Unavailable } from './errors';
import { readOpenState } from './open-state';
import { tryReadStore, tryReadTemporal } from './read-attempt';
import { describeEntry } from './timeline-text';
import type { UseCaseDeps } from './use-cases';
import type { Degradation, TimelineItem, TimelineView } from './views';

/** A person waits for the answer. */
const READ_TIMEOUT_MS = 3_000;
const MAX_ITEMS = 200;

/**
 * The state of an open applicant is newer than its manifest; the manifest also has the earlier rounds. `degraded`: what could not be read.
 * @throws {NotFound}; {Unavailable} if nothing could be read; {KeyMissing} for the state of an open applicant
 */
export async function readTimeline(deps: UseCaseDeps, clientUserId: string): Promise<TimelineView> {
  const { client, reportStore } = deps;
  const [run, stored] = await Promise.all([
    tryReadTemporal(readApplicantRun(client, clientUserId, Date.now() + READ_TIMEOUT_MS)),
    tryReadStore(reportStore.readManifest(clientUserId)),
  ]);
  const isOpen = run.value?.standing === 'open';
  const state = isOpen ? await readOpenState(deps, clientUserId) : null;
  const degraded: Degradation[] = [];
  if (run.isMissing) degraded.push('temporal-unavailable');
  if (isOpen && state === null) degraded.push('no-worker');
  if (stored.isMissing) degraded.push('store-unavailable');
  const manifest = stored.value;
  if (manifest !== null || state !== null) return { ...toItems(manifest, state), degraded };
  if (run.isMissing) throw new Unavailable('temporal', 'nothing');
  if (stored.isMissing) throw new Unavailable('store', 'nothing');
  if (isOpen) throw new Unavailable('worker', 'nothing');
  if (run.value === null) throw new NotFound();
  // Its run was terminated before the first write of a manifest.
  return { items: [], omitted: 0, degraded };
}

/** The newest items and the first one. */
function toItems(manifest: Manifest | null, state: StateAnswer | null): Pick<TimelineView, 'items' | 'omitted'> {
  // The state of a run of 0.2.0 has no timeline.
  const current = state?.timeline ?? EMPTY_TIMELINE;
  const { entries, omitted } = manifest ? mergeTimeline(manifest.timeline, current.entries) : current;
  const documents = new Map<string, StoredDocument>();
  for (const document of [...(state?.collection.documents ?? []), ...(manifest?.documents ?? [])])
    documents.set(document.file, document);
  const all = [...entries, ...[...documents.values()].map(toEntry)].map((entry, index) => ({ entry, index }));
  all.sort((a, b) => b.entry.atMs - a.entry.atMs || b.index - a.index);
  const dropped = all.splice(MAX_ITEMS - 1, Math.max(0, all.length - MAX_ITEMS));
  return {
    items: all.map(({ entry }) => toItem(entry)),
    omitted: dropped.reduce((sum, { entry }) => sum + occurrences(entry), omitted),
  };
}

/** `updatedAt` and the provider are left out: the provider's name may show what the person is treated for. */
function toEntry({ file, storedAt, type, format, bytes }: StoredDocument): TimelineEntry {
  const data = { documentId: documentIdOf(file), type, format, bytes };
  return { atMs: Date.parse(storedAt), kind: 'document-stored', source: 'worker', data };
}

function toItem(entry: TimelineEntry): TimelineItem {
  const { atMs, kind, source, data, count = 1, lastAtMs = atMs } = entry;
  const repeats = count === 1 ? null : { times: count, lastAt: new Date(lastAtMs).toISOString() };
  return {
    at: new Date(atMs).toISOString(),
    kind,
    source,
    text: describeEntry(entry),
    data: data || repeats ? { ...withInstants(data), ...repeats } : null,
  };
}

/** `atMs` becomes `at` in ISO 8601, as in all answers. */
function withInstants(data: TimelineEntry['data'] = {}): NonNullable<TimelineItem['data']> {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) =>
      name.endsWith('Ms') && typeof value === 'number'
        ? [name.slice(0, -'Ms'.length), new Date(value).toISOString()]
        : [name, value],
    ),
  );
}
