import type { Shelf } from './shelf';

/** Why nothing of an applicant may be erased: a code of the carrier's (a case, a request), who said so and when. */
export interface Hold {
  readonly clientUserId: string;
  readonly reasonCode: string;
  readonly who: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Legal holds, on the store's shelf: whoever erases asks first. */
export interface Holds {
  /** Null where there is none. A file that cannot be read holds too. */
  read(clientUserId: string): Promise<Hold | null>;
  /** Takes the place of an earlier one. */
  put(hold: Hold): Promise<void>;
  /** False where there was none. */
  release(clientUserId: string): Promise<boolean>;
  list(): Promise<readonly Hold[]>;
}

/** What a reason code must look like: it stands in the audit log, so it is a code and no sentence about a person. */
export const REASON_CODE = /^[A-Za-z0-9][A-Za-z0-9._~:/-]{0,99}$/;
const FOLDER = 'holds/';

export function openHolds(shelf: Shelf): Holds {
  const nameOf = (clientUserId: string) => `${FOLDER}${clientUserId}.json`;
  const read = async (clientUserId: string): Promise<Hold | null> => {
    const bytes = await shelf.get(nameOf(clientUserId));
    return bytes && holdIn(clientUserId, bytes);
  };
  return {
    read,
    put: (hold) => shelf.put(nameOf(hold.clientUserId), Buffer.from(`${JSON.stringify(hold)}\n`)),
    release: (clientUserId) => shelf.remove(nameOf(clientUserId)),
    async list() {
      const names = await shelf.list(FOLDER);
      const all = await Promise.all(names.map((name) => read(name.slice(FOLDER.length, -'.json'.length))));
      return all.flatMap((hold) => hold ?? []);
    },
  };
}

/** Damage must not let go what was held. */
function holdIn(clientUserId: string, bytes: Buffer): Hold {
  try {
    const { reasonCode, who, at } = JSON.parse(bytes.toString()) as Partial<Hold>;
    return { clientUserId, reasonCode: reasonCode ?? 'unreadable', who: who ?? 'unknown', at: at ?? 'unknown' };
  } catch {
    return { clientUserId, reasonCode: 'unreadable', who: 'unknown', at: 'unknown' };
  }
}
