import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { withFetched } from '../domain/collection';
import { confirmedRefusal, doubtReadAtMs } from '../domain/facts';
import { newestStored, type WantedDocument } from '../domain/reports';
import type { Applicant } from './applicant';
import { upstream } from './calls';
import { learn, readBack } from './upstream-reads';
import type { Watch } from './watch';

/**
 * Fetches side by side. A document that is not to be had may take an hour, and what is heard meanwhile is not left for that long: a notice
 * that has to be checked is checked beside the downloads, and a person who turns out to have declined is not fetched from any further.
 * What was stored before that, or before a cancel came, is kept, for the manifest is to tell of it.
 */
export async function fetchAll(
  documents: readonly WantedDocument[],
  applicant: Applicant,
  watch: Watch,
): Promise<void> {
  const scope = new CancellationScope();
  let ended = false;
  const fetching = scope
    .run(() => fetchBeside(documents, applicant))
    .finally(() => {
      ended = true;
    });
  while (!ended && !confirmedRefusal(applicant.facts)) await listen(applicant, watch, () => ended);
  if (!ended) scope.cancel();
  for (const result of await fetching) {
    const refused = confirmedRefusal(applicant.facts);
    if (result.status === 'rejected' && !(refused && isCancellation(result.reason))) throw result.reason;
  }
}

/** Fetches side by side, and gives what came of each. */
export function fetchBeside(
  documents: readonly WantedDocument[],
  applicant: Applicant,
): Promise<PromiseSettledResult<void>[]> {
  return Promise.allSettled(documents.map((wanted) => fetchOne(wanted, applicant)));
}

/** Waits for the downloads to end, for something to be checked, or for what a poll has found, and takes that in. */
async function listen(applicant: Applicant, watch: Watch, ended: () => boolean): Promise<void> {
  const { facts } = applicant;
  const readAtMs = doubtReadAtMs(facts, applicant.input.policy);
  const changed = () => ended() || watch.hasFound || applicant.facts !== facts;
  if (readAtMs === null) await condition(changed);
  else if (readAtMs > Date.now()) await condition(changed, readAtMs - Date.now());
  if (ended()) return;
  const finding = watch.found();
  if (finding) return learn(applicant, finding);
  if (readAtMs !== null && readAtMs <= Date.now()) await readBack(applicant, 'notice');
}

async function fetchOne(wanted: WantedDocument, { state, input }: Applicant): Promise<void> {
  const { report, format } = wanted;
  const { clientUserId } = state;
  const newest = newestStored(state.collection.documents, report.id, format);
  const call = upstream('download', `Fetch a report as ${format}`);
  const fetched = await call.fetchDocument({ clientUserId, report, format, newest });
  state.collection = withFetched(state.collection, wanted, fetched, Date.now(), input.policy);
}
