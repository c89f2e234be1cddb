import {
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { findAccessEvidence, withListAnswer } from '../domain/collection';
import { withDownloadResult, withRecorded } from '../domain/collection-documents';
import type { EventType } from '../domain/events';
import { missingDocuments } from '../domain/missing-documents';
import { NOTICES_PER_BATCH } from '../domain/notices';
import { HOUR_MS, SECOND_MS } from '../domain/policy';
import {
  type ClosedRound,
  decideRefresh,
  isListRequested,
  NEW_REFRESH,
  nextCheckAtMs,
  type RefreshStep,
  upgradeRefresh,
  withAwaitedReport,
  withCheckSchedule,
  withClosedRound,
  withCountedList,
  withListResult,
  withoutAwaitedReports,
} from '../domain/refresh';
import type { WantedDocument } from '../domain/reports';
import { internalActivities, localActivityFirst, upstreamActivities } from './activity-calls';
import {
  clientUserIdOf,
  type RefreshReportsInput,
  type RefreshReportsResult,
  reportNoticeSignal,
  scheduleChecksSignal,
} from './contract';
import { download } from './documents';
import { Outbox } from './outbox';
import { hasReachedRunLimit, isCancelRequested, throwIfCancelled } from './run-limits';
import { accessPatience, listSelection } from './upstream-calls';

/** Delays before the closing applicant is looked at again; each is twice the previous one. */
const CLOSING_DELAY_MS = { min: 5 * SECOND_MS, max: HOUR_MS };

/**
 * Collects the reports that arrive after an applicant has closed: lists them when a notice or a check is due, stores new versions, and adds them to
 * the manifest. Reads the closed round before each step that costs a call. If the applicant is open again, forwards the notices to it.
 */
export async function refreshReports(input: RefreshReportsInput = {}): Promise<RefreshReportsResult> {
  const clientUserId = clientUserIdOf(workflowInfo().workflowId) ?? '';
  let refresh = input.carried ? upgradeRefresh(input.carried) : NEW_REFRESH;
  let signals = 0;
  let isAccessDenied = false;
  let closingChecks = 0;
  const outbox = new Outbox(clientUserId, input.carriedEvents);
  setHandler(reportNoticeSignal, (notice) => {
    signals += 1;
    if (typeof notice?.reportId === 'string') refresh = withAwaitedReport(refresh, notice, Date.now());
  });
  setHandler(scheduleChecksSignal, (schedule) => {
    signals += 1;
    refresh = withCheckSchedule(refresh, schedule);
  });
  try {
    return await followToEnd();
  } finally {
    await CancellationScope.nonCancellable(() => outbox.drain());
  }

  async function followToEnd(): Promise<RefreshReportsResult> {
    for (;;) {
      const step = decideRefresh(refresh, Date.now());
      // After a cancel request nothing more is downloaded: what is stored has to be recorded now.
      if (step.do === 'record' || (isCancelRequested() && refresh.collection.unrecorded)) {
        await record();
        continue;
      }
      throwIfCancelled('the refresh was cancelled');
      // A denial may be temporary: the remaining checks find out.
      if (isAccessDenied && nextCheckAtMs(refresh) === null) return toResult('withdrawn');
      if (step.do === 'end') return toResult('refreshed');
      if (hasReachedRunLimit(signals)) return continueInNewRun();
      if (step.do === 'wait') await waitUntil(step.untilMs);
      else {
        const round = await localActivityFirst('Read the closed round', (call) =>
          call.readClosedRound({ clientUserId }),
        );
        if (round.kind === 'closed') await performStep(step, round);
        else if (round.kind !== 'open') return toResult(round.kind);
        else if (await forwardNotices()) {
          if (!isClosingRun(round)) return toResult('open');
          await waitForClosing();
        }
      }
    }
  }

  /** The events are recorded first. */
  async function continueInNewRun(): Promise<never> {
    await outbox.drain();
    const carriedEvents = outbox.toCarried();
    return continueAsNew<typeof refreshReports>({ carried: refresh, ...(carriedEvents && { carriedEvents }) });
  }

  async function performStep(
    step: RefreshStep,
    { events, ...round }: ClosedRound & { readonly events?: readonly EventType[] },
  ): Promise<void> {
    outbox.configure(events);
    const before = refresh.round?.closedAt;
    refresh = withClosedRound(refresh, round);
    // The documents of an earlier round are not fetched: the new round has no list yet.
    if (step.do === 'fetch' && before === refresh.round?.closedAt) await fetchAll(step.documents);
    else if (isListRequested(refresh) || isCheckDue()) await list();
  }

  function isCheckDue(): boolean {
    const dueMs = nextCheckAtMs(refresh);
    return dueMs !== null && Date.now() >= dueMs;
  }

  async function list(): Promise<void> {
    const askedAtMs = Date.now();
    const { round } = refresh;
    if (!round) throw new TypeError('expected the closed round before a list: this is a defect');
    const isForNotice = isListRequested(refresh);
    if (isForNotice) refresh = withCountedList(refresh, askedAtMs);
    setCurrentDetails(
      isForNotice
        ? 'Listing the reports that Human API announced after the applicant closed.'
        : 'Checking Human API for reports since the applicant closed.',
    );
    // A round with reports contradicts a denial: retry it before accepting it.
    const evidence = findAccessEvidence(null, refresh.collection);
    const answer = await upstreamActivities(isForNotice ? 'notice' : 'background', 'List the reports').listReports({
      clientUserId,
      ...listSelection(refresh.collection, round.policy),
      named: refresh.awaited.map(({ notice }) => notice.reportId),
      concluding: true,
      patienceMs: null,
      ...accessPatience(evidence, round.policy),
    });
    const { collection } = refresh;
    // The activity has proven our credentials: the person withdrew the access.
    isAccessDenied = answer.kind === 'refused';
    const reports = answer.kind === 'listed' ? answer.reports : null;
    const learnt = withListAnswer(collection, answer, Date.now(), round.policy.pollMs.someSynced);
    refresh = withListResult(refresh, learnt, reports, askedAtMs);
  }

  /** After a cancel request, the loop still records the stored documents before the refresh ends. */
  async function fetchAll(documents: readonly WantedDocument[]): Promise<void> {
    const fetched = await Promise.allSettled(documents.map(fetchOne));
    for (const { reason } of fetched.filter((result) => result.status === 'rejected')) {
      if (!isCancellation(reason)) throw reason;
    }
  }

  async function fetchOne(wanted: WantedDocument): Promise<void> {
    const { round } = refresh;
    if (!round) throw new TypeError('expected the closed round before a download: this is a defect');
    const fetched = await download(wanted, refresh.collection, { clientUserId, ...round });
    if (fetched.kind === 'stored') outbox.holdDocument(fetched.document);
    const collection = withDownloadResult(refresh.collection, wanted, fetched, Date.now(), round.policy);
    refresh = { ...refresh, collection, stored: refresh.stored + (fetched.kind === 'stored' ? 1 : 0) };
  }

  async function record(): Promise<void> {
    const { round, collection } = refresh;
    const { documents } = collection;
    const missing = missingDocuments(collection, round?.policy.wanted ?? {});
    const change = { clientUserId, closedAt: round?.closedAt ?? null, documents, missing };
    const { heldDocuments } = outbox;
    await CancellationScope.nonCancellable(() => internalActivities('Write the manifest').recordRefresh(change));
    if (heldDocuments > 0) {
      outbox.releaseDocuments(heldDocuments, round?.round ?? 1);
      outbox.emit('applicant.refreshed', round?.round ?? 1, { documents: heldDocuments });
    }
    refresh = { ...refresh, collection: withRecorded(refresh.collection) };
  }

  /** True once the open applicant has every notice. If it closes during the call, the notices stay here. */
  async function forwardNotices(): Promise<boolean> {
    const notices = refresh.awaited.slice(0, NOTICES_PER_BATCH).map(({ notice }) => notice);
    const call = internalActivities('Forward the notice');
    const taken = await Promise.all(notices.map((notice) => call.passToApplicant({ clientUserId, notice })));
    refresh = withoutAwaitedReports(refresh, new Set(notices.filter((_, index) => taken[index] === 'taken')));
    return refresh.awaited.length === 0;
  }

  /** True if the open run is the one that scheduled the checks, not a later round, which schedules its own. */
  function isClosingRun({ sinceMs }: { readonly sinceMs?: number }): boolean {
    return refresh.checks !== null && sinceMs !== undefined && sinceMs <= refresh.checks.closedAtMs;
  }

  async function waitForClosing(): Promise<void> {
    const { min, max } = CLOSING_DELAY_MS;
    await sleep(Math.min(min * 2 ** closingChecks, max), { summary: 'waiting for the applicant to close' });
    closingChecks += 1;
  }

  async function waitUntil(untilMs: number): Promise<void> {
    const known = refresh;
    setCurrentDetails(`Waiting for further reports until ${new Date(untilMs).toISOString()}.`);
    const options = { summary: 'waiting for further reports' };
    await condition(
      () => refresh !== known || hasReachedRunLimit(signals),
      Math.max(1_000, untilMs - Date.now()),
      options,
    );
  }

  function toResult(ended: RefreshReportsResult['ended']): RefreshReportsResult {
    return { clientUserId, ended, stored: refresh.stored, ignored: refresh.ignored };
  }
}
