import { NoticeUndelivered } from '../temporal/notices';
import type { ParsedNotice } from '../upstream/notices';
import { MailboxBudgetSpent } from './mailbox-budget';
import type { RouteNotice } from './route-notice';

/** What became of the notices of one request. Where `undelivered` is empty the request may be acknowledged. */
export interface Taken {
  readonly accepted: number;
  readonly ignored: number;
  /** Not durable anywhere. */
  readonly undelivered: readonly ParsedNotice[];
  /** Why the first of them is not; null where nobody answered in time. */
  readonly failure: unknown;
}

/** Makes notices durable, in bounded time, and never fails. `sinceMs`: when their request came, ms since 1970, from which every limit counts. */
export interface NoticeSink {
  take(notices: readonly ParsedNotice[], sinceMs: number): Promise<Taken>;
}

/** Temporal as the place where notices become durable. What it has not taken at `untilMs` (ms since 1970) counts as undelivered. */
export type OfferToTemporal = (
  notices: readonly ParsedNotice[],
  untilMs: number,
) => Promise<
  Taken & {
    /** Whether it answered for any of them, be it with a refusal. */
    readonly answered: boolean;
    /** Those of the undelivered for which it was not asked: over the limit of new mailboxes. */
    readonly deferred: readonly ParsedNotice[];
  }
>;

/** Enough to keep a Temporal server busy, few enough that one array of thousands leaves room for other requests. */
const DELIVERIES_AT_ONCE = 32;

export function createOfferToTemporal(route: RouteNotice): OfferToTemporal {
  return async (notices, untilMs) => {
    const left = new Set(notices.keys());
    let accepted = 0;
    let failure: unknown = null;
    let answered = false;
    const overBudget = new Set<number>();
    const queue = notices.entries(); // shared by all lanes
    const lane = async (): Promise<void> => {
      for (const [index, notice] of queue) {
        if (Date.now() >= untilMs) return;
        try {
          const fate = await route(notice, untilMs);
          left.delete(index);
          answered = true;
          if (fate === 'accepted') accepted += 1;
        } catch (error) {
          if (error instanceof MailboxBudgetSpent) overBudget.add(index);
          answered ||= error instanceof NoticeUndelivered && error.kind === 'refused';
          failure ??= error; // the others go on: a bad one drops none of them
        }
      }
    };
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, untilMs - Date.now());
    });
    await Promise.race([Promise.all(Array.from({ length: DELIVERIES_AT_ONCE }, lane)), timeUp]);
    clearTimeout(timer);
    const undelivered = notices.filter((_notice, index) => left.has(index));
    const deferred = notices.filter((_notice, index) => overBudget.has(index));
    const ignored = notices.length - accepted - undelivered.length;
    return { accepted, ignored, undelivered, failure, answered, deferred };
  };
}
