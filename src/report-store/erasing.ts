import { isClientUserId, isHumanId } from '../domain/identifiers';
import { UnreadableManifest, WrongFolder } from './errors';
import { openHolds } from './holds';
import type { ReportStore } from './port';
import type { Shelf } from './shelf';

/**
 * What an erasure needs of the store. That one has begun, and which humanIds are known, is noted on the shelf until it has ended: one that was
 * broken off goes on with what it knew, though the manifest that told it may be gone.
 */
export interface Erasing {
  isHeld(clientUserId: string): Promise<boolean>;
  /** Notes that it has begun, or what it has learnt, and gives all that this and earlier attempts know. */
  begin(clientUserId: string, learnt?: Partial<Known>): Promise<Known>;
  /** Removes the folder, and the person's lines from the lists of sweeps; how many files there were in the folder. */
  eraseFiles(clientUserId: string): Promise<number>;
  /** How many people were withdrawn has been told: whoever goes on does not count them again. */
  told(clientUserId: string): Promise<void>;
  /** It has ended: the note goes. */
  end(clientUserId: string): Promise<void>;
  /** Whose erasing by age has begun and not ended; what a command began is the operator's to go on with. */
  brokenOff(): Promise<readonly string[]>;
  isBrokenOff(clientUserId: string): Promise<boolean>;
}

/** What an erasure knows. */
export interface Known {
  readonly humanIds: readonly string[];
  /** The runs that withdraw the person for this erasure. */
  readonly runs: readonly { readonly workflowId: string; readonly runId: string }[];
  /** The humanIds of whom they have withdrawn. */
  readonly withdrawn: readonly string[];
}

/** Who erases: an operator, or the retention. */
export type ErasedBy = 'command' | 'age';

interface Note extends Known {
  readonly by: ErasedBy;
}

const NOTHING: Known = { humanIds: [], runs: [], withdrawn: [] };

const FOLDER = 'erasures/';
/** Lists of people, a JSON object a line. */
const SWEEPS = 'sweeps/';

export function openErasing(
  store: Pick<ReportStore, 'shelf' | 'readManifest' | 'erase'>,
  erasedBy: ErasedBy = 'command',
): Erasing {
  const { shelf } = store;
  const holds = openHolds(shelf);
  const nameOf = (clientUserId: string) => `${FOLDER}${clientUserId}.json`;
  const noteOf = async (clientUserId: string) => noteIn(await shelf.get(nameOf(clientUserId)));
  const note = (clientUserId: string, known: Note) =>
    shelf.put(nameOf(clientUserId), Buffer.from(`${JSON.stringify({ clientUserId, ...known })}\n`));
  const isBrokenOff = async (clientUserId: string) => (await noteOf(clientUserId))?.by === 'age';
  return {
    isBrokenOff,
    isHeld: async (clientUserId) => (await holds.read(clientUserId)) !== null,
    async begin(clientUserId, learnt = {}) {
      const manifest = await store.readManifest(clientUserId).catch(nullIfUnreadable);
      const noted = await noteOf(clientUserId);
      const before = noted ?? NOTHING;
      const runs = [...before.runs, ...(learnt.runs ?? [])];
      const known: Known = {
        humanIds: [...new Set([...before.humanIds, ...(learnt.humanIds ?? []), manifest?.humanId])].filter(isHumanId),
        runs: [...new Map(runs.map((run) => [run.runId, run])).values()],
        withdrawn: [...new Set([...before.withdrawn, ...(learnt.withdrawn ?? [])])],
      };
      await note(clientUserId, { by: noted?.by === 'command' ? 'command' : erasedBy, ...known });
      return known;
    },
    async told(clientUserId) {
      const noted = await noteOf(clientUserId);
      if (noted) await note(clientUserId, { ...noted, runs: [], withdrawn: [] });
    },
    async eraseFiles(clientUserId) {
      const files = await store.erase(clientUserId);
      const humanIds = new Set<unknown>((await noteOf(clientUserId))?.humanIds);
      await strikeFromSweeps(shelf, (row) => row.clientUserId === clientUserId || humanIds.has(row.humanId));
      return files;
    },
    async end(clientUserId) {
      await shelf.remove(nameOf(clientUserId));
    },
    async brokenOff() {
      const names = await shelf.list(FOLDER);
      const noted = names.map((name) => name.slice(FOLDER.length, -'.json'.length)).filter(isClientUserId);
      const begun = await Promise.all(noted.map(isBrokenOff));
      return noted.filter((_, index) => begun[index]);
    },
  };
}

/** Such a manifest does not stop an erasure. Any other error does: without the humanId the person would count as a stranger, and be left. */
function nullIfUnreadable(error: unknown): null {
  if (error instanceof UnreadableManifest || error instanceof WrongFolder) return null;
  throw error;
}

/** One that cannot be read is an operator's: nothing is erased by age because of it. */
function noteIn(bytes: Buffer | null): Note | null {
  if (bytes === null) return null;
  try {
    const { by, humanIds, runs, withdrawn } = JSON.parse(bytes.toString()) as Partial<Record<keyof Note, unknown>>;
    return {
      by: by === 'age' ? 'age' : 'command',
      humanIds: listIn(humanIds).filter(isHumanId),
      runs: listIn(runs).filter(isRun),
      withdrawn: listIn(withdrawn).filter((value) => typeof value === 'string'),
    };
  } catch {
    return { by: 'command', ...NOTHING };
  }
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRun(value: unknown): value is Known['runs'][number] {
  const { workflowId, runId } = (value ?? {}) as Record<string, unknown>;
  return typeof workflowId === 'string' && typeof runId === 'string';
}

interface Row {
  readonly clientUserId?: unknown;
  readonly humanId?: unknown;
}

/** The other lines stay byte for byte. */
async function strikeFromSweeps(shelf: Shelf, isTheirs: (row: Row) => boolean): Promise<void> {
  for (const name of await shelf.list(SWEEPS)) {
    const lines = (await shelf.get(name))?.toString('utf8').split('\n') ?? [];
    const kept = lines.filter((line) => !isTheirs(rowIn(line)));
    if (kept.length < lines.length) await shelf.put(name, Buffer.from(kept.join('\n')));
  }
}

function rowIn(line: string): Row {
  try {
    return (JSON.parse(line) as Row | null) ?? {};
  } catch {
    return {};
  }
}
