import type { Shelf } from './shelf';

/** A legal hold: the applicant must not be erased. Stored as JSON. */
export interface Hold {
  readonly clientUserId: string;
  /** A code of the carrier, such as the number of a case; matches {@link REASON_CODE}. */
  readonly reasonCode: string;
  /** The operator. */
  readonly who: string;
  /** ISO 8601. */
  readonly at: string;
}

export interface Holds {
  /** Null without a hold. A file that cannot be parsed is a hold too. */
  read(clientUserId: string): Promise<Hold | null>;
  /** Replaces an earlier hold. */
  put(hold: Hold): Promise<void>;
  /** False without a hold. */
  release(clientUserId: string): Promise<boolean>;
  list(): Promise<readonly Hold[]>;
}

/** The audit log shows it, so it is a code, not a sentence about a person. */
export const REASON_CODE = /^[A-Za-z0-9][A-Za-z0-9._~:/-]{0,99}$/;
const FOLDER = 'holds/';

export function openHolds(shelf: Shelf): Holds {
  const nameOf = (clientUserId: string) => `${FOLDER}${clientUserId}.json`;
  const read = async (clientUserId: string): Promise<Hold | null> => {
    const bytes = await shelf.get(nameOf(clientUserId));
    return bytes && parseHold(clientUserId, bytes);
  };
  return {
    read,
    put: (hold) => shelf.put(nameOf(hold.clientUserId), Buffer.from(`${JSON.stringify(hold)}\n`)),
    release: (clientUserId) => shelf.remove(nameOf(clientUserId)),
    async list() {
      const names = await shelf.list(FOLDER);
      const holds = await Promise.all(names.map((name) => read(name.slice(FOLDER.length, -'.json'.length))));
      return holds.filter((hold) => hold !== null);
    },
  };
}

function parseHold(clientUserId: string, bytes: Buffer): Hold {
  try {
    const { reasonCode, who, at } = JSON.parse(bytes.toString()) as Partial<Hold>;
    return { clientUserId, reasonCode: reasonCode ?? 'unreadable', who: who ?? 'unknown', at: at ?? 'unknown' };
  } catch {
    return { clientUserId, reasonCode: 'unreadable', who: 'unknown', at: 'unknown' };
  }
}
