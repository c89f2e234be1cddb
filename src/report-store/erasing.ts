import { isClientUserId, isHumanId } from '../domain/identifiers';
import { openHolds } from './holds';
import type { ReportStore } from './port';
import type { Shelf } from './shelf';

/**
 * What an erasure needs of the store. That one has begun, and which humanIds are known, is noted on the shelf until it has ended: one that was
 * broken off goes on with what it knew, though the manifest that told it may be gone.
 */
export interface Erasing {
  isHeld(clientUserId: string): Promise<boolean>;
  /** Notes it, and gives every humanId that this or an earlier attempt has known. */
  begin(clientUserId: string, humanIds: readonly string[]): Promise<readonly string[]>;
  /** Removes the folder, and the person's lines from the lists of sweeps; how many files there were in the folder. */
  eraseFiles(clientUserId: string): Promise<number>;
  /** It has ended: the note goes. */
  end(clientUserId: string): Promise<void>;
  /** Whose erasing by age has begun and not ended; what a command began is the operator's to go on with. */
  brokenOff(): Promise<readonly string[]>;
  isBrokenOff(clientUserId: string): Promise<boolean>;
}

/** Who erases: an operator, or the retention. */
export type ErasedBy = 'command' | 'age';

interface Note {
  readonly by: ErasedBy;
  readonly humanIds: readonly unknown[];
}

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
  const isBrokenOff = async (clientUserId: string) => (await noteOf(clientUserId))?.by === 'age';
  return {
    isBrokenOff,
    isHeld: async (clientUserId) => (await holds.read(clientUserId)) !== null,
    async begin(clientUserId, humanIds) {
      // A manifest that cannot be read, or is another's, must not keep anybody from being erased.
      const manifest = await store.readManifest(clientUserId).catch(() => null);
      const noted = await noteOf(clientUserId);
      const known = [...new Set([...(noted?.humanIds ?? []), ...humanIds, manifest?.humanId])].filter(isHumanId);
      const by = noted?.by === 'command' ? 'command' : erasedBy;
      await shelf.put(nameOf(clientUserId), Buffer.from(`${JSON.stringify({ clientUserId, by, humanIds: known })}\n`));
      return known;
    },
    async eraseFiles(clientUserId) {
      const files = await store.erase(clientUserId);
      const humanIds = new Set((await noteOf(clientUserId))?.humanIds);
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

/** One that cannot be read is an operator's: nothing is erased by age because of it. */
function noteIn(bytes: Buffer | null): Note | null {
  if (bytes === null) return null;
  try {
    const { by, humanIds } = JSON.parse(bytes.toString()) as { by?: unknown; humanIds?: unknown };
    return { by: by === 'age' ? 'age' : 'command', humanIds: Array.isArray(humanIds) ? humanIds : [] };
  } catch {
    return { by: 'command', humanIds: [] };
  }
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
