import { defineSearchAttributeKey } from '@temporalio/common';
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { CarriedFacts } from '../domain/carried-facts';
import type { Collection } from '../domain/collection';
import type { ReportNotice, StatusNotice } from '../domain/notices';
import type { Outcome, Reason, Stage } from '../domain/outcome';
import type { Policy } from '../domain/policy';
import type { CheckSchedule, Refresh } from '../domain/refresh';
import type { SweepCounts, SweepKind } from '../domain/sweep';

/** The workflow type that follows one applicant. */
export const COLLECT_RECORDS = 'collectRecords';
/** The workflow type that takes report notices of a person whose applicant is not known yet. */
export const DELIVER_NOTICES = 'deliverNotices';
/** The workflow type that takes the reports that come after an applicant was closed. */
export const REFRESH_REPORTS = 'refreshReports';

/** The workflow type that withdraws a person of whom no applicant is open. */
export const WITHDRAW_PERSON = 'withdrawPerson';
/** The workflow type that compares upstream's people with our applicants. */
export const SWEEP = 'sweep';
/** The workflow type that erases who has been closed for longer than REPORTS_RETENTION. */
export const RETENTION = 'retention';

/** `applicant-<clientUserId>`: one workflow id per applicant, for ever. */
export function applicantWorkflowId(clientUserId: string): string {
  return `applicant-${clientUserId}`;
}

/** `notices-<humanId>`: the mailbox of one person. */
export function mailboxWorkflowId(humanId: string): string {
  return `notices-${humanId}`;
}

/** `refresh-<clientUserId>`: one at a time. */
export function refreshWorkflowId(clientUserId: string): string {
  return `refresh-${clientUserId}`;
}

/** `withdraw-<clientUserId>`: one at a time. */
export function withdrawWorkflowId(clientUserId: string): string {
  return `withdraw-${clientUserId}`;
}

/** `sweep-<task queue>`: the sweep that somebody asked for; the schedule's own carry a time behind it. */
export function sweepWorkflowId(taskQueue: string): string {
  return `sweep-${taskQueue}`;
}

/** `retention-<task queue>`; the schedule's runs carry a time behind it. */
export function retentionWorkflowId(taskQueue: string): string {
  return `retention-${taskQueue}`;
}

/** What a workflow id names. */
export type WorkflowSubject =
  | { readonly kind: 'applicant' | 'refresh' | 'withdraw'; readonly clientUserId: string }
  | { readonly kind: 'mailbox'; readonly humanId: string };

/** Null for an id that none of the four builders makes. */
export function parseWorkflowId(workflowId: string): WorkflowSubject | null {
  const [, prefix, id] = /^(applicant|refresh|withdraw|notices)-(.+)$/s.exec(workflowId) ?? [];
  if (prefix === undefined || id === undefined) return null;
  if (prefix === 'notices') return { kind: 'mailbox', humanId: id };
  return { kind: prefix as 'applicant' | 'refresh' | 'withdraw', clientUserId: id };
}

/** The applicant that a workflow id names; null for a mailbox and for other ids. */
export function clientUserIdOf(workflowId: string): string | null {
  const subject = parseWorkflowId(workflowId);
  return subject === null || subject.kind === 'mailbox' ? null : subject.clientUserId;
}

/** The task queue of every activity that calls Human API, except downloads; the server caps its rate for the whole fleet (decision 0032). */
export function upstreamTaskQueue(taskQueue: string): string {
  return `${taskQueue}-upstream`;
}

/** The task queue of downloads: slow ones hold no slot that a withdrawal or a read needs. */
export function downloadTaskQueue(taskQueue: string): string {
  return `${taskQueue}-downloads`;
}

/** What waits for a turn before it calls Human API: the invitations of a file, and the look-ups of mailboxes. */
export type PacedWork = 'batch' | 'lookups';

/** The task queue whose capped rate hands out the turns of one kind of work. */
export function turnTaskQueue(taskQueue: string, work: PacedWork): string {
  return `${taskQueue}-${work}`;
}

/** The last to go in the queue of upstream's rate limit: polls, and what has even more time. */
export const POLL_PRIORITY = 5;

/** The activities that readers of a history or of a run's pending work look for, by name. */
export const ACTIVITIES = {
  awaitTurn: 'awaitTurn',
  invite: 'invite',
  findInvited: 'findInvited',
  lookUp: 'lookUp',
  withdraw: 'withdraw',
  fetchDocument: 'fetchDocument',
} as const;

/** The names of the search attributes, as Temporal registers them. */
export const ATTRIBUTES = {
  stage: 'ApplicantStage',
  stageSince: 'ApplicantStageSince',
  outcome: 'ApplicantOutcome',
  humanId: 'HumanId',
} as const;

/** The types of the search attributes. */
export const SEARCH_ATTRIBUTES = {
  [ATTRIBUTES.stage]: 'KEYWORD',
  [ATTRIBUTES.stageSince]: 'DATETIME',
  [ATTRIBUTES.outcome]: 'KEYWORD',
  [ATTRIBUTES.humanId]: 'KEYWORD',
} as const;

export const SEARCH_ATTRIBUTE_KEYS = {
  stage: defineSearchAttributeKey(ATTRIBUTES.stage, 'KEYWORD'),
  stageSince: defineSearchAttributeKey(ATTRIBUTES.stageSince, 'DATETIME'),
  outcome: defineSearchAttributeKey(ATTRIBUTES.outcome, 'KEYWORD'),
  humanId: defineSearchAttributeKey(ATTRIBUTES.humanId, 'KEYWORD'),
} as const;

/** The memo key under which the SHA-256 (hex) of the normalised details stands. */
export const DETAILS_DIGEST_MEMO = 'detailsDigest';

/** What the carrier knows of the person. `dateOfBirth` is `YYYY-MM-DD`. */
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
  /** SHA-256 (hex) of the normalised details, the same as in the memo. */
  readonly detailsDigest: string;
  readonly policy: Policy;
  /** A new round in spite of an outcome in the manifest. */
  readonly again?: boolean;
  /** One of a file of applicants: gives way to single starts. */
  readonly batch?: boolean;
  /** False where the carrier sends the invitation itself; absent: true. Not one of the details, so a start with the other value is the same applicant. */
  readonly autoInvite?: boolean;
  /** What a run hands to the one that continues it. */
  readonly carried?: ApplicantState;
  /** Handed on with it, apart because the state is shown to everyone who may look at an applicant. */
  readonly carriedInvitation?: InvitationAnswer;
}

/**
 * The link by which the person opens the invitation, as Human API answered the create. Without one: `adopted`, the person was invited before, and
 * a look-up does not return the link; `not-returned`, the create's answer held none; `closed`, the applicant has ended, and the link is forgotten.
 */
export interface InvitationAnswer {
  readonly inviteLink: string | null;
  readonly why: 'adopted' | 'not-invited-yet' | 'closed' | 'not-returned' | null;
}

/** How a run ended; a cancelled run (Temporal's Canceled) carries no result. */
export interface CollectRecordsResult {
  readonly outcome: Outcome;
  readonly reason: Reason | null;
  /** How many current documents the store holds for the applicant. */
  readonly documents: number;
}

/** All that a workflow knows of its applicant: what the query answers, and what is handed to the next run. Plain JSON, times in ms. */
export interface ApplicantState {
  clientUserId: string;
  humanId: string | null;
  stage: Stage;
  stageSinceMs: number;
  /** What Human API said last, as it spells it; null before the invitation. */
  status: string | null;
  /** What we wait for, in words, and until when at most; null while at work. */
  waitingFor: string | null;
  waitingUntilMs: number | null;
  /** Why nothing is decided about the person, until an answer is: one of {@link UNDECIDED}, for operators. Null while all is well. */
  stuck: string | null;
  outcome: Outcome | null;
  reason: Reason | null;
  /** Notices that named another person's humanId, or were not a notice. */
  ignoredNotices: number;
  /** What is known of the status; null before the invitation. */
  facts: CarriedFacts | null;
  /** What is known of the reports. */
  collection: Collection;
  /** Which round this is, 1 for the first; the one in which the present details were first used; and the last write of the manifest that is known of (report-store's Manifest). */
  round: number;
  detailsRound: number;
  revision: number;
}

export const statusNoticeSignal = defineSignal<[StatusNotice]>('statusNotice');
export const reportNoticeSignal = defineSignal<[ReportNotice]>('reportNotice');
/** What the query `state` answers: of an applicant with more than 100 reports the first ones. `documentCount`: how many are stored; missing in an answer of 0.1.0. */
export interface StateAnswer extends ApplicantState {
  documentCount?: number;
}

export const stateQuery = defineQuery<StateAnswer>('state');
export const invitationQuery = defineQuery<InvitationAnswer>('invitation');
/** From the closing of an applicant to the refresh of its reports. */
export const scheduleChecksSignal = defineSignal<[CheckSchedule]>('scheduleChecks');

/** A mailbox's end: whose notices they were, null where nobody of ours was found; and how many were passed on. */
export interface DeliverNoticesResult {
  readonly clientUserId: string | null;
  readonly delivered: number;
}

export interface RefreshReportsInput {
  /** What a run hands to the one that continues it. The checks of a new one come by a signal. */
  readonly carried?: Refresh;
}

/**
 * A refresh's end. `open`: the applicant is open again and has the notices; `none`, `withdrawn`, `too-old`: there was no round to refresh.
 * `stored`: documents, those of the same bytes under a later version included; `ignored`: notices that named another person.
 */
export interface RefreshReportsResult {
  readonly clientUserId: string;
  readonly ended: 'refreshed' | 'open' | 'none' | 'withdrawn' | 'too-old';
  readonly stored: number;
  readonly ignored: number;
}

/**
 * Who is known as ours upstream: `humanIds` of people we invited or adopted, and `emails` of invitations whose answer is not known: a person with
 * one of these is ours by the same rule by which an applicant adopts.
 */
export interface KnownPeople {
  readonly humanIds: readonly string[];
  readonly emails: readonly string[];
}

export interface WithdrawPersonInput {
  /** Whom earlier runs withdrew, by humanId. */
  readonly withdrawn?: readonly string[];
  /** Withdraws these only, for an erasure. Without it: everyone under the clientUserId, because an operator said so. */
  readonly only?: KnownPeople;
}

/**
 * A withdrawal's end. `open`: refused, an open applicant is cancelled instead; `nobody`: upstream knows nobody under this id, or nobody of
 * `only`. `people`: how many were withdrawn; `recorded`: whether the outcome was written into the manifest; `others`: the humanIds of people
 * under this id who are not in `only` and were left, present if `only` was.
 */
export interface WithdrawPersonResult {
  readonly clientUserId: string;
  readonly result: 'withdrawn' | 'nobody' | 'open';
  readonly people: number;
  readonly recorded: boolean;
  readonly others?: readonly string[];
}

/** A sweep's end: how many findings of each kind, the first 100 ids of each, and where the whole list lies in the report store. */
export interface SweepResult {
  readonly sweepId: string;
  readonly people: number;
  readonly applicants: number;
  readonly counts: SweepCounts;
  /** A clientUserId, or a humanId where upstream tells no usable one. */
  readonly first: Readonly<Record<SweepKind, readonly string[]>>;
  /** Candidates that were too many to be asked for at upstream one by one, or about whom its answers decided nothing: no findings. */
  readonly unchecked: number;
  readonly file: string;
}

/**
 * How erasing by age ended: how many applicants, and the first 100 ids of each kind. `held`: not erased because of a hold; `failed`: tried again
 * by the next one, those included whose manifest cannot be read.
 */
export interface RetentionResult {
  readonly counts: Readonly<Record<RetentionKind, number>>;
  readonly first: Readonly<Record<RetentionKind, readonly string[]>>;
  /** The first 100 of the erased under whose id upstream has a person who is not known as ours: that person was left. */
  readonly strangers: readonly string[];
}

export type RetentionKind = 'erased' | 'held' | 'failed';
