import { defineSearchAttributeKey } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CarriedFacts } from '../domain/carried-facts';
import type { Collection } from '../domain/collection';
import type { CarriedEvents, EventSubject } from '../domain/events';
import type { ApplicantFailure } from '../domain/failure';
import type { RecordedNeed } from '../domain/needs';
import type { ReportNotice, StatusNotice } from '../domain/notices';
import type { Outcome, Reason, Stage } from '../domain/outcome';
import type { Policy } from '../domain/policy';
import type { CheckSchedule, Refresh } from '../domain/refresh';
import type { ReasonCode } from '../domain/steering';
import type { SweepCounts, SweepKind } from '../domain/sweep';
import type { Timeline } from '../domain/timeline';

/** Workflow type: follows one applicant. */
export const COLLECT_RECORDS = 'collectRecords';
/** Workflow type: the mailbox of report notices about a person whose applicant is unknown. */
export const DELIVER_NOTICES = 'deliverNotices';
/** Workflow type: collects the reports that come after an applicant is closed. */
export const REFRESH_REPORTS = 'refreshReports';
/** Workflow type: withdraws a person without an open applicant. */
export const WITHDRAW_PERSON = 'withdrawPerson';
/** Workflow type: compares upstream's people with our applicants. */
export const SWEEP = 'sweep';
/** Workflow type: delivers the events of one subject to one endpoint, in order. */
export const DELIVER_EVENTS = 'deliverEvents';
/** Workflow type: probes an endpoint that fails, and wakes the deliveries that it held up. */
export const RECOVER_ENDPOINT = 'recoverEndpoint';
/** Workflow type: starts the applicants of a batch. */
export const RUN_BATCH = 'runBatch';
/** Workflow type: erases applicants that have been closed for longer than REPORTS_RETENTION. */
export const RETENTION = 'retention';

export const applicantWorkflowId = (clientUserId: string) => `applicant-${clientUserId}`;
export const mailboxWorkflowId = (humanId: string) => `notices-${humanId}`;
export const refreshWorkflowId = (clientUserId: string) => `refresh-${clientUserId}`;
export const withdrawWorkflowId = (clientUserId: string) => `withdraw-${clientUserId}`;
/** `endpoint`: its name, 12 hex digits. */
export const deliveryWorkflowId = (endpoint: string, { kind, id }: EventSubject) =>
  `events-${endpoint}-${kind === 'applicant' ? '' : `~${kind}-`}${id}`;
/** How the ids of all deliveries to an endpoint begin. */
export const deliveryIdPrefix = (endpoint: string) => `events-${endpoint}-`;
export const batchWorkflowId = (batchId: string) => `batch-${batchId}`;
/** The batch in the id of its workflow. */
export const batchIdOfWorkflow = (workflowId: string) => workflowId.slice(batchWorkflowId('').length);
export const endpointWorkflowId = (endpoint: string) => `endpoint-${endpoint}`;
/** The endpoint in the id of its workflow. */
export const endpointOfWorkflow = (workflowId: string) => workflowId.slice(endpointWorkflowId('').length);
/** The schedule appends the time of each run. */
export const sweepWorkflowId = (taskQueue: string) => `sweep-${taskQueue}`;
/** The schedule appends the time of each run. */
export const retentionWorkflowId = (taskQueue: string) => `retention-${taskQueue}`;

/** The applicant or the person whose id a workflow id contains. */
export type WorkflowSubject =
  | { readonly kind: 'applicant' | 'refresh' | 'withdraw'; readonly clientUserId: string }
  | { readonly kind: 'mailbox'; readonly humanId: string }
  | { readonly kind: 'delivery'; readonly endpoint: string; readonly subject: EventSubject };

/** Null for an id of another form. */
export function parseWorkflowId(workflowId: string): WorkflowSubject | null {
  // No clientUserId begins with "~".
  const [, endpoint, kind, subjectId] = /^events-([0-9a-f]{12})-(?:~(erased|batch)-)?(.+)$/s.exec(workflowId) ?? [];
  if (endpoint !== undefined && subjectId !== undefined) {
    const subject = { kind: (kind ?? 'applicant') as EventSubject['kind'], id: subjectId };
    return { kind: 'delivery', endpoint, subject };
  }
  const [, prefix, id] = /^(applicant|refresh|withdraw|notices)-(.+)$/s.exec(workflowId) ?? [];
  if (prefix === undefined || id === undefined) return null;
  if (prefix === 'notices') return { kind: 'mailbox', humanId: id };
  return { kind: prefix as 'applicant' | 'refresh' | 'withdraw', clientUserId: id };
}

/** Null for a mailbox, the events of a batch, and an id of another form. */
export function clientUserIdOf(workflowId: string): string | null {
  const subject = parseWorkflowId(workflowId);
  if (subject?.kind === 'delivery') return subject.subject.kind === 'batch' ? null : subject.subject.id;
  return subject === null || subject.kind === 'mailbox' ? null : subject.clientUserId;
}

/** The task queue of activities that call Human API, except downloads. The server limits its rate for all workers together (decision 0032). */
export const upstreamTaskQueue = (taskQueue: string) => `${taskQueue}-upstream`;

/** The task queue of downloads: slow ones must not occupy slots of other calls. */
export const downloadTaskQueue = (taskQueue: string) => `${taskQueue}-downloads`;

/** The task queue of deliveries: slow receivers must not occupy slots of other activities. */
export const eventsTaskQueue = (taskQueue: string) => `${taskQueue}-events`;

/** Kinds of work with their own rate limits: invitations of a file, and look-ups of mailboxes. */
export type PacedWork = 'batch' | 'lookups';

/** The task queue whose rate limits one kind of work. */
export const turnTaskQueue = (taskQueue: string, work: PacedWork) => `${taskQueue}-${work}`;

/** The lowest priority. */
export const POLL_PRIORITY = 5;

/** The activity types that code looks for in histories and in lists of pending activities. */
export const ACTIVITIES = {
  awaitTurn: 'awaitTurn',
  invite: 'invite',
  findInvited: 'findInvited',
  lookUp: 'lookUp',
  withdraw: 'withdraw',
  fetchDocument: 'fetchDocument',
} as const;

/** The search attributes and their types, as Temporal registers them. */
export const SEARCH_ATTRIBUTES = {
  ApplicantStage: 'KEYWORD',
  ApplicantStageSince: 'DATETIME',
  ApplicantOutcome: 'KEYWORD',
  HumanId: 'KEYWORD',
  ApplicantOpenedAt: 'DATETIME',
  ApplicantDueAt: 'DATETIME',
  ApplicantNeeds: 'KEYWORD_LIST',
  ApplicantRound: 'INT',
} as const;

export const SEARCH_ATTRIBUTE_KEYS = {
  stage: searchAttributeKey('ApplicantStage'),
  stageSince: searchAttributeKey('ApplicantStageSince'),
  outcome: searchAttributeKey('ApplicantOutcome'),
  humanId: searchAttributeKey('HumanId'),
  /** The start of the run, then the invitation. */
  openedAt: searchAttributeKey('ApplicantOpenedAt'),
  /** The deadline; absent before the invitation and after the closing. */
  dueAt: searchAttributeKey('ApplicantDueAt'),
  needs: searchAttributeKey('ApplicantNeeds'),
  /** From 1; absent before the invitation, and in a run of 0.2.0. */
  round: searchAttributeKey('ApplicantRound'),
} as const;

function searchAttributeKey<N extends keyof typeof SEARCH_ATTRIBUTES>(name: N) {
  return defineSearchAttributeKey<(typeof SEARCH_ATTRIBUTES)[N]>(name, SEARCH_ATTRIBUTES[name]);
}

/** The memo's key of {@link CollectRecordsInput.detailsDigest}. */
export const DETAILS_DIGEST_MEMO = 'detailsDigest';
/** The memo's key of {@link CollectRecordsInput.authorizationReference}. */
export const AUTHORIZATION_MEMO = 'authorizationReference';
/** The memo's key of {@link CollectRecordsInput.batchId}. */
export const BATCH_ID_MEMO = 'batchId';
/** The memo's key of {@link ApplicantState.snoozedUntilMs}. */
export const SNOOZED_UNTIL_MEMO = 'snoozedUntilMs';

/** The memo's key of a random id of the request that started the run; only of a run that begins a new round by request. */
export const START_ID_MEMO = 'startId';

/** `dateOfBirth`: `YYYY-MM-DD`. */
export interface ApplicantDetails {
  readonly clientUserId: string;
  readonly clientUserEmail: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly dateOfBirth?: string;
  readonly suggestedSources?: readonly string[];
}

export interface CollectRecordsInput {
  readonly details: ApplicantDetails;
  /** SHA-256 (hex) of the normalised details, as in the memo. */
  readonly detailsDigest: string;
  readonly policy: Policy;
  /** True: start a new round even if the manifest has an outcome. */
  readonly again?: boolean;
  /** True: started with a file of applicants. Single starts have priority. */
  readonly batch?: boolean;
  /** False: the carrier sends the invitation, not Human API. Default: true. Not part of the details. */
  readonly autoInvite?: boolean;
  /** The carrier's own reference to the person's authorization. Not part of the details. */
  readonly authorizationReference?: string;
  /** The batch that started the applicant. Not part of the details. */
  readonly batchId?: string;
  /** Carried over from the previous run. */
  readonly carried?: ApplicantState;
  /** Not part of the state, because more people are allowed to read the state than the link. */
  readonly carriedInvitation?: InvitationAnswer;
  /** Missing without an endpoint for events. */
  readonly carriedEvents?: CarriedEvents;
}

/**
 * The answer to the query `invitation`: the link that opens the invitation, or `why` it is missing. `adopted`: the person was invited before, and a
 * look-up returns no link; `not-returned`: the answer to the create had no link; `closed`: the applicant is about to end, or has ended.
 */
export interface InvitationAnswer {
  readonly inviteLink: string | null;
  readonly why: 'adopted' | 'not-invited-yet' | 'closed' | 'not-returned' | null;
}

/** A cancelled run has no result. */
export interface CollectRecordsResult {
  readonly outcome: Outcome;
  readonly reason: Reason | null;
  /** How many documents are stored, each with its newest version. */
  readonly documents: number;
}

/** The state of an applicant: returned by the query `state`, and carried over continue-as-new. Plain JSON, times in ms since 1970. */
export interface ApplicantState {
  clientUserId: string;
  humanId: string | null;
  stage: Stage;
  stageSinceMs: number;
  /** In upstream's spelling; null before the invitation. */
  status: string | null;
  /** For operators; null while a step other than a wait or a withdrawal runs. */
  waitingFor: string | null;
  waitingUntilMs: number | null;
  /** Why the answers do not decide about the person; null: not stuck. Once set, activities return no further undecided answer. */
  stuck: string | null;
  outcome: Outcome | null;
  reason: Reason | null;
  /** How many notices were about another person or malformed. */
  ignoredNotices: number;
  /** Null before the invitation. */
  facts: CarriedFacts | null;
  collection: Collection;
  /** From 1. */
  round: number;
  /** The first round with the current details. */
  detailsRound: number;
  /** The revision of the manifest, as last known. */
  revision: number;
  /** What needs a person, in the order of RECORDED_NEEDS. */
  needs: readonly RecordedNeed[];
  /** The deadline; null before the invitation and after the closing. */
  dueAtMs: number | null;
  /** True once the search attributes have the round and the invitation. */
  isRoundShown: boolean;
  /** Until when `/attention` hides the needs; null: not hidden. */
  snoozedUntilMs: number | null;
  timeline: Timeline;
  /** How many occurrences of the timeline the manifest has. */
  recordedOccurrences: number;
  /** Why upstream refused the person or failed; null: it did not. */
  failure: ApplicantFailure | null;
  /** The cancel that an operator requested; null: none. */
  cancel: { readonly reasonCode: ReasonCode; readonly atMs: number } | null;
  /** The early end that an operator requested; null: none. */
  finish: { readonly reasonCode: ReasonCode; readonly atMs: number } | null;
  /** The calls that have failed for STUCK_CALL_AFTER_MS, by activity id. */
  stuckCalls: Readonly<Record<string, StuckMark>>;
}

/** `call`: the activity type. `hasEnded`: the activity ended without an answer, and the call is made again. */
export interface StuckMark {
  readonly call: string;
  readonly sinceMs: number;
  readonly hasEnded?: true;
}

/** `note`: at most 500 characters; only in the payload of the signal or update. */
export interface CancelRequest {
  readonly reasonCode: ReasonCode;
  readonly note?: string;
}

export interface FinishRequest {
  readonly reasonCode: ReasonCode;
}

/** `atMs`: ms since 1970, at most a year ahead. */
export interface DeadlineRequest {
  readonly atMs: number;
}

export interface SnoozeRequest {
  readonly untilMs: number;
  readonly note?: string;
}

/** `call`: the activity type; `sinceMs`: ms since 1970. */
export interface StuckCall {
  readonly activityId: string;
  readonly call: string;
  readonly sinceMs: number;
}

/** The answer to the query `state`, with the first 100 entries of each list. */
export interface StateAnswer extends ApplicantState {
  /** How many documents are stored, each with its newest version. Missing in an answer of 0.1.0. */
  documentCount?: number;
  /** When the first poll of the current cadence is due; null: none is. Missing in an answer of 0.2.0. */
  nextPollAtMs?: number | null;
  /** True once the end is certain: the person is being withdrawn, or the outcome is known. Missing in an answer of 0.2.0. */
  isClosing?: boolean;
}

export const statusNoticeSignal = defineSignal<[StatusNotice]>('statusNotice');
export const reportNoticeSignal = defineSignal<[ReportNotice]>('reportNotice');
export const stateQuery = defineQuery<StateAnswer>('state');
export const invitationQuery = defineQuery<InvitationAnswer>('invitation');
/** Withdraws the person and closes the applicant as cancelled. The first one counts. */
export const cancelApplicantSignal = defineSignal<[CancelRequest]>('cancelApplicant');
/** Reads the status and the list as soon as their rate limits allow it. Ignored before the invitation and from the closing on. */
export const checkNowSignal = defineSignal('checkNow');
/** Sent by an activity to its own workflow. */
export const callStuckSignal = defineSignal<[StuckCall]>('callStuck');
/** The same: the call of a stuck poll is answered again. */
export const callRecoveredSignal = defineSignal<[Pick<StuckCall, 'activityId' | 'call'>]>('callRecovered');
/** The validators of the updates reject with an ApplicationFailure of this type; its message is a {@link Refusal}. */
export const NOT_NOW = 'NotNow';
/** Downloads what is listed now, withdraws the person, and concludes. A repeat is accepted. */
export const finishNowUpdate = defineUpdate<void, [FinishRequest]>('finishNow');
export const setDeadlineUpdate = defineUpdate<void, [DeadlineRequest]>('setDeadline');
export const snoozeUpdate = defineUpdate<void, [SnoozeRequest]>('snooze');
/** Sent to the refresh when an applicant closes. */
export const scheduleChecksSignal = defineSignal<[CheckSchedule]>('scheduleChecks');

/** Sent to a delivery when it has a new event, or when it may go on. `isRestarted`: a waiting retry runs now. `isProbe`: one event is sent though the endpoint fails. */
export interface DeliveryRequest {
  readonly isRestarted?: boolean;
  readonly isProbe?: boolean;
}
export const deliverSignal = defineSignal<[DeliveryRequest]>('deliver');

/** Sent to the workflow of a batch when an operator has paused, resumed or cancelled it. */
export const wakeBatchSignal = defineSignal<[object]>('wakeBatch');

/** Sent to the workflow of an endpoint when its state has changed. `recover`: sends what was not delivered of events in this period, in ms since 1970. */
export interface EndpointRequest {
  readonly recover?: EventPeriod;
}

export interface EventPeriod {
  readonly sinceMs: number;
  readonly untilMs: number;
}
export const endpointSignal = defineSignal<[EndpointRequest]>('endpoint');

export interface DeliverNoticesResult {
  /** Null: no applicant was found. */
  readonly clientUserId: string | null;
  /** How many notices were forwarded. */
  readonly delivered: number;
}

export interface RefreshReportsInput {
  /** Carried over from the previous run. */
  readonly carried?: Refresh;
  /** Missing without an endpoint for events. */
  readonly carriedEvents?: CarriedEvents;
}

export interface RefreshReportsResult {
  readonly clientUserId: string;
  /** `open`: the applicant is open again and received the notices; `none`, `withdrawn`, `too-old`: there was no round to refresh. */
  readonly ended: 'refreshed' | 'open' | 'none' | 'withdrawn' | 'too-old';
  /** How many documents were stored, later versions with the same bytes included. */
  readonly stored: number;
  /** How many notices were about another person. */
  readonly ignored: number;
}

/** The people upstream who are known as ours: by humanId, or by the e-mail of an invitation whose answer is unknown. */
export interface KnownPeople {
  readonly humanIds: readonly string[];
  readonly emails: readonly string[];
}

export interface WithdrawPersonInput {
  /** The humanIds that earlier runs withdrew. */
  readonly withdrawn?: readonly string[];
  /** For an erasure: withdraw these people only. Absent: all under the clientUserId. */
  readonly only?: KnownPeople;
}

export interface WithdrawPersonResult {
  readonly clientUserId: string;
  /** `open`: nothing was done, because an open applicant has to be cancelled instead; `nobody`: upstream has no such person. */
  readonly result: 'withdrawn' | 'nobody' | 'open';
  /** How many people were withdrawn. */
  readonly people: number;
  /** True if the outcome was written into the manifest. */
  readonly recorded: boolean;
  /** With `only`: the humanIds of other people under this clientUserId, who stay. */
  readonly others?: readonly string[];
}

/** The findings by kind: their number, the first 100 ids, and the `file` in the report store that lists all. */
export interface SweepResult {
  readonly sweepId: string;
  readonly people: number;
  readonly applicants: number;
  readonly counts: SweepCounts;
  /** A clientUserId, or a humanId if upstream has no usable clientUserId. */
  readonly first: Readonly<Record<SweepKind, readonly string[]>>;
  /** Candidates without a finding, because they were too many for single calls, or because no answer decided. */
  readonly unchecked: number;
  readonly file: string;
}

/** The applicants by kind: their number and the first 100 ids. */
export interface RetentionResult {
  readonly counts: Readonly<Record<RetentionKind, number>>;
  readonly first: Readonly<Record<RetentionKind, readonly string[]>>;
  /** The first 100 erased ids under which upstream still has a person who is not known as ours. */
  readonly strangers: readonly string[];
}

/** `held`: kept because of a hold; `failed`: retried by the next run, unreadable manifests included. */
export type RetentionKind = 'erased' | 'held' | 'failed';
