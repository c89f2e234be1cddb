import type { Notice } from '../human-api/notifications';
import type { RouteNotice } from './route-notice';

/** What became of the notices of one request. Where `undelivered` is empty the request may be acknowledged. */
interface Taken {
  readonly accepted: number;
  readonly ignored: number;
  /** Not durable anywhere: what a spool would have to keep. */
  readonly undelivered: readonly Notice[];
  /** Why the first of them is; null where nobody answered in time. */
  readonly failure: unknown;
}

/** Makes notices durable, in bounded time, and never fails. The spool will be a sink around this one that keeps what it left undelivered. */
export interface NoticeSink {
  take(notices: readonly Notice[]): Promise<Taken>;
}

/** Temporal is asked for this long; with upstream's 3 s in mind, and half a second for everything else. */
const DELIVERY_TIMEOUT_MS = 2_000;
/** Enough to keep a Temporal server busy, few enough that one array of thousands leaves room for other requests. */
const DELIVERIES_AT_ONCE = 32;

/** Temporal as the place where notices become durable. What it has not taken after `timeoutMs` counts as undelivered. */
export function createTemporalSink(
  route: RouteNotice,
  { timeoutMs = DELIVERY_TIMEOUT_MS }: { readonly timeoutMs?: number | undefined } = {},
): NoticeSink {
  return {
    async take(notices) {
      const untilMs = Date.now() + timeoutMs;
      const left = new Set(notices.keys());
      let accepted = 0;
      let failure: unknown = null;
      const queue = notices.entries(); // shared by all lanes
      const lane = async (): Promise<void> => {
        for (const [index, notice] of queue) {
          if (Date.now() >= untilMs) return;
          try {
            const fate = await route(notice, untilMs);
            left.delete(index);
            if (fate === 'accepted') accepted += 1;
          } catch (error) {
            failure ??= error; // the others go on: a bad one drops none of them
          }
        }
      };
      let timer: NodeJS.Timeout | undefined;
      const timeUp = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([Promise.all(Array.from({ length: DELIVERIES_AT_ONCE }, lane)), timeUp]);
      clearTimeout(timer);
      const undelivered = notices.filter((_notice, index) => left.has(index));
      return { accepted, ignored: notices.length - accepted - undelivered.length, undelivered, failure };
    },
  };
}
