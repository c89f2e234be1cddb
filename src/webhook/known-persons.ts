/** About 200 bytes each: some 10 MB when full. Beyond it the least recently used goes, and costs one mailbox when it comes back. */
const MAX_PERSONS = 50_000;

/** Whose humanId is whose, as far as Temporal has confirmed it; never what a notice merely claims. */
export interface KnownPersons {
  clientUserIdOf(humanId: string): string | null;
  /** Only for a pair that the applicant itself or a mailbox confirmed. */
  confirm(humanId: string, clientUserId: string): void;
}

/** A bounded memory of this process; losing it costs time, not notices. */
export function createKnownPersons(maxPersons = MAX_PERSONS): KnownPersons {
  const pairs = new Map<string, string>(); // in order of use, the oldest first
  const use = (humanId: string, clientUserId: string): void => {
    pairs.delete(humanId);
    pairs.set(humanId, clientUserId);
  };
  return {
    clientUserIdOf(humanId) {
      const clientUserId = pairs.get(humanId);
      if (clientUserId === undefined) return null;
      use(humanId, clientUserId);
      return clientUserId;
    },
    confirm(humanId, clientUserId) {
      use(humanId, clientUserId);
      const [oldest] = pairs.keys();
      if (pairs.size > maxPersons && oldest !== undefined) pairs.delete(oldest);
    },
  };
}
