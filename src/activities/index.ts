import { type BatchDeps, createBatchActivities } from './batch';
import { createDeliverEvents, type DeliveryDeps } from './deliver-events';
import { createEndpointActivities, type EndpointDeps } from './endpoints';
import { createEventActivities, type EventDeps } from './events';
import { createInvitationActivities, type InvitationDeps } from './invitation';
import { createMailboxActivities, type MailboxDeps } from './mailbox';
import { createManifestActivities, type ManifestDeps } from './manifests';
import { createPersonActivities } from './person';
import { createRefreshActivities, type RefreshDeps } from './refresh';
import { createReportActivities, type ReportDeps } from './reports';
import { createRetentionActivities, type RetentionDeps } from './retention';
import { createSweepActivities, type SweepDeps } from './sweep';
import { createSweepUpstreamActivities } from './sweep-upstream';
import { createWithdrawalActivities, createWithdrawalRecordActivities } from './withdrawal';

export type UpstreamActivities = ReturnType<typeof createUpstreamActivities>;
export type DeliveryActivities = ReturnType<typeof createDeliveryActivities>;
export type InternalActivities = ReturnType<typeof createInternalActivities>;

/** Activities that call the upstream, and the turns before some of them: on task queues whose rates the server limits for the whole fleet. */
export function createUpstreamActivities(deps: InvitationDeps & ReportDeps) {
  return {
    ...createInvitationActivities(deps),
    ...createPersonActivities(deps),
    ...createReportActivities(deps),
    ...createWithdrawalActivities(deps),
    ...createSweepUpstreamActivities(deps),
    ...createTurnActivities(),
  };
}

/** Activities that use only the store and Temporal, on the task queue of the workflows. */
export function createInternalActivities(
  deps: ManifestDeps & RefreshDeps & SweepDeps & MailboxDeps & RetentionDeps & EventDeps & EndpointDeps & BatchDeps,
) {
  return {
    ...createManifestActivities(deps),
    ...createMailboxActivities(deps),
    ...createEventActivities(deps),
    ...createEndpointActivities(deps),
    ...createBatchActivities(deps),
    ...createRefreshActivities(deps),
    ...createWithdrawalRecordActivities(deps),
    ...createSweepActivities(deps),
    ...createRetentionActivities(deps),
  };
}

/** Activities that call the receivers of the events, on a task queue of their own. */
export function createDeliveryActivities(deps: DeliveryDeps) {
  return { deliverEvents: createDeliverEvents(deps) };
}

/** Waits for a rate limit: the task queue decides when the activity starts. */
function createTurnActivities() {
  return {
    /** Does nothing. */
    async awaitTurn(): Promise<void> {},
  };
}
