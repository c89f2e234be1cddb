import { openApplicantShelf, type Shelf } from './shelf';

/** A legal hold: the applicant must not be erased. */
export interface Hold {
  readonly clientUserId: string;
  /** A code of the carrier, such as the number of a case; matches CARRIER_CODE of the audit log. */
  readonly reasonCode: string;
  /** The actor, `cli:<os user>`. */
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

export function openHolds(shelf: Shelf): Holds {
  const files = openApplicantShelf(shelf, 'holds', parseHold);
  return {
    read: files.read,
    put: (hold) => files.write(hold.clientUserId, hold),
    release: files.remove,
    async list() {
      const holds = await Promise.all((await files.list()).map(files.read));
      return holds.filter((hold) => hold !== null);
    },
  };
}

function parseHold(clientUserId: string, fields: Partial<Hold>): Hold {
  const { reasonCode, who, at } = fields;
  return { clientUserId, reasonCode: reasonCode ?? 'unreadable', who: who ?? 'unknown', at: at ?? 'unknown' };
}
