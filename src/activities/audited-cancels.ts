import type { AuditEntry } from '../observability/audit';
import type { ManifestChange } from '../report-store/port';
import type { RecordedManifest } from './manifests';

interface RecordsManifests {
  recordManifest(change: ManifestChange): Promise<RecordedManifest>;
}

/**
 * The same activities, and a line in the audit log for each applicant whom an operator cancelled. A cancel is asked for in Temporal, with its UI
 * or its CLI, so it is known when the applicant has closed by it, and Temporal's history names who asked. A log that cannot be written says so
 * itself, and holds up nobody's closing.
 */
export function auditingCancels<A extends RecordsManifests>(
  activities: A,
  audit: { record(entry: AuditEntry): Promise<void> },
): A {
  return {
    ...activities,
    async recordManifest(change: ManifestChange): Promise<RecordedManifest> {
      const recorded = await activities.recordManifest(change);
      const { clientUserId, outcome, reason } = change;
      // A write that came too late closed nothing.
      if (outcome !== 'cancelled' || reason !== 'operator' || recorded.outcome !== outcome) return recorded;
      const detail = "asked for in Temporal; the run's history names who";
      await audit.record({ who: 'worker', did: 'cancel', clientUserId, detail }).catch(() => undefined);
      return recorded;
    },
  };
}
