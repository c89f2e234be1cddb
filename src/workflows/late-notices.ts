import { CancellationScope, sleep } from '@temporalio/workflow';
import type { Conclusion } from '../domain/applicant';
import { selectDownloads } from '../domain/collection';
import { pollCadenceMs } from '../domain/facts';
import { DAY_MS } from '../domain/policy';
import { nextAllowedAtMs } from '../domain/rate-limit';
import { internalActivities } from './activity-calls';
import type { Applicant } from './applicant';
import { checkReports } from './checks';
import { writeManifest } from './closing';
import { fetchConcurrently } from './documents';

/** A flood of notices does not keep an applicant from ending for longer than this. */
const MAX_LATE_PERIOD_MS = DAY_MS;

/** Report notices that one activity passes on: a few milliseconds each. */
const NOTICES_PER_BATCH = 50;
/** A flood does not keep the run from ending: so many notices have the refresh list for half an hour, and each list shows everything. */
const PASSED_ON_MOST = 1_000;

/**
 * Passes the report notices that came while the manifest was read on to the refresh of the recorded round. They were acknowledged, and a run that
 * ends by the manifest looks into none itself. Shielded: a cancel must not be written over the recorded outcome.
 */
export async function passEarlyNoticesToRefresh(applicant: Applicant): Promise<void> {
  const { clientUserId } = applicant.state;
  await CancellationScope.nonCancellable(async () => {
    // Counts notices, not batches: notices that arrive one by one make batches of one.
    for (let passedOn = 0; passedOn < PASSED_ON_MOST; ) {
      const notices = applicant.takeEarlyReportNotices(NOTICES_PER_BATCH);
      if (notices.length === 0) return;
      await internalActivities('Pass the notices on').passToRefresh({ clientUserId, notices });
      passedOn += notices.length;
    }
  });
}

/**
 * Looks into the report notices that came while the applicant was being closed. They were acknowledged, and nothing polls afterwards: whoever ended
 * now would lose them. What they lead to is stored and told of in the manifest; the outcome stands. After a withdrawal nothing is to be had.
 */
export async function collectLateReports(
  applicant: Applicant,
  { shouldWithdraw: withdraw }: Conclusion,
): Promise<void> {
  const { state, input } = applicant;
  if (withdraw || state.facts === null) return;
  const untilMs = Date.now() + MAX_LATE_PERIOD_MS;
  while (state.collection.wantedAtMs !== null && Date.now() < untilMs) {
    const waitMs =
      nextAllowedAtMs(state.collection.noticeLists, pollCadenceMs(applicant.facts, input.policy)) - Date.now();
    if (waitMs > 0) await sleep(waitMs, { summary: 'waiting before the reports are listed again' });
    await checkReports(applicant, 'late-notice');
    const documents = selectDownloads(state.collection, input.policy.wanted, Date.now());
    if (documents.length === 0) continue;
    await fetchConcurrently(documents, applicant);
    await writeManifest(applicant);
  }
}
