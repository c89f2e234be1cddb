import type { Action } from '../domain/actions';
import type { DeliveryAttempt, DeliveryState } from '../domain/event-log';
import type { EventType } from '../domain/events';
import type { ApplicantFailure } from '../domain/failure';
import type { Need } from '../domain/needs';
import type { Outcome, Reason, Stage } from '../domain/outcome';
import type { MissingCounts, MissingDocument, StoredDocument } from '../domain/reports';
import type { Refusal } from '../domain/steering';
import type { TimelineKind, TimelineSource } from '../domain/timeline';
import type { EndpointState } from '../events/endpoints';
import type { BatchRowResult, InvalidRow, RowResult } from '../report-store/batch-files';
import type { ByteRange } from '../report-store/port';

// The answers of the use cases, as the api sends them: instants are ISO 8601 in UTC with milliseconds, every field is present, null is unknown.

/** A code of a closed vocabulary with its sentence. */
export interface CodedText {
  readonly code: string;
  readonly text: string;
}

export interface RoundView {
  readonly round: number;
  readonly outcome: Outcome | null;
  readonly reason: Reason | null;
  readonly openedAt: string | null;
  readonly closedAt: string | null;
}

/** A call that fails and is retried. `failure`: the class of the failure, never its message. */
export interface PendingCallView {
  readonly call: string;
  readonly attempt: number;
  readonly failure: string | null;
  readonly since: string | null;
  readonly nextAttemptAt: string | null;
}

/** `why`: null if the action is allowed. */
export interface ActionView {
  readonly allowed: boolean;
  readonly why: Refusal | null;
}

export type ActionsView = Readonly<Record<Action, ActionView>>;

/** What did not answer, so that fields of a view are null or old. */
export const DEGRADATIONS = ['no-worker', 'temporal-unavailable', 'store-unavailable'] as const;
export type Degradation = (typeof DEGRADATIONS)[number];

export interface ApplicantView {
  readonly clientUserId: string;
  readonly humanId: string | null;
  readonly round: number | null;
  readonly runId: string | null;
  readonly open: boolean;
  readonly stage: Stage | null;
  readonly stageSince: string | null;
  readonly status: string | null;
  readonly outcome: Outcome | null;
  readonly reason: Reason | null;
  readonly openedAt: string | null;
  readonly closedAt: string | null;
  readonly waitingFor: CodedText | null;
  readonly waitingUntil: string | null;
  readonly deadline: { readonly at: string; readonly kind: 'invitation' | 'applicant' } | null;
  readonly nextCheckAt: string | null;
  readonly nextStep: CodedText | null;
  readonly needs: readonly Need[];
  readonly snoozedUntil: string | null;
  readonly failure: ApplicantFailure | null;
  readonly hold: { readonly reasonCode: string; readonly since: string | null } | null;
  readonly rounds: readonly RoundView[] | null;
  /** Null in a list. */
  readonly pendingCalls: readonly PendingCallView[] | null;
  readonly documents: {
    readonly stored: number;
    readonly superseded: number;
    readonly missing: MissingCounts;
  } | null;
  /** Null in a list. */
  readonly actions: ActionsView | null;
  readonly authorizationReference: string | null;
  readonly asOf: string;
  readonly source: 'temporal' | 'manifest';
  readonly degraded: readonly Degradation[];
}

/** A view with its strong entity tag, without quotes. */
export interface TaggedApplicant {
  readonly applicant: ApplicantView;
  readonly etag: string;
}

export type StartedApplicant = TaggedApplicant & { readonly result: 'started' | 'running' | 'closed' };

/** `already`: it was done before. */
export type SteeredApplicant = TaggedApplicant & { readonly done: 'accepted' | 'already' };

export interface ApplicantPage {
  readonly items: readonly ApplicantView[];
  readonly nextCursor: string | null;
  readonly asOf: string;
  /** Closed applicants before this time may be missing; null: unknown. */
  readonly coverage: { readonly since: string | null };
}

export interface TimelineItem {
  readonly at: string;
  readonly kind: TimelineKind;
  readonly source: TimelineSource;
  readonly text: string;
  readonly data: Readonly<Record<string, string | number>> | null;
}

/** Newest first, at most 200 items. */
export interface TimelineView {
  readonly items: readonly TimelineItem[];
  /** How many were dropped between the first one and the others. */
  readonly omitted: number;
  readonly degraded: readonly Degradation[];
}

/** The only view with the details of a start. */
export interface DetailsView {
  readonly clientUserId: string;
  readonly clientUserEmail: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly dateOfBirth: string | null;
  readonly suggestedSources: readonly string[];
}

export interface InvitationView {
  readonly inviteLink: string;
}

export interface DocumentView extends Omit<StoredDocument, 'file' | 'round' | 'encrypted'> {
  /** The first 32 hex digits of SHA-256 of the manifest's `file`. */
  readonly documentId: string;
}

export interface DocumentsView {
  readonly items: readonly DocumentView[];
  readonly missing: readonly MissingDocument[];
  readonly asOf: string;
}

/** A document that is about to be sent. */
export interface OpenDocument {
  readonly document: DocumentView;
  /** The name of a saved file; ids, type and format only. */
  readonly fileName: string;
  /**
   * The bytes; `range`: the first and the last byte. The opening is in the audit log: one line per document, actor and minute. Without a range, size
   * and sha256 are verified, and the last piece is held back until then. @throws AlteredDocument; {NotFound}; {Unavailable}
   */
  read(range?: ByteRange): AsyncGenerator<Uint8Array>;
}

export interface SummaryView {
  readonly stages: Readonly<Record<Stage, number>>;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** The last 30 days, oldest first; `date`: `YYYY-MM-DD` in UTC. */
  readonly days: readonly { readonly date: string; readonly opened: number; readonly closed: number }[];
  /** Open applicants by the age of their round. */
  readonly ages: readonly { readonly atMostDays: number | null; readonly count: number }[];
  readonly coverage: { readonly since: string | null };
  readonly asOf: string;
}

export interface AttentionItem {
  /** Null: the item is about no applicant. */
  readonly clientUserId: string | null;
  /** A need, a finding of the sweep (`gone`, `unattended`, `terminated`, `unread`), `quarantine` or `spool`. */
  readonly need: string;
  readonly since: string | null;
  readonly text: string;
  /** The action of the api or the command that repairs it; null: none. */
  readonly action: string | null;
}

export interface AttentionView {
  readonly items: readonly AttentionItem[];
  readonly asOf: string;
  readonly degraded: readonly Degradation[];
}

/** `ok` null: not checked. */
export interface CheckView {
  readonly check: string;
  readonly ok: boolean | null;
  readonly text: string;
  /** What to do; null if it is ok. */
  readonly action: string | null;
}

export interface SystemView {
  readonly version: string;
  readonly checks: readonly CheckView[];
  readonly workers: readonly { readonly queue: string; readonly pollers: number; readonly backlog: number | null }[];
  readonly asOf: string;
}

/** What the stream reports of an applicant. */
export interface ApplicantChange {
  readonly clientUserId: string;
  readonly round: number | null;
  readonly stage: Stage | null;
  readonly stageSince: string | null;
  readonly outcome: Outcome | null;
  readonly needs: readonly Need[];
  readonly open: boolean;
  readonly closedAt: string | null;
}

/** `reset`: changes are missing. `degraded`, `recovered`: whether Temporal answers. */
export interface StreamEvent {
  readonly id: string;
  readonly event: 'applicant' | 'reset' | 'degraded' | 'recovered';
  readonly data: ApplicantChange | { readonly reasons?: readonly string[] };
}

/** Nothing has happened; `id` is where the client is. */
export interface StreamComment {
  readonly id: string;
  readonly event: null;
}

/** `batchId` and `state` null: a dry run. */
export interface BatchCheckView {
  readonly batchId: string | null;
  readonly state: BatchState | null;
  readonly rows: number;
  readonly valid: number;
  readonly invalid: number;
  /** At most 20. */
  readonly firstErrors: readonly InvalidRow[];
}

export const BATCH_STATES = ['running', 'paused', 'cancelled', 'done'] as const;
export type BatchState = (typeof BATCH_STATES)[number];

export interface BatchView extends BatchCheckView {
  readonly batchId: string;
  readonly state: BatchState;
  readonly counts: Readonly<Record<RowResult, number>>;
  /** Rows a second; null before the first ones. */
  readonly rate: number | null;
  readonly etaAt: string | null;
  readonly startedBy: string;
  readonly createdAt: string;
  readonly endedAt: string | null;
}

/** `isNew` false: the file was uploaded before. */
export interface StartedBatch {
  readonly batch: BatchView;
  readonly isNew: boolean;
}

export interface SteeredBatch {
  readonly batch: BatchView;
  readonly done: 'accepted' | 'already';
}

export interface BatchPage {
  readonly items: readonly BatchView[];
  readonly nextCursor: string | null;
  readonly asOf: string;
}

/** A row of the results. Null: unknown, or the row has no applicant. */
export interface BatchResultRow extends BatchRowResult {
  readonly stage: Stage | null;
  readonly outcome: Outcome | null;
  readonly reason: Reason | null;
}

/** An outbound event with its deliveries. `data`: as in its body. */
export interface EventView {
  readonly id: string;
  readonly type: EventType;
  readonly timestamp: string;
  readonly sequence: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly deliveries: readonly DeliveryView[];
}

/** `endpoint`: its name. `nextAttemptAt` null: no try is due. */
export interface DeliveryView {
  readonly endpoint: string;
  readonly state: DeliveryState;
  /** The last 20, oldest first. */
  readonly attempts: readonly DeliveryAttempt[];
  readonly nextAttemptAt: string | null;
}

export interface EventsView {
  /** Newest first. */
  readonly items: readonly EventView[];
  readonly asOf: string;
}

/** One of `clientUserId` and `batchId` is null. */
export interface DeliveryItem extends DeliveryView {
  readonly eventId: string;
  readonly type: EventType;
  readonly timestamp: string;
  readonly clientUserId: string | null;
  readonly batchId: string | null;
  readonly sequence: number;
}

export interface DeliveryPage {
  readonly items: readonly DeliveryItem[];
  readonly nextCursor: string | null;
  readonly asOf: string;
}

export interface EndpointView {
  readonly name: string;
  /** Without its query. */
  readonly url: string;
  readonly state: EndpointState;
  /** Null: it has always been active. */
  readonly since: string | null;
  /** When the oldest delivery that waits began; null: nothing waits, or it is unknown. */
  readonly oldestPending: string | null;
  readonly lastSuccess: string | null;
}

export interface EndpointsView {
  readonly items: readonly EndpointView[];
  readonly asOf: string;
  readonly degraded: readonly Degradation[];
}

/** `status` null: there was no answer. `failure`: a code; null: success. */
export interface EndpointTestView {
  readonly delivered: boolean;
  readonly status: number | null;
  readonly failure: string | null;
  readonly durationMs: number;
}

export interface AuditItem {
  readonly at: string;
  readonly who: string;
  readonly did: string;
  readonly clientUserId: string | null;
  readonly documentId: string | null;
  readonly authorizationReference: string | null;
  readonly onBehalfOf: string | null;
  readonly detail: string | null;
  /** The chain of a process, or the timeline of the manifest. */
  readonly source: 'audit' | 'manifest';
}

export interface AuditPage {
  /** Newest first. */
  readonly items: readonly AuditItem[];
  readonly nextCursor: string | null;
  readonly asOf: string;
}
