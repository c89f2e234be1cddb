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
import { accessDenialContradiction, withListAnswer } from '../domain/collection';
import { withDownloadResult, withRecorded } from '../domain/collection-documents';
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
import { accessPatience, listSelection } from './checks';
import {
  type RefreshReportsInput,
  type RefreshReportsResult,
  refreshWorkflowId,
  reportNoticeSignal,
  scheduleChecksSignal,
} from './contract';
import { download } from './documents';
import { hasReachedRunLimit, throwIfCancelled } from './run-limits';

/** The closing that asked for the checks ends a moment later; looked at again after so long, then twice as long each time. */
const CLOSING_AGAIN_MS = { first: 5 * SECOND_MS, most: HOUR_MS };

/**
 * Takes the reports that come after an applicant was closed: lists when a notice or a check is due, stores the new versions, adds them to the manifest. Whether
 * there is anything to refresh is asked before each step that costs a call; an applicant that is open again gets the notices instead.
 */
export async function refreshReports(input: RefreshReportsInput = {}): Promise<RefreshReportsResult> {
  const clientUserId = workflowInfo().workflowId.slice(refreshWorkflowId('').length);
  let refresh = input.carried ? upgradeRefresh(input.carried) : NEW_REFRESH;
  let signals = 0;
  let isAccessDenied = false;
  let closingLooks = 0;
  setHandler(reportNoticeSignal, (notice) => {
    signals += 1;
    if (typeof notice?.reportId === 'string') refresh = withAwaitedReport(refresh, notice, Date.now());
  });
  setHandler(scheduleChecksSignal, (schedule) => {
    signals += 1;
    refresh = withCheckSchedule(refresh, schedule);
  });
  for (;;) {
    const step = decideRefresh(refresh, Date.now());
    if (step.do === 'record') {
      await record();
      continue;
    }
    throwIfCancelled('the refresh was cancelled');
    // A refusal may pass: the checks that remain find out.
    if (isAccessDenied && nextCheckAtMs(refresh) === null) return toResult('withdrawn');
    if (step.do === 'end') return toResult('refreshed');
    if (shouldContinueAsNew()) return continueAsNew<typeof refreshReports>({ carried: refresh });
    if (step.do === 'wait') await waitUntil(step.untilMs);
    else {
      const round = await localActivityFirst('Read what was closed', (call) => call.readClosedRound({ clientUserId }));
      if (round.kind === 'closed') await performStep(step, round);
      else if (round.kind !== 'open') return toResult(round.kind);
      else if (await forwardNotices()) {
        if (!isClosingRun(round)) return toResult('open');
        await waitForClosing();
      }
    }
  }

  async function performStep(step: RefreshStep, round: ClosedRound): Promise<void> {
    const before = refresh.round?.closedAt;
    refresh = withClosedRound(refresh, round);
    // Of a round that closed in between nothing is listed yet.
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
    if (!round) throw new TypeError('a list was asked for before the manifest was read');
    const isForNotice = isListRequested(refresh);
    if (isForNotice) refresh = withCountedList(refresh, askedAtMs);
    setCurrentDetails(
      isForNotice
        ? 'Asking Human API for the reports that it announced after the closing.'
        : 'Asking Human API whether reports have come since the closing.',
    );
    // Of a round with reports a refusal is doubted: it may be a moment's.
    const despite = accessDenialContradiction(null, refresh.collection);
    const answer = await upstreamActivities(isForNotice ? 'notice' : 'background', 'List the reports').listReports({
      clientUserId,
      ...listSelection(refresh.collection, round.policy),
      named: refresh.awaited.map(({ notice }) => notice.reportId),
      concluding: true,
      patienceMs: null,
      ...accessPatience(despite, round.policy),
    });
    const { collection } = refresh;
    // Credentials were proven since: a person who had connected is withdrawn, and every notice of theirs is answered.
    isAccessDenied = answer.kind === 'refused';
    const reports = answer.kind === 'listed' ? answer.reports : null;
    const learnt = withListAnswer(collection, answer, Date.now(), round.policy.pollMs.someSynced);
    refresh = withListResult(refresh, learnt, reports, askedAtMs);
  }

  /** What was stored before a cancel came is recorded, for the manifest is to tell of it; then the refresh ends. */
  async function fetchAll(documents: readonly WantedDocument[]): Promise<void> {
    const fetched = await Promise.allSettled(documents.map(fetchOne));
    for (const { reason } of fetched.filter((result) => result.status === 'rejected')) {
      if (!isCancellation(reason)) throw reason;
    }
  }

  async function fetchOne(wanted: WantedDocument): Promise<void> {
    const { round } = refresh;
    if (!round) throw new TypeError('a document was fetched before the manifest was read');
    const fetched = await download(wanted, refresh.collection, { clientUserId, ...round });
    const collection = withDownloadResult(refresh.collection, wanted, fetched, Date.now(), round.policy);
    refresh = { ...refresh, collection, stored: refresh.stored + (fetched.kind === 'stored' ? 1 : 0) };
  }

  async function record(): Promise<void> {
    const { round, collection } = refresh;
    const { documents } = collection;
    const missing = missingDocuments(collection, round?.policy.wanted ?? {});
    const change = { clientUserId, closedAt: round?.closedAt ?? null, documents, missing };
    await CancellationScope.nonCancellable(() => internalActivities('Write the manifest').recordRefresh(change));
    refresh = { ...refresh, collection: withRecorded(refresh.collection) };
  }

  /** True once the open applicant has every notice; one that closed meanwhile leaves them to us. */
  async function forwardNotices(): Promise<boolean> {
    const notices = refresh.awaited.slice(0, NOTICES_PER_BATCH).map(({ notice }) => notice);
    const call = internalActivities('Pass the notice on');
    const taken = await Promise.all(notices.map((notice) => call.passToApplicant({ clientUserId, notice })));
    refresh = withoutAwaitedReports(refresh, new Set(notices.filter((_, index) => taken[index] === 'taken')));
    return refresh.awaited.length === 0;
  }

  /** The run that asked for the checks is still open, not a later round, which asks for checks of its own when it closes. */
  function isClosingRun({ sinceMs }: { readonly sinceMs?: number }): boolean {
    return refresh.checks !== null && sinceMs !== undefined && sinceMs <= refresh.checks.closedAtMs;
  }

  async function waitForClosing(): Promise<void> {
    const { first, most } = CLOSING_AGAIN_MS;
    await sleep(Math.min(first * 2 ** closingLooks, most), { summary: 'waiting for the applicant to close' });
    closingLooks += 1;
  }

  async function waitUntil(untilMs: number): Promise<void> {
    const known = refresh;
    setCurrentDetails(`Waiting for further reports, until ${new Date(untilMs).toISOString()} at the latest.`);
    const options = { summary: 'waiting for further reports' };
    await condition(() => refresh !== known || shouldContinueAsNew(), Math.max(1_000, untilMs - Date.now()), options);
  }

  function shouldContinueAsNew(): boolean {
    return hasReachedRunLimit(signals);
  }

  function toResult(ended: RefreshReportsResult['ended']): RefreshReportsResult {
    return { clientUserId, ended, stored: refresh.stored, ignored: refresh.ignored };
  }
}
