import type { RecordedManifest } from '../activities/manifests';
import type { Collection } from '../domain/collection';
import { withRecorded } from '../domain/collection-documents';
import { toIso } from '../domain/instants';
import { missingDocuments } from '../domain/missing-documents';
import { countOccurrences, entriesAfter } from '../domain/timeline';
import { internalActivities, localActivityFirst } from './activity-calls';
import type { Applicant } from './applicant';

/** Writes the documents collected so far into the manifest. */
export async function recordDocuments(applicant: Applicant): Promise<void> {
  const { state } = applicant;
  const change = nextManifestChange(applicant);
  const occurrences = countOccurrences(state.timeline);
  const { heldDocuments } = applicant.outbox;
  const recorded = await localActivityFirst('Write the manifest', ({ recordManifest }) => recordManifest(change));
  learnWrite(applicant, recorded, { occurrences, heldDocuments });
}

/**
 * Writes the outcome into the manifest, and schedules the checks. Not a local activity: its result is lost if the workflow task fails after the write.
 * A cancel request that came before the second attempt would then replace the written outcome.
 */
export async function recordOutcome(applicant: Applicant, checkAfterMs: readonly number[] = []): Promise<void> {
  const { state } = applicant;
  const checks = checkAfterMs.length > 0 && { checkAfterMs };
  for (;;) {
    const { round } = state;
    const change = nextManifestChange(applicant);
    const occurrences = countOccurrences(state.timeline);
    const { heldDocuments } = applicant.outbox;
    const recorded = await internalActivities('Write the manifest').recordManifest({
      ...change,
      ...checks,
      ...(state.cancel !== null && { isCancelAudited: true }),
    });
    learnWrite(applicant, recorded, { occurrences, heldDocuments });
    // A write with an old revision changes no outcome, and the revision may be old after a restore of Temporal or a terminated run. Write again with
    // the next one, but not over a later round.
    if (!recorded || recorded.outcome === state.outcome || (recorded.round ?? 1) > round) return;
  }
}

/** What there was to write when a write began. */
interface WriteBegin {
  /** Those of the timeline. */
  readonly occurrences: number;
  readonly heldDocuments: number;
}

/** `recorded` undefined: a worker of 0.1.0 wrote the manifest. */
function learnWrite(
  { state, outbox }: Applicant,
  recorded: RecordedManifest | undefined,
  { occurrences, heldDocuments }: WriteBegin,
): void {
  state.collection = withRecorded(state.collection);
  state.recordedOccurrences = occurrences;
  state.round = Math.max(state.round, recorded?.round ?? 1);
  state.revision = Math.max(state.revision, recorded?.revision ?? 0);
  outbox.configure(recorded?.events);
  outbox.releaseDocuments(heldDocuments, state.round);
}

/** What the next write of the manifest contains. Increments the revision. */
function nextManifestChange(applicant: Applicant) {
  const { state, input } = applicant;
  state.revision += 1;
  const { entries: timeline, omitted } = entriesAfter(state.timeline, applicant.recordedOccurrences);
  return {
    clientUserId: state.clientUserId,
    humanId: state.humanId,
    outcome: state.outcome,
    reason: state.reason,
    wanted: input.policy.wanted,
    detailsDigest: input.detailsDigest,
    openedAt: toIso(applicant.isInvited ? applicant.facts.timestamps.openedAtMs : null),
    closedAt: toIso(applicant.closedAtMs),
    documents: state.collection.documents,
    ...newDocumentsOnly(state.collection),
    missing: missingDocuments(state.collection, input.policy.wanted),
    round: state.round,
    detailsRound: state.detailsRound,
    revision: state.revision,
    ...(timeline.length > 0 && { timeline }),
    ...(omitted > 0 && { omitted }),
    ...(state.failure && { failure: state.failure }),
    ...(input.authorizationReference !== undefined && { authorizationReference: input.authorizationReference }),
  };
}

/** With many documents the state holds only the ones that are not in the manifest yet. */
function newDocumentsOnly({ marks }: Collection): { onlyNewDocuments?: true } {
  return Object.keys(marks).length > 0 ? { onlyNewDocuments: true } : {};
}
