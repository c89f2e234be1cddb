import { createInvitationActivities, type InvitationDeps } from './invitation';
import { type ApplicantDirectory, createMailboxActivities } from './mailbox';
import { createManifestActivities, type ManifestDeps } from './manifests';
import { createPersonActivities } from './person';
import { createRefreshActivities, type RefreshDeps } from './refreshes';
import { createReportActivities, type ReportDeps } from './reports';

export type UpstreamActivities = ReturnType<typeof createUpstreamActivities>;
export type LocalActivities = ReturnType<typeof createLocalActivities>;

/** What calls Human API: served on a task queue whose rate the server caps for the whole fleet. */
export function createUpstreamActivities(deps: InvitationDeps & ReportDeps) {
  return { ...createInvitationActivities(deps), ...createPersonActivities(deps), ...createReportActivities(deps) };
}

/** What talks to the store and to Temporal only: served beside the workflows. */
export function createLocalActivities(deps: ManifestDeps & RefreshDeps & { directory: ApplicantDirectory }) {
  return { ...createManifestActivities(deps), ...createMailboxActivities(deps), ...createRefreshActivities(deps) };
}
