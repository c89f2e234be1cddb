/** What a notice in a mailbox names. */
interface Named {
  readonly reportId: string;
  readonly updatedAt: string | null;
  readonly requestId?: string;
}

/**
 * More are not held: Temporal ends a workflow that hands over more than 2 MB, and one notice of a person is as good as thousands, for it leads
 * to the list, which shows everything.
 */
const HELD_MOST = 4_000;

/** A mailbox with one more notice; a repeat changes nothing. */
export function withHeld<N extends Named>(held: readonly N[], notice: N): readonly N[] {
  const isRepeat = held.some((one) => isSameNotice(one, notice));
  return isRepeat || held.length >= HELD_MOST ? held : [...held, notice];
}

/** By request id, which covers all that a notice says; signals of 0.1.0 have none. */
function isSameNotice(one: Named, other: Named): boolean {
  if (one.requestId !== undefined && other.requestId !== undefined) return one.requestId === other.requestId;
  return one.reportId === other.reportId && one.updatedAt === other.updatedAt;
}
