import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { isClientUserId, isHumanId } from '../domain/identifiers';
import type { ReportNotice, StatusNotice } from '../domain/notices';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  DELIVER_NOTICES,
  mailboxWorkflowId,
  reportNoticeSignal,
  statusNoticeSignal,
} from '../workflows/contract';
import { createLateReports } from './late-reports';
import { isWorkflowNotFound, keywordIn } from './raw-answers';
import { bare, createSignals } from './signals';

export { NoticeUndelivered } from './signals';

/** What became of a notice that Temporal answered for: it has the signal, or there is no open run to take it. */
type Delivered = 'taken' | 'closed-or-unknown';

/**
 * The way of a notice into Temporal. `requestId` makes a repeat harmless: the server drops the second within a run, whatever its payload.
 * Deadlines are `untilMs`, ms since 1970; a call may settle later than that, because the client's own retry waits up to 5 s between tries.
 */
export interface NoticeSender {
  /** @throws {NoticeUndelivered} */
  deliverStatusNotice(
    clientUserId: string,
    notice: StatusNotice,
    requestId: string,
    untilMs?: number,
  ): Promise<Delivered>;
  /** To the open applicant, or to the refresh of one that closed recently and was not withdrawn. @throws {NoticeUndelivered} */
  deliverReportNotice(
    clientUserId: string,
    notice: ReportNotice,
    requestId: string,
    untilMs?: number,
  ): Promise<Delivered | 'refreshing'>;
  /** Signals the mailbox of the notice's person, starting it where none is open: one call. @throws {NoticeUndelivered} */
  postToMailbox(notice: ReportNotice, requestId: string, untilMs?: number): Promise<void>;
  /** The humanId that the applicant itself says it has; null where it has none or is not known. Throws what the client throws. */
  humanIdOf(clientUserId: string, untilMs?: number): Promise<string | null>;
  /** Whose notices the newest mailbox of a person held, once it has ended: who has this humanId; null for nobody of ours. Throws what the client throws. */
  mailboxOwner(humanId: string, untilMs?: number): Promise<string | null>;
  /** The clientUserId of the open applicant with this humanId, else of the newest closed one; null where visibility knows none. Throws what the client throws. */
  findByHumanId(humanId: string, untilMs?: number): Promise<string | null>;
}

/** For callers that have no deadline of their own, such as activities, which Temporal retries. */
const CALL_TIMEOUT_MS = 10_000;
/** Behind everybody's: what names a person whom nobody knows may be a flood of them. Its activities beside the workflows inherit it. */
const MAILBOX_PRIORITY = 5;
/** One person has one applicant, or a few rounds of the same one. */
const FOUND_AT_MOST = 10;

const { WorkflowExecutionStatus, HistoryEventFilterType } = temporal.api.enums.v1;

/** The sender over a client, which may be lazily connected: nothing is called before the first notice. */
export function createNoticeSender(deps: {
  readonly client: Client;
  readonly taskQueue: string;
  /** How long after the closing new versions of reports are taken. */
  readonly refreshForMs: number;
}): NoticeSender {
  const { client, refreshForMs } = deps;
  const { namespace } = client.options;
  const signals = createSignals(deps);
  const deliverLate = createLateReports({ client, signals, refreshForMs });

  return {
    deliverStatusNotice: (clientUserId, notice, requestId, untilMs = soon()) =>
      signals.send({
        workflowId: applicantWorkflowId(clientUserId),
        signalName: statusNoticeSignal.name,
        notice,
        requestId,
        untilMs,
      }),

    async deliverReportNotice(clientUserId, notice, requestId, untilMs = soon()) {
      const workflowId = applicantWorkflowId(clientUserId);
      const signal = { workflowId, signalName: reportNoticeSignal.name, notice: bare(notice), requestId, untilMs };
      for (;;) {
        if ((await signals.send(signal)) === 'taken') return 'taken';
        const late = await deliverLate(clientUserId, { ...notice, requestId }, requestId, untilMs);
        if (late !== 'open-again') return late;
      }
    },

    async postToMailbox(notice, requestId, untilMs = soon()) {
      const workflowId = mailboxWorkflowId(notice.humanId);
      const signalName = reportNoticeSignal.name;
      const signal = { workflowId, signalName, notice: { ...notice, requestId }, requestId, untilMs };
      await signals.sendWithStart(signal, DELIVER_NOTICES, { priorityKey: MAILBOX_PRIORITY });
    },

    humanIdOf,
    findByHumanId,

    async mailboxOwner(humanId, untilMs = soon()) {
      const execution = { workflowId: mailboxWorkflowId(humanId) };
      // Its end, not its result: a webhook with a key of its own could not read that.
      const end = () =>
        client.workflowService.getWorkflowExecutionHistory({
          namespace,
          execution,
          waitNewEvent: true,
          historyEventFilterType: HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
        });
      // Asked without an end, the server answers with nothing after a while; asked too late, the client throws.
      while (!(await client.withDeadline(untilMs, end)).history?.events?.length);
      const clientUserId = await findByHumanId(humanId, untilMs);
      // A search may lag; the applicant itself does not.
      return clientUserId !== null && (await humanIdOf(clientUserId, untilMs)) === humanId ? clientUserId : null;
    },
  };

  async function humanIdOf(clientUserId: string, untilMs = soon()): Promise<string | null> {
    try {
      const workflowId = applicantWorkflowId(clientUserId);
      // Raw, because the client's describe() throws on a memo that it cannot decode, and no memo is wanted here.
      const described = await client.withDeadline(untilMs, () =>
        client.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } }),
      );
      const value = keywordIn(described.workflowExecutionInfo?.searchAttributes?.indexedFields?.['HumanId']);
      return isHumanId(value) ? value : null;
    } catch (error) {
      if (isWorkflowNotFound(error)) return null;
      throw error;
    }
  }

  async function findByHumanId(humanId: string, untilMs = soon()): Promise<string | null> {
    if (!isHumanId(humanId)) return null; // it becomes part of a query
    const found = await client.withDeadline(untilMs, () =>
      client.workflowService.listWorkflowExecutions({
        namespace,
        pageSize: FOUND_AT_MOST,
        query: `WorkflowType = "${COLLECT_RECORDS}" AND HumanId = "${humanId}"`,
      }),
    );
    const runs = (found.executions ?? []).map((run) => ({
      clientUserId: clientUserIdOf(run.execution?.workflowId),
      open: run.status === WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING,
      startedAtMs: Number(run.startTime?.seconds ?? 0) * 1000 + (run.startTime?.nanos ?? 0) / 1e6,
    }));
    runs.sort((a, b) => Number(b.open) - Number(a.open) || b.startedAtMs - a.startedAtMs);
    return runs.find((run) => run.clientUserId !== null)?.clientUserId ?? null;
  }
}

function soon(): number {
  return Date.now() + CALL_TIMEOUT_MS;
}

function clientUserIdOf(workflowId: string | null | undefined): string | null {
  const prefix = applicantWorkflowId('');
  if (typeof workflowId !== 'string' || !workflowId.startsWith(prefix)) return null;
  const clientUserId = workflowId.slice(prefix.length);
  return isClientUserId(clientUserId) ? clientUserId : null;
}
