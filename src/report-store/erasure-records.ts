import type { ErasableEvents, ErasureJournal, ErasureRecords, EventTrace, RunRef } from '../domain/erasure';
import { isHumanId } from '../domain/identifiers';
import { markErased } from './batch-files';
import { UnreadableManifest, WrongFolder } from './errors';
import { openHolds } from './holds';
import type { ReportStore } from './port';
import { openApplicantShelf, type Shelf } from './shelf';

/**
 * What an erasure reads from the store and records in it. The journal of an erasure stays on the shelf until it has ended: one that was
 * interrupted continues from it, even if the manifest with the humanId is gone.
 */
export interface StoredErasureRecords extends ErasureRecords {
  /** Records that the withdrawn people were reported, so that the next attempt does not count them again. */
  markReported(clientUserId: string): Promise<void>;
  /** Removes the journal of an erasure that has ended. */
  finish(clientUserId: string): Promise<void>;
  /** The applicants with an interrupted erasure by age. An operator continues the interrupted erasure of a command. */
  listInterrupted(): Promise<readonly string[]>;
  /** Whether {@link listInterrupted} lists the applicant. */
  isInterrupted(clientUserId: string): Promise<boolean>;
}

/** What began the erasure: an operator's command, or retention by age. Stored. */
export type ErasureOrigin = 'command' | 'age';

interface StoredJournal extends ErasureJournal {
  readonly by: ErasureOrigin;
}

const EMPTY: ErasureJournal = { humanIds: [], runs: [], withdrawn: [], events: null };

/** Lists of people, a JSON object a line. */
const SWEEPS = 'sweeps/';

export function openErasureRecords(
  store: Pick<ReportStore, 'shelf' | 'readManifest' | 'erase'>,
  events: ErasableEvents,
  origin: ErasureOrigin = 'command',
): StoredErasureRecords {
  const { shelf } = store;
  const holds = openHolds(shelf);
  const journals = openApplicantShelf(shelf, 'erasures', parseJournal);
  const { read } = journals;
  const write = (clientUserId: string, journal: StoredJournal) =>
    journals.write(clientUserId, { clientUserId, ...journal });
  const isInterrupted = async (clientUserId: string) => (await read(clientUserId))?.by === 'age';
  return {
    isInterrupted,
    isHeld: async (clientUserId) => (await holds.read(clientUserId)) !== null,
    async begin(clientUserId, found = {}) {
      const manifest = await store.readManifest(clientUserId).catch(nullIfUnreadable);
      const stored = await read(clientUserId);
      const before = stored ?? EMPTY;
      const runs = [...before.runs, ...(found.runs ?? [])];
      const journal: ErasureJournal = {
        humanIds: [...new Set([...before.humanIds, ...(found.humanIds ?? []), manifest?.humanId])].filter(isHumanId),
        runs: [...new Map(runs.map((run) => [run.runId, run])).values()],
        withdrawn: [...new Set([...before.withdrawn, ...(found.withdrawn ?? [])])],
        events: mergeTraces(before.events, await events.trace(clientUserId)),
      };
      await write(clientUserId, { by: stored?.by === 'command' ? 'command' : origin, ...journal });
      return journal;
    },
    async markReported(clientUserId) {
      const stored = await read(clientUserId);
      if (stored) await write(clientUserId, { ...stored, runs: [], withdrawn: [] });
    },
    async eraseFiles(clientUserId) {
      const files = await store.erase(clientUserId);
      await events.remove(clientUserId);
      await markErased(shelf, clientUserId);
      const humanIds = new Set<unknown>((await read(clientUserId))?.humanIds);
      await removeFromSweeps(shelf, (row) => row.clientUserId === clientUserId || humanIds.has(row.humanId));
      return files;
    },
    async finish(clientUserId) {
      await journals.remove(clientUserId);
    },
    async listInterrupted() {
      const ids = await journals.list();
      const interrupted = await Promise.all(ids.map(isInterrupted));
      return ids.filter((_, index) => interrupted[index]);
    },
  };
}

function mergeTraces(before: EventTrace | null, now: EventTrace | null): EventTrace | null {
  if (before === null || now === null) return now ?? before;
  return { ...now, endpoints: [...new Set([...before.endpoints, ...now.endpoints])] };
}

/** Any other error stops the erasure: without the humanId of the manifest, the person would count as unknown and be kept upstream. */
function nullIfUnreadable(error: unknown): null {
  if (error instanceof UnreadableManifest || error instanceof WrongFolder) return null;
  throw error;
}

/** A journal that cannot be parsed counts as an operator's: retention erases nothing because of it. */
function parseJournal(_: string, fields: Partial<Record<keyof StoredJournal, unknown>>): StoredJournal {
  return {
    by: fields.by === 'age' ? 'age' : 'command',
    humanIds: toList(fields.humanIds).filter(isHumanId),
    runs: toList(fields.runs).filter(isRun),
    withdrawn: toList(fields.withdrawn).filter((value) => typeof value === 'string'),
    events: (fields.events as EventTrace | undefined) ?? null,
  };
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRun(value: unknown): value is RunRef {
  const { workflowId, runId } = (value ?? {}) as Record<string, unknown>;
  return typeof workflowId === 'string' && typeof runId === 'string';
}

interface SweepRow {
  readonly clientUserId?: unknown;
  readonly humanId?: unknown;
}

/** The other lines stay byte for byte. In a working file of a sweep a `null` replaces the line, because the sweep counts lines. */
async function removeFromSweeps(shelf: Shelf, isRemoved: (row: SweepRow) => boolean): Promise<void> {
  for (const name of await shelf.list(SWEEPS)) {
    const replacement = name.slice(SWEEPS.length).includes('/') ? ['null'] : [];
    const lines = (await shelf.get(name))?.toString('utf8').split('\n') ?? [];
    const isErased = lines.map((line) => isRemoved(parseRow(line)));
    if (!isErased.includes(true)) continue;
    const kept = lines.flatMap((line, index) => (isErased[index] ? replacement : [line]));
    await shelf.put(name, Buffer.from(kept.join('\n')));
  }
}

function parseRow(line: string): SweepRow {
  try {
    return (JSON.parse(line) as SweepRow | null) ?? {};
  } catch {
    return {};
  }
}
