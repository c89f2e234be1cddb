/** What a notice in a mailbox names. */
interface Named {
  readonly reportId: string;
  readonly updatedAt: string | null;
}

/**
 * More are not held: Temporal ends a workflow that hands over more than 2 MB, and one notice of a person is as good as thousands, for it leads
 * to the list, which shows everything.
 */
const HELD_MOST = 4_000;

/** A mailbox with one more notice; a repeat changes nothing. */
export function withHeld<N extends Named>(held: readonly N[], notice: N): readonly N[] {
  const isRepeat = held.some((one) => one.reportId === notice.reportId && one.updatedAt === notice.updatedAt);
  return isRepeat || held.length >= HELD_MOST ? held : [...held, notice];
}
