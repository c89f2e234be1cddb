import { CancellationScope, sleep } from '@temporalio/workflow';
import { allowedAtMs } from '../domain/allowance';
import type { Conclusion } from '../domain/applicant';
import { toFetch } from '../domain/collection';
import { cadenceMs } from '../domain/facts';
import { DAY_MS } from '../domain/policy';
import type { Applicant } from './applicant';
import { inHouse } from './calls';
import { recordClosing } from './closing';
import { fetchBeside } from './fetching';
import { listReports } from './upstream-reads';

/** A flood of notices does not keep an applicant from ending for longer than this. */
const LATE_MOST_MS = DAY_MS;

/** Report notices that one activity passes on: a few milliseconds each. */
const PASSED_ON_AT_ONCE = 50;
/** A flood does not keep the run from ending: so many notices have the refresh list for half an hour, and each list shows everything. */
const PASSED_ON_MOST = 1_000;

/**
 * Passes the report notices that came while the manifest was read on to the refresh of the recorded round. They were acknowledged, and a run that
 * ends by the manifest looks into none itself. Shielded: a cancel must not be written over the recorded outcome.
 */
export async function passEarlyReports(applicant: Applicant): Promise<void> {
  const { clientUserId } = applicant.state;
  await CancellationScope.nonCancellable(async () => {
    // Counts notices, not batches: notices that arrive one by one make batches of one.
    for (let passedOn = 0; passedOn < PASSED_ON_MOST; ) {
      const notices = applicant.takeEarlyReports(PASSED_ON_AT_ONCE);
      if (notices.length === 0) return;
      await inHouse('Pass the notices on').passToRefresh({ clientUserId, notices });
      passedOn += notices.length;
    }
  });
}

/**
 * Looks into the report notices that came while the applicant was being closed. They were acknowledged, and nothing polls afterwards: whoever ended
 * now would lose them. What they lead to is stored and told of in the manifest; the outcome stands. After a withdrawal nothing is to be had.
 */
export async function collectLate(applicant: Applicant, { withdraw }: Conclusion): Promise<void> {
  const { state, input } = applicant;
  if (withdraw || state.facts === null) return;
  const untilMs = Date.now() + LATE_MOST_MS;
  while (state.collection.wantedAtMs !== null && Date.now() < untilMs) {
    const waitMs = allowedAtMs(state.collection.noticeLists, cadenceMs(applicant.facts, input.policy)) - Date.now();
    if (waitMs > 0) await sleep(waitMs, { summary: 'waiting before the reports are listed again' });
    await listReports(applicant, 'late-notice');
    const documents = toFetch(state.collection, input.policy.wanted, Date.now());
    if (documents.length === 0) continue;
    await fetchBeside(documents, applicant);
    await recordClosing(applicant);
  }
}
