import type { ApplicantRuns } from '../../src/activities/applicant-runs';
import type { BatchDeps } from '../../src/activities/batch';
import type { EventDeps } from '../../src/activities/events';
import type { ManifestDeps } from '../../src/activities/manifests';
import type { RetentionSettings } from '../../src/activities/retention';
import { DAY_MS } from '../../src/domain/policy';
import type { EventRecorder } from '../../src/events/recorder';
import type { ReportStore } from '../../src/report-store/port';
import { DIGEST_KEYS } from './fake-store';

/** Temporal without any applicant. */
export const NO_RUNS: ApplicantRuns = {
  isOpen: async () => false,
  openSinceMs: async () => null,
  findByHumanId: async () => null,
  deliverToRunOrRefresh: async () => 'closed-or-unknown',
  deliverToOpenRun: async () => 'closed-or-unknown',
  deliverToRefresh: async () => {},
  scheduleChecks: async () => {},
};

/** Without an endpoint for events. */
export const NO_EVENTS: EventRecorder = {
  types: undefined,
  append: async () => {
    throw new Error('expected no event without an endpoint');
  },
  requestDeliveries: async () => {},
};

/** Without batches. */
export const NO_BATCHES: BatchDeps['batches'] = {
  countInviting: async () => 0,
  startRow: async () => {
    throw new Error('expected no batch');
  },
  isStartedBy: async () => false,
};

/** Dependencies of the activities about manifests; the audit log is discarded. */
export function manifestDeps(reportStore: ReportStore): ManifestDeps & EventDeps {
  const audit = { record: async () => {} };
  return { reportStore, digestKeys: DIGEST_KEYS, audit, runs: NO_RUNS, refreshForMs: 30 * DAY_MS, events: NO_EVENTS };
}

const neverCalled = async () => {
  throw new Error('expected nothing to be erased by age');
};

/** REPORTS_RETENTION is off. */
export const NO_RETENTION: RetentionSettings = {
  retentionMs: null,
  eraseClosed: neverCalled,
  dropQuarantined: neverCalled,
};
