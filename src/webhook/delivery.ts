import pLimit from 'p-limit';
import type { Notice } from '../domain/notices';
import type { Logger } from '../observability/log';
import { withDeadline } from '../process/deadline';
import type { DeliveryTarget } from '../spool/replay';
import type { Spool } from '../spool/spool';
import { type NoticeSender, NoticeUndelivered } from '../temporal/notices';
import { noticeRequestId, type ParsedNotice, parseStoredNotice, serializeNotice } from '../upstream/notices';
import type { Confirmations } from './confirmations';
import { DEADLINES, REDELIVERY_MS } from './deadlines';
import { type MailboxBudget, MailboxBudgetSpent } from './mailbox-budget';
import type { WebhookMetrics } from './metrics';

/** The results of the notices of a request, which may be acknowledged if `undelivered` is 0. */
export interface Acceptance {
  readonly accepted: number;
  readonly ignored: number;
  /** Neither in Temporal nor in the spool. */
  readonly undelivered: number;
  /** The first failure; null if Temporal did not answer in time. */
  readonly failure: unknown;
}

export interface Delivery {
  /** Makes notices durable in Temporal or the spool within {@link DEADLINES}, counted from `sinceMs` (ms since 1970). Never rejects. */
  accept(notices: readonly ParsedNotice[], sinceMs: number): Promise<Acceptance>;
  /** Sends the notices of the spool. */
  readonly spoolTarget: DeliveryTarget;
  /** True if the last request that waited for Temporal got no answer, and no notice since then did. */
  readonly isTemporalAway: boolean;
}

/** Enough to keep a Temporal server busy; few enough that an array of thousands leaves room for other requests. */
const CONCURRENCY = 32;
/** How long the spool is tried first while Temporal is away. After that Temporal is tried, because it may be back. */
const SPOOL_FIRST_MS = 1_000;
/** Time to encrypt and write one notice. The wait for Temporal ends this much earlier. */
const SPOOL_MS_PER_NOTICE = 0.05;
/** The same for an array, at most. */
const MAX_SPOOL_MS = 800;

export function createDelivery(deps: {
  readonly sender: NoticeSender;
  readonly spool: Spool | null;
  readonly confirmations: Confirmations;
  readonly budget: MailboxBudget;
  readonly metrics: WebhookMetrics;
  readonly log: Logger;
  readonly temporalMs?: number | undefined;
}): Delivery {
  const { sender, spool, confirmations, budget, metrics, log, temporalMs = DEADLINES.temporal } = deps;
  let isTemporalAway = false;
  let pendingRequests = 0;

  function setTemporalAway(isAway: boolean): void {
    if (isAway === isTemporalAway) return;
    isTemporalAway = isAway;
    if (isAway) log.warn('Temporal does not answer; notices go to the spool until it does');
    else log.info('Temporal answers again');
  }

  /** Sends a notice to its workflow. @throws {NoticeUndelivered} {MailboxBudgetSpent} */
  async function send(notice: Notice, untilMs: number): Promise<'accepted' | 'ignored'> {
    const owner = notice.kind === 'report' ? confirmations.findOwner(notice.humanId) : null;
    const isForMailbox = notice.kind === 'report' && owner === null;
    const countResult = (to: string, result: string, error?: unknown): void => {
      const { kind } = notice;
      metrics.notices.inc({ kind, to, result });
      log.debug({ ...pseudonyms(notice), kind, to, result, error }, 'notice');
    };
    // Counted once per request, not at each attempt.
    if (isForMailbox && !budget.tryTake(notice.humanId)) throw new MailboxBudgetSpent();
    try {
      const receiver = await sender.send(notice, owner, noticeRequestId(notice), untilMs);
      if (receiver === 'mailbox') confirmations.confirmByMailbox(notice.humanId);
      if (notice.kind === 'status' && receiver === 'applicant')
        confirmations.confirmByApplicant(notice.humanId, notice.clientUserId);
      const result = receiver === 'nowhere' ? 'ignored' : 'accepted';
      countResult(receiver === 'nowhere' ? 'applicant' : receiver, result);
      return result;
    } catch (error) {
      if (isForMailbox) budget.refund(notice.humanId);
      countResult(isForMailbox ? 'mailbox' : 'applicant', 'undelivered', error);
      throw error;
    }
  }

  /** Sends notices until `untilMs`. What ends later does not change the result. */
  async function sendAll(notices: readonly Notice[], untilMs: number) {
    const limit = pLimit(CONCURRENCY);
    const results = new Map<Notice, 'accepted' | 'ignored' | 'deferred'>();
    const waitMs = untilMs - Date.now();
    let failure: unknown = null;
    let hasAnswered = false;
    let isLate = false;

    async function sendOne(notice: Notice): Promise<void> {
      if (Date.now() >= untilMs) return;
      try {
        const result = await send(notice, untilMs);
        if (isLate) return;
        results.set(notice, result);
        hasAnswered = true;
      } catch (error) {
        if (isLate) return;
        if (error instanceof MailboxBudgetSpent) results.set(notice, 'deferred');
        hasAnswered ||= isRejection(error);
        failure ??= error;
      }
    }

    pendingRequests += 1;
    await withDeadline(limit.map(notices, sendOne), untilMs, () => undefined);
    pendingRequests -= 1;
    isLate = true;
    limit.clearQueue();

    const selectNotices = (result: string | undefined) => notices.filter((notice) => results.get(notice) === result);
    const [deferred, unsent] = [selectNotices('deferred'), selectNotices(undefined)];
    if (hasAnswered) setTemporalAway(false);
    // A slow sender leaves too little time to judge Temporal by, and so does a notice that was not sent.
    else if (spool !== null && unsent.length > 0 && waitMs >= temporalMs / 2) setTemporalAway(true);
    if (deferred.length > 0) {
      metrics.notices.inc({ kind: 'report', to: 'mailbox', result: 'deferred' }, deferred.length);
    }
    return {
      accepted: selectNotices('accepted').length,
      ignored: selectNotices('ignored').length,
      deferred,
      unsent,
      failure,
    };
  }

  /** Null if the spool has all of the notices. */
  async function putIntoSpool(
    into: Spool,
    notices: readonly Notice[],
    untilMs: number,
    isDeferred = false,
  ): Promise<{ failure: unknown } | null> {
    if (notices.length === 0) return null;
    try {
      await into.append(notices.map(serializeNotice), untilMs, { isDeferred });
    } catch (failure) {
      return { failure };
    }
    for (const { kind } of notices) metrics.notices.inc({ kind, to: 'spool', result: 'accepted' });
    return null;
  }

  async function makeDurable(notices: readonly Notice[], sinceMs: number): Promise<Acceptance> {
    if (spool !== null && isTemporalAway && !(await putIntoSpool(spool, notices, sinceMs + SPOOL_FIRST_MS))) {
      return { accepted: notices.length, ignored: 0, undelivered: 0, failure: null };
    }
    const spoolMs = spool === null ? 0 : Math.min(MAX_SPOOL_MS, notices.length * SPOOL_MS_PER_NOTICE);
    const sent = await sendAll(notices, sinceMs + temporalMs - spoolMs);
    const { accepted, ignored, deferred, unsent } = sent;
    const left = deferred.length + unsent.length;
    if (spool === null) return { accepted, ignored, undelivered: left, failure: sent.failure };
    const untilMs = sinceMs + DEADLINES.durable;
    const [failed, failedDeferred] = await Promise.all([
      putIntoSpool(spool, unsent, untilMs),
      putIntoSpool(spool, deferred, untilMs, true),
    ]);
    const undelivered = (failed ? unsent.length : 0) + (failedDeferred ? deferred.length : 0);
    const { failure } = failed ?? failedDeferred ?? sent;
    return { accepted: accepted + left - undelivered, ignored, undelivered, failure };
  }

  return {
    async accept(parsed, sinceMs) {
      const notices = parsed.filter((notice) => notice.kind !== 'other');
      const otherCount = parsed.length - notices.length;
      if (otherCount > 0) metrics.notices.inc({ kind: 'other', to: 'nowhere', result: 'ignored' }, otherCount);
      if (notices.length === 0) return { accepted: 0, ignored: otherCount, undelivered: 0, failure: null };
      const acceptance = await makeDurable(notices, sinceMs);
      return { ...acceptance, ignored: acceptance.ignored + otherCount };
    },

    spoolTarget: {
      async deliver({ text }) {
        const notice = parseStoredNotice(text);
        if (notice === null) return 'refused';
        const untilMs = Date.now() + REDELIVERY_MS;
        const sent = send(notice, untilMs).then(() => 'taken' as const, toSpoolResult);
        const result = await withDeadline(sent, untilMs, () => 'unavailable' as const);
        if (result === 'deferred') return result; // nothing was sent
        if (result !== 'unavailable') setTemporalAway(false);
        confirmations.startPending();
        return result;
      },
      describe(text) {
        const notice = parseStoredNotice(text);
        return notice && { clientUserId: null, ...pseudonyms(notice), kind: notice.kind };
      },
      pendingRequests: () => pendingRequests,
    },

    get isTemporalAway() {
      return isTemporalAway;
    },
  };
}

function pseudonyms(notice: Notice): { readonly clientUserId?: string; readonly humanId: string } {
  const { humanId } = notice;
  return notice.kind === 'status' ? { clientUserId: notice.clientUserId, humanId } : { humanId };
}

/** Temporal answered, and rejects this notice. */
function isRejection(error: unknown): boolean {
  return error instanceof NoticeUndelivered && error.kind === 'refused';
}

function toSpoolResult(error: unknown): 'refused' | 'unavailable' | 'deferred' {
  if (error instanceof MailboxBudgetSpent) return 'deferred';
  return isRejection(error) ? 'refused' : 'unavailable';
}
