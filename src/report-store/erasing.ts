import { isHumanId } from '../domain/identifiers';
import { openHolds } from './holds';
import type { ReportStore } from './port';

/**
 * What an erasure needs of the store. That one has begun, and which humanIds are known, is noted on the shelf until it has ended: one that was
 * broken off goes on with what it knew, though the manifest that told it may be gone.
 */
export interface Erasing {
  isHeld(clientUserId: string): Promise<boolean>;
  /** Notes it, and gives every humanId that this or an earlier attempt has known. */
  begin(clientUserId: string, humanIds: readonly string[]): Promise<readonly string[]>;
  /** Removes the folder; how many files there were. */
  eraseFiles(clientUserId: string): Promise<number>;
  /** It has ended: the note goes. */
  end(clientUserId: string): Promise<void>;
}

export function openErasing(store: Pick<ReportStore, 'shelf' | 'readManifest' | 'erase'>): Erasing {
  const { shelf } = store;
  const holds = openHolds(shelf);
  const nameOf = (clientUserId: string) => `erasures/${clientUserId}.json`;
  return {
    isHeld: async (clientUserId) => (await holds.read(clientUserId)) !== null,
    async begin(clientUserId, humanIds) {
      // A manifest that cannot be read, or is another's, must not keep anybody from being erased.
      const manifest = await store.readManifest(clientUserId).catch(() => null);
      const noted = humanIdsIn(await shelf.get(nameOf(clientUserId)));
      const known = [...new Set([...noted, ...humanIds, manifest?.humanId])].filter(isHumanId);
      await shelf.put(nameOf(clientUserId), Buffer.from(`${JSON.stringify({ clientUserId, humanIds: known })}\n`));
      return known;
    },
    eraseFiles: (clientUserId) => store.erase(clientUserId),
    async end(clientUserId) {
      await shelf.remove(nameOf(clientUserId));
    },
  };
}

function humanIdsIn(bytes: Buffer | null): readonly unknown[] {
  try {
    const { humanIds } = JSON.parse(bytes?.toString() ?? '{}') as { humanIds?: unknown };
    return Array.isArray(humanIds) ? humanIds : [];
  } catch {
    return [];
  }
}
