import type { Logger } from '../observability/log';
import type { NoticeSender } from '../temporal/notices';
import { noticeRequestId, type ParsedNotice } from '../upstream/notices';
import type { Confirmations } from './confirmations';
import type { KnownPersons } from './known-persons';
import { type MailboxBudget, MailboxBudgetSpent } from './mailbox-budget';
import type { WebhookMetrics } from './metrics';

/** `accepted`: Temporal has it. `ignored`: it has nowhere to go, and never will. */
type Fate = 'accepted' | 'ignored';

/**
 * Takes one notice where it belongs, giving up at `untilMs` (ms since 1970). @throws {NoticeUndelivered} where Temporal does not have it;
 * {MailboxBudgetSpent} where it was not asked
 */
export type RouteNotice = (notice: ParsedNotice, untilMs: number) => Promise<Fate>;

interface Route {
  readonly to: 'applicant' | 'mailbox' | 'nowhere';
  /** `refreshing`: accepted by the refresh of an applicant that closed recently. */
  readonly deliver: () => Promise<Fate | 'refreshing'>;
}

/** The routing table: which workflow a notice goes to. */
export function createRouter(deps: {
  readonly sender: NoticeSender;
  readonly known: KnownPersons;
  readonly confirmations: Confirmations;
  readonly mailboxes: MailboxBudget;
  readonly metrics: WebhookMetrics;
  readonly log: Logger;
}): RouteNotice {
  const { sender, known, confirmations, mailboxes, metrics, log } = deps;

  return async (notice, untilMs) => {
    const { to, deliver } = routeOf(notice, untilMs);
    const settled = (to: Route['to'] | 'refresh', result: Fate | 'undelivered', error?: unknown): void => {
      metrics.notices.inc({ kind: notice.kind, to, result });
      log.debug({ ...pseudonyms(notice), kind: notice.kind, to, result, error }, 'notice');
    };
    try {
      const answer = await deliver();
      const fate = answer === 'refreshing' ? 'accepted' : answer;
      settled(answer === 'refreshing' ? 'refresh' : to, fate);
      return fate;
    } catch (error) {
      if (!(error instanceof MailboxBudgetSpent)) settled(to, 'undelivered', error); // it is counted once, not at each try
      throw error;
    }
  };

  function routeOf(notice: ParsedNotice, untilMs: number): Route {
    if (notice.kind === 'other') return { to: 'nowhere', deliver: async () => 'ignored' };
    const requestId = noticeRequestId(notice);
    if (notice.kind === 'status') {
      const deliver = async () => {
        const receiver = await sender.send(notice, null, requestId, untilMs);
        if (receiver === 'nowhere') return 'ignored';
        confirmations.claimed(notice.humanId, notice.clientUserId);
        return 'accepted';
      };
      return { to: 'applicant', deliver };
    }
    const { humanId } = notice;
    const clientUserId = known.clientUserIdOf(humanId);
    if (clientUserId !== null) {
      const deliver = async () => {
        const receiver = await sender.send(notice, clientUserId, requestId, untilMs);
        if (receiver === 'refresh') return 'refreshing';
        return receiver === 'applicant' ? 'accepted' : 'ignored';
      };
      return { to: 'applicant', deliver };
    }
    const deliver = async () => {
      if (!mailboxes.admit(humanId)) throw new MailboxBudgetSpent();
      await sender.send(notice, null, requestId, untilMs).catch((error: unknown) => {
        mailboxes.refund(humanId);
        throw error;
      });
      confirmations.posted(humanId);
      return 'accepted' as const;
    };
    return { to: 'mailbox', deliver };
  }
}

function pseudonyms(notice: ParsedNotice): { readonly clientUserId?: string; readonly humanId?: string } {
  if (notice.kind === 'other') return {};
  return notice.kind === 'status'
    ? { clientUserId: notice.clientUserId, humanId: notice.humanId }
    : { humanId: notice.humanId };
}
