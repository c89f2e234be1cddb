import type { StoredDocument } from '../domain/reports';
import { EMPTY_TIMELINE, type TimelineEntry } from '../domain/timeline';
import { mergeTimeline } from '../report-store/manifest-timeline';
import type { Manifest } from '../report-store/port';
import { readApplicantRun } from '../temporal/runs';
import type { StateAnswer } from '../workflows/contract';
import { documentIdOf } from './document-id';
import { NotFound, Unavailable } from './errors';
import { readOpenState } from './open-state';
import { describeEntry } from './timeline-text';
import { readStore, readTemporal } from './unavailable';
import type { UseCaseDeps } from './use-cases';
import type { TimelineItem, TimelineView } from './views';

/** The state of an open applicant is newer than its manifest; the manifest also has the earlier rounds. */
export async function readTimeline(deps: UseCaseDeps, clientUserId: string): Promise<TimelineView> {
  const { client, reportStore } = deps;
  const [run, stored] = await Promise.allSettled([
    readTemporal(() => readApplicantRun(client, clientUserId)),
    readStore(() => reportStore.readManifest(clientUserId)),
  ]);
  const isOpen = run.status === 'fulfilled' && run.value?.standing === 'open';
  const state = isOpen ? await readOpenState(deps, clientUserId) : null;
  if (stored.status === 'rejected' && state === null) throw stored.reason;
  const manifest = stored.status === 'fulfilled' ? stored.value : null;
  if (manifest !== null || state !== null) return toView(manifest, state);
  if (run.status === 'rejected') throw run.reason;
  if (isOpen) throw new Unavailable('worker', 'nothing');
  if (run.value === null) throw new NotFound('neither Temporal nor the report store has such an applicant');
  // Its run was terminated before the first write of a manifest.
  return { items: [], omitted: 0 };
}

function toView(manifest: Manifest | null, state: StateAnswer | null): TimelineView {
  // The state of a run of 0.2.0 has no timeline.
  const current = state?.timeline ?? EMPTY_TIMELINE;
  const { entries, omitted } = manifest ? mergeTimeline(manifest.timeline, current.entries) : current;
  const documents = new Map<string, StoredDocument>();
  for (const document of [...(state?.collection.documents ?? []), ...(manifest?.documents ?? [])])
    documents.set(document.file, document);
  const all = [...entries, ...[...documents.values()].map(toEntry)].map((entry, index) => ({ entry, index }));
  all.sort((a, b) => b.entry.atMs - a.entry.atMs || b.index - a.index);
  return { items: all.map(({ entry }) => toItem(entry)), omitted };
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
