import type { Client } from '@temporalio/client';
import type { FileEncryption } from '../domain/encryption';
import type { DeliveryState } from '../domain/event-log';
import type { Need } from '../domain/needs';
import type { Outcome, Stage } from '../domain/outcome';
import type { Policy } from '../domain/policy';
import type { Wanted } from '../domain/reports';
import type { ReasonCode } from '../domain/steering';
import type { EventsSettings } from '../events/settings';
import type { Audit } from '../observability/audit';
import type { DigestKeys } from '../report-store/keyed-digest';
import type { ReportStore } from '../report-store/port';
import type { ApplicantDetails, EventPeriod } from '../workflows/contract';
import type {
  ApplicantPage,
  AttentionView,
  AuditPage,
  BatchCheckView,
  BatchPage,
  BatchResultRow,
  BatchView,
  DeliveryPage,
  DetailsView,
  DocumentsView,
  EndpointsView,
  EndpointTestView,
  EndpointView,
  EventsView,
  EventView,
  InvitationView,
  OpenDocument,
  StartedApplicant,
  StartedBatch,
  SteeredApplicant,
  SteeredBatch,
  StreamComment,
  StreamEvent,
  SummaryView,
  SystemView,
  TaggedApplicant,
  TimelineView,
} from './views';

/** What the use cases work with. */
export interface UseCaseDeps {
  readonly client: Client;
  readonly taskQueue: string;
  readonly reportStore: ReportStore;
  /** Of event logs and batches on the shelf of the store. */
  readonly encryption: FileEncryption;
  readonly events: EventsSettings;
  readonly audit: Pick<Audit, 'record'>;
  /** Of applicants that start. */
  readonly policy: Policy;
  /** To compare details with a manifest. Without the client secret, a digest whose key is missing here is compared by the workflow. */
  readonly digestKeys: DigestKeys;
  /** `AUDIT_LOG`, to read it. */
  readonly auditFolder: string;
  /** `WEBHOOK_SPOOL`, if this process can read it; null or absent: it cannot. */
  readonly spoolFolder?: string | null;
  /** Replaces the clock in tests. */
  readonly nowMs?: () => number;
}

/** The caller, as the audit log records it. */
export interface Actor {
  /** An API key's name, or `cli:<os user>`. */
  readonly who: string;
  /** A user of the caller's system, as the caller claims; matches the alphabet of audit ids. */
  readonly onBehalfOf?: string;
}

/** `details` are valid and normalized. */
export interface StartCommand {
  readonly details: ApplicantDetails;
  readonly autoInvite: boolean;
  /** Replaces the `wanted` of the policy. */
  readonly reports?: Wanted | undefined;
  readonly authorizationReference?: string | undefined;
  readonly again: boolean;
  /** The ETag that the caller saw, without quotes; null: none. Only `again` needs one. */
  readonly ifMatch: string | null;
}

/** Instants in ms since 1970. */
export interface ListFilters {
  readonly prefix?: string | undefined;
  readonly humanId?: string | undefined;
  readonly stage?: Stage | undefined;
  readonly outcome?: Outcome | undefined;
  /** All of them. */
  readonly needs?: readonly Need[] | undefined;
  readonly open?: boolean | undefined;
  readonly openedAfterMs?: number | undefined;
  readonly openedBeforeMs?: number | undefined;
  readonly closedAfterMs?: number | undefined;
  readonly closedBeforeMs?: number | undefined;
  readonly stageSinceAfterMs?: number | undefined;
  readonly stageSinceBeforeMs?: number | undefined;
  readonly dueBeforeMs?: number | undefined;
}

/** The most applicants of a page of a list. */
export const MAX_PAGE = 200;

export interface ListQuery extends ListFilters {
  /** 1 to {@link MAX_PAGE}. */
  readonly limit: number;
  readonly cursor: string | null;
}

export interface DeliveryQuery {
  /** The endpoint's name. */
  readonly endpoint?: string | undefined;
  readonly state?: DeliveryState | undefined;
  readonly clientUserId?: string | undefined;
  /** How many applicants and batches a page looks at. */
  readonly limit: number;
  readonly cursor: string | null;
}

/** A file of applicants, read once. */
export interface BatchUpload {
  readonly format: 'csv' | 'ndjson';
  readonly body: AsyncIterable<Uint8Array>;
  /** The identity of the batch; null: the content is. */
  readonly key: string | null;
}

/**
 * What callers of the api and users of the commands can do. Each act writes its audit line first. Methods throw the errors of errors.ts,
 * AuditUnavailable and KeyMissing; for a document also AlteredDocument. A reading method never answers "nothing" if it could not find out.
 */
export interface UseCases {
  /** @throws {DetailsConflict}; {NotNow}; {PreconditionFailed}; {PreconditionRequired}; {Unavailable} */
  start(command: StartCommand, actor: Actor): Promise<StartedApplicant>;
  /** @throws {InvalidInput} for a cursor that was altered, is too old or belongs to other filters; {Unavailable} */
  list(query: ListQuery): Promise<ApplicantPage>;
  /** @throws {NotFound}; {Unavailable} */
  show(clientUserId: string): Promise<TaggedApplicant>;
  timeline(clientUserId: string): Promise<TimelineView>;
  /** Reads the first event of the newest run, so it needs no worker. @throws {NotFound} also if Temporal has deleted the run */
  details(clientUserId: string, actor: Actor): Promise<DetailsView>;
  /** @throws {NotFound} if it is closed or adopted; {NotNow} while inviting; {Unavailable} without a worker */
  invitation(clientUserId: string, actor: Actor): Promise<InvitationView>;

  cancel(
    clientUserId: string,
    request: { readonly reasonCode: ReasonCode; readonly note?: string },
    actor: Actor,
  ): Promise<SteeredApplicant>;
  checkNow(clientUserId: string, actor: Actor): Promise<SteeredApplicant>;
  finishNow(
    clientUserId: string,
    request: { readonly reasonCode: ReasonCode },
    actor: Actor,
  ): Promise<SteeredApplicant>;
  /** @throws {InvalidInput} in the past, or more than a year ahead */
  setDeadline(clientUserId: string, request: { readonly atMs: number }, actor: Actor): Promise<SteeredApplicant>;
  snooze(
    clientUserId: string,
    request: { readonly untilMs: number; readonly note?: string },
    actor: Actor,
  ): Promise<SteeredApplicant>;
  /** Runs the failing call that waits for its retry now. @throws {NotNow} if none waits */
  retry(clientUserId: string, actor: Actor): Promise<SteeredApplicant>;
  /** Withdraws the person of a closed applicant, and stops refreshes. */
  withdraw(clientUserId: string, request: { readonly reasonCode: ReasonCode }, actor: Actor): Promise<SteeredApplicant>;

  documents(clientUserId: string, actor: Actor): Promise<DocumentsView>;
  /** @throws {NotFound} */
  openDocument(clientUserId: string, documentId: string, actor: Actor): Promise<OpenDocument>;
  /** A ZIP file with the current documents and `manifest.json`; recorded before the first byte. */
  openZip(clientUserId: string, actor: Actor): Promise<AsyncIterable<Uint8Array>>;

  /** Stores and starts nothing. @throws {InvalidInput}; {TooLarge} */
  checkBatch(upload: BatchUpload): Promise<BatchCheckView>;
  /** @throws {InvalidInput}; {TooLarge}; {KeyReused}; {Unavailable} */
  startBatch(upload: BatchUpload, actor: Actor): Promise<StartedBatch>;
  batches(query: { readonly limit: number; readonly cursor: string | null }): Promise<BatchPage>;
  batch(batchId: string): Promise<BatchView>;
  /** @throws {BatchEnded} */
  steerBatch(batchId: string, act: 'pause' | 'resume' | 'cancel', actor: Actor): Promise<SteeredBatch>;
  batchResults(batchId: string): Promise<AsyncIterable<BatchResultRow>>;

  events(clientUserId: string): Promise<EventsView>;
  deliveries(query: DeliveryQuery): Promise<DeliveryPage>;
  /** `endpoint` null: to all. @throws {NotFound} */
  resend(eventId: string, endpoint: string | null, actor: Actor): Promise<EventView>;
  endpoints(): Promise<EndpointsView>;
  pauseEndpoint(name: string, actor: Actor): Promise<EndpointView>;
  resumeEndpoint(name: string, actor: Actor): Promise<EndpointView>;
  testEndpoint(name: string, actor: Actor): Promise<EndpointTestView>;
  /** @throws {InvalidInput} for a period that ends before it begins */
  recoverEndpoint(name: string, period: EventPeriod, actor: Actor): Promise<EndpointView>;

  /** Changes of applicants, until the signal. `lastEventId`: the last one that the caller has; null: none. */
  stream(lastEventId: string | null, signal: AbortSignal): AsyncIterable<StreamEvent | StreamComment>;

  summary(): Promise<SummaryView>;
  attention(): Promise<AttentionView>;
  system(): Promise<SystemView>;
  audit(
    query: {
      readonly clientUserId?: string;
      readonly who?: string;
      readonly limit: number;
      readonly cursor: string | null;
    },
    actor: Actor,
  ): Promise<AuditPage>;
}
