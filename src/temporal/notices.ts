import { isClientUserId, isHumanId } from '../domain/identifiers';
import type { Notice, ReportNotice } from '../domain/notices';
import { type CheckSchedule, isStillConnected, isWithinRefreshPeriod } from '../domain/refresh';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  DELIVER_NOTICES,
  mailboxWorkflowId,
  REFRESH_REPORTS,
  refreshWorkflowId,
  reportNoticeSignal,
  SEARCH_ATTRIBUTE_KEYS,
  scheduleChecksSignal,
  statusNoticeSignal,
} from '../workflows/contract';
import { defaultDeadlineMs, type TemporalDeps } from './rpc';
import { listRuns, readApplicantRun, toApplicantRun, waitForClose } from './runs';
import { createSignals, NoticeUndelivered, type Signals } from './signals';

export { NoticeUndelivered } from './signals';

/** The workflow that took a notice. */
export type Receiver = 'applicant' | 'refresh' | 'mailbox';

/**
 * Sends notices into Temporal. Repeats are safe: within a run the server drops a second signal with the same `requestId`, whatever its payload.
 * Deadlines (`untilMs`) are ms since 1970; a call may end up to 5 s later, because the client waits between its retries.
 */
export interface NoticeSender {
  /**
   * A status notice goes to its applicant. A report notice goes to the open applicant `owner`, or to the refresh of one that closed recently
   * and was not withdrawn; without an owner, to the mailbox of the person. `nowhere`: no workflow can take it. @throws {NoticeUndelivered}
   */
  send(notice: Notice, owner: string | null, requestId: string, untilMs?: number): Promise<Receiver | 'nowhere'>;
  /** The humanId of the applicant's newest run; null without one. Throws what the client throws. */
  readHumanId(clientUserId: string, untilMs?: number): Promise<string | null>;
  /**
   * Waits until the newest mailbox of a person ends, then returns the clientUserId of the applicant with this humanId. Null without one, or if the
   * mailbox does not end in time. Throws what the client throws.
   */
  waitForMailboxOwner(humanId: string, untilMs?: number): Promise<string | null>;
  /** The clientUserId of the open applicant with this humanId, else of the newest closed one; null if visibility lists none. Throws what the client throws. */
  findApplicant(humanId: string, untilMs?: number): Promise<string | null>;
}

interface NoticeDeps extends TemporalDeps {
  /** How long after the closing new versions of reports are collected, in ms. */
  readonly refreshForMs: number;
}

/** The lowest one, because notices of unknown people may be a flood. The activities of the mailbox inherit it. */
const MAILBOX_PRIORITY = 5;
/** A person has one applicant, or a few rounds of it. */
const MAX_APPLICANTS = 10;

/** Calls nothing before the first notice, so the client may connect lazily. */
export function createNoticeSender(deps: NoticeDeps): NoticeSender {
  const { client, refreshForMs } = deps;
  const signals = createSignals(deps);

  return {
    async send(notice, owner, requestId, untilMs = defaultDeadlineMs()) {
      if (notice.kind === 'report') {
        if (owner !== null) return sendReport(owner, notice, requestId, untilMs);
        const signal = toReportSignal(mailboxWorkflowId(notice.humanId), notice, requestId, untilMs);
        await signals.sendWithStart(signal, DELIVER_NOTICES, { priorityKey: MAILBOX_PRIORITY });
        return 'mailbox';
      }
      const { clientUserId, humanId, status, updatedAt } = notice;
      const isTaken = await signals.send({
        workflowId: applicantWorkflowId(clientUserId),
        signalName: statusNoticeSignal.name,
        payload: { humanId, status, updatedAt },
        requestId,
        untilMs,
      });
      return isTaken ? 'applicant' : 'nowhere';
    },

    readHumanId,
    findApplicant,

    async waitForMailboxOwner(humanId, untilMs = defaultDeadlineMs()) {
      // Waits for the end and does not read the result: the webhook may have another key.
      while (!(await waitForClose(client, mailboxWorkflowId(humanId), untilMs - Date.now()))) {
        if (Date.now() >= untilMs) return null;
      }
      const clientUserId = await findApplicant(humanId, untilMs);
      // Visibility may lag; the description of the run does not.
      return clientUserId !== null && (await readHumanId(clientUserId, untilMs)) === humanId ? clientUserId : null;
    },
  };

  /** Repeats, because the applicant may close or open between the calls. */
  async function sendReport(owner: string, notice: ReportNotice, requestId: string, untilMs: number) {
    for (;;) {
      if (await sendToOpenRun(signals, owner, notice, requestId, untilMs)) return 'applicant';
      if (!isClientUserId(owner)) return 'nowhere';
      const run = await readApplicantRun(client, owner, untilMs).catch((error: unknown) => {
        throw new NoticeUndelivered('unavailable', 'describe', error);
      });
      if (run?.standing === 'open') continue;
      if (run?.standing === 'forced') return 'nowhere';
      // Only the run's result and the manifest have a reason; the refresh reads the manifest.
      if (run?.outcome && !isStillConnected(run.outcome, null)) return 'nowhere';
      if (run && !isWithinRefreshPeriod(Date.now(), run.closedAtMs, refreshForMs)) return 'nowhere';
      // Without a run in Temporal the manifest may still know the applicant: the refresh reads it.
      await sendToRefresh(signals, owner, notice, requestId, untilMs);
      return 'refresh';
    }
  }

  async function readHumanId(clientUserId: string, untilMs?: number): Promise<string | null> {
    return (await readApplicantRun(client, clientUserId, untilMs))?.humanId ?? null;
  }

  async function findApplicant(humanId: string, untilMs?: number): Promise<string | null> {
    if (!isHumanId(humanId)) return null; // it becomes part of a query
    const query = `WorkflowType = "${COLLECT_RECORDS}" AND ${SEARCH_ATTRIBUTE_KEYS.humanId.name} = "${humanId}"`;
    const { executions } = await listRuns(client, query, { pageSize: MAX_APPLICANTS, ...(untilMs && { untilMs }) });
    const runs = (executions ?? []).flatMap((info) => toApplicantRun(info) ?? []);
    const newest = runs.toSorted((a, b) => b.startedAtMs - a.startedAtMs);
    return (newest.find(({ standing }) => standing === 'open') ?? newest[0])?.clientUserId ?? null;
  }
}

/** Implements the port `ApplicantRuns` of the activities. */
export function createApplicantRuns(deps: NoticeDeps) {
  const { client } = deps;
  const signals = createSignals(deps);
  const sender = createNoticeSender(deps);
  return {
    findByHumanId: (humanId: string) => sender.findApplicant(humanId),
    deliverToRunOrRefresh: async (clientUserId: string, notice: ReportNotice, requestId: string) => {
      const receiver = await sender.send({ kind: 'report', ...notice }, clientUserId, requestId);
      return receiver === 'applicant' ? 'taken' : receiver === 'refresh' ? 'refreshing' : 'closed-or-unknown';
    },
    isOpen: async (clientUserId: string) => (await readApplicantRun(client, clientUserId))?.standing === 'open',
    openSinceMs: async (clientUserId: string) => {
      const run = await readApplicantRun(client, clientUserId);
      return run?.standing === 'open' && run.stage !== 'closed' ? run.startedAtMs : null;
    },
    deliverToOpenRun: async (clientUserId: string, notice: ReportNotice, requestId: string) =>
      (await sendToOpenRun(signals, clientUserId, notice, requestId, defaultDeadlineMs()))
        ? 'taken'
        : 'closed-or-unknown',
    deliverToRefresh: (clientUserId: string, notice: ReportNotice, requestId: string) =>
      sendToRefresh(signals, clientUserId, notice, requestId, defaultDeadlineMs()),
    scheduleChecks: async (clientUserId: string, schedule: CheckSchedule, delayMs: number) => {
      const signal = {
        workflowId: refreshWorkflowId(clientUserId),
        signalName: scheduleChecksSignal.name,
        payload: schedule,
        requestId: `${scheduleChecksSignal.name}-${schedule.closedAtMs}`,
        untilMs: defaultDeadlineMs(),
      };
      try {
        await signals.sendWithStart(signal, REFRESH_REPORTS, { startDelayMs: delayMs });
      } catch (error) {
        // A refresh that holds its maximum of signals lists the reports anyway.
        if (!(error instanceof NoticeUndelivered && error.kind === 'refused')) throw error;
      }
    },
  } as const;
}

function sendToOpenRun(signals: Signals, owner: string, notice: ReportNotice, requestId: string, untilMs: number) {
  return signals.send({
    ...toReportSignal(applicantWorkflowId(owner), notice, requestId, untilMs),
    payload: toPayload(notice),
  });
}

function sendToRefresh(signals: Signals, owner: string, notice: ReportNotice, requestId: string, untilMs: number) {
  return signals.sendWithStart(toReportSignal(refreshWorkflowId(owner), notice, requestId, untilMs), REFRESH_REPORTS);
}

/** A signal for a mailbox or a refresh. Its payload has the request id, because they forward the notice. */
function toReportSignal(workflowId: string, notice: ReportNotice, requestId: string, untilMs: number) {
  return {
    workflowId,
    signalName: reportNoticeSignal.name,
    payload: { ...toPayload(notice), requestId },
    requestId,
    untilMs,
  };
}

/** Without the request id, which would be 45 bytes of history: an applicant does not need it. */
function toPayload({ humanId, reportId, type, updatedAt }: ReportNotice): ReportNotice {
  return { humanId, reportId, type, updatedAt };
}
