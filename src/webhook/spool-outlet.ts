import type { Outlet } from '../spool/replay';
import { NoticeUndelivered } from '../temporal/notices';
import { parseStoredNotice } from '../upstream/notices';
import type { Circuit } from './circuit';
import { MailboxBudgetSpent } from './mailbox-budget';
import type { RouteNotice } from './route-notice';

/** Nobody waits for an answer here, but a Temporal that is back should be noticed soon. */
const DELIVERY_TIMEOUT_MS = 5_000;

/** Takes notices out of the spool to Temporal, on the way that they would have gone when they came. */
export function createSpoolOutlet(deps: {
  readonly route: RouteNotice;
  readonly circuit: Circuit;
  /** Called after each delivery: what may wait until then begins now. */
  readonly delivered: () => void;
  readonly live: () => number;
}): Outlet {
  const { route, circuit, delivered } = deps;
  return {
    async deliver({ text }) {
      const notice = parseStoredNotice(text);
      if (notice === null) return 'refused';
      let timer: NodeJS.Timeout | undefined;
      const tooLate = new Promise<'unavailable'>((resolve) => {
        // The client's own retry may outlast its deadline.
        timer = setTimeout(resolve, DELIVERY_TIMEOUT_MS, 'unavailable');
      });
      const result = await Promise.race([
        route(notice, Date.now() + DELIVERY_TIMEOUT_MS).then(() => 'taken' as const, outcomeOf),
        tooLate,
      ]);
      clearTimeout(timer);
      if (result === 'deferred') return result; // Temporal was not asked
      if (result !== 'unavailable') circuit.reached();
      delivered();
      return result;
    },
    describe(text) {
      const notice = parseStoredNotice(text);
      if (notice === null) return null;
      const clientUserId = notice.kind === 'status' ? notice.clientUserId : null;
      return { kind: notice.kind, clientUserId, humanId: notice.humanId };
    },
    live: deps.live,
  };
}

function outcomeOf(error: unknown): 'refused' | 'unavailable' | 'deferred' {
  if (error instanceof MailboxBudgetSpent) return 'deferred';
  return error instanceof NoticeUndelivered && error.kind === 'refused' ? 'refused' : 'unavailable';
}
