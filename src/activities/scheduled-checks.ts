import { parseInstantMs } from '../domain/instants';
import type { ManifestChange } from '../report-store/port';
import type { RecordedManifest } from './manifests';
import type { ApplicantRuns } from './refresh';

interface RecordsManifests {
  recordManifest(change: ManifestChange): Promise<RecordedManifest>;
}

/** A write of the manifest. `checkAfterMs`: of a closing after which the reports are listed again, so many ms after `closedAt`, ascending. */
type ClosingChange = ManifestChange & { readonly checkAfterMs?: readonly number[] };

/**
 * The same activities, and a refresh scheduled for each closing that asks for checks. It is part of the write (decision 0037): no command is
 * added, so runs of earlier versions go on, and no history grows. A retried attempt schedules the same refresh once.
 */
export function schedulingChecks<A extends RecordsManifests>(
  activities: A,
  { runs, refreshForMs }: { readonly runs: Pick<ApplicantRuns, 'scheduleChecks'>; readonly refreshForMs: number },
) {
  return {
    ...activities,
    async recordManifest({ checkAfterMs = [], ...change }: ClosingChange): Promise<RecordedManifest> {
      const recorded = await activities.recordManifest(change);
      const closedAtMs = parseInstantMs(change.closedAt);
      // A later check would find the closing too old.
      const afterMs = checkAfterMs.filter((ms) => ms <= refreshForMs);
      const [firstMs] = afterMs;
      // A write that came too late closed nothing.
      if (closedAtMs === null || firstMs === undefined || recorded.outcome !== change.outcome) return recorded;
      await runs.scheduleChecks(change.clientUserId, { closedAtMs, afterMs }, firstMs).catch(unlessRefused);
      return recorded;
    },
  };
}

/** A refresh that holds its maximum of signals lists anyway, and must not keep an applicant from closing. */
function unlessRefused(error: unknown): void {
  if ((error as { kind?: unknown } | null)?.kind !== 'refused') throw error;
}
