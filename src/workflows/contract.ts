import { defineSearchAttributeKey } from '@temporalio/common';
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { CarriedFacts } from '../domain/carried-facts';
import type { Collection } from '../domain/collection';
import type { ReportNotice, StatusNotice } from '../domain/notices';
import type { Outcome, Reason, Stage } from '../domain/outcome';
import type { Policy } from '../domain/policy';
import type { CheckSchedule, Refresh } from '../domain/refresh';
import type { SweepCounts, SweepKind } from '../domain/sweep';

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
/** Workflow type: erases applicants that have been closed for longer than REPORTS_RETENTION. */
export const RETENTION = 'retention';

export const applicantWorkflowId = (clientUserId: string) => `applicant-${clientUserId}`;
export const mailboxWorkflowId = (humanId: string) => `notices-${humanId}`;
export const refreshWorkflowId = (clientUserId: string) => `refresh-${clientUserId}`;
export const withdrawWorkflowId = (clientUserId: string) => `withdraw-${clientUserId}`;
/** `sweep-<task queue>`; runs of the schedule append their time. */
export const sweepWorkflowId = (taskQueue: string) => `sweep-${taskQueue}`;
/** `retention-<task queue>`; runs of the schedule append their time. */
export const retentionWorkflowId = (taskQueue: string) => `retention-${taskQueue}`;

/** The applicant or the person that a workflow id names. */
export type WorkflowSubject =
  | { readonly kind: 'applicant' | 'refresh' | 'withdraw'; readonly clientUserId: string }
  | { readonly kind: 'mailbox'; readonly humanId: string };

/** Null for an id of another form. */
export function parseWorkflowId(workflowId: string): WorkflowSubject | null {
  const [, prefix, id] = /^(applicant|refresh|withdraw|notices)-(.+)$/s.exec(workflowId) ?? [];
  if (prefix === undefined || id === undefined) return null;
  if (prefix === 'notices') return { kind: 'mailbox', humanId: id };
  return { kind: prefix as 'applicant' | 'refresh' | 'withdraw', clientUserId: id };
}

/** Null for a mailbox, and for an id of another form. */
export function clientUserIdOf(workflowId: string): string | null {
  const subject = parseWorkflowId(workflowId);
  return subject === null || subject.kind === 'mailbox' ? null : subject.clientUserId;
}

/** The task queue of all activities that call Human API except downloads. The server limits its rate for all workers together (decision 0032). */
export const upstreamTaskQueue = (taskQueue: string) => `${taskQueue}-upstream`;

/** The task queue of downloads, so that slow ones occupy no slot of other calls. */
export const downloadTaskQueue = (taskQueue: string) => `${taskQueue}-downloads`;

/** Work with its own rate limit: invitations of a file, and look-ups of mailboxes. */
export type PacedWork = 'batch' | 'lookups';

/** The task queue whose rate limits one kind of work. */
export const turnTaskQueue = (taskQueue: string, work: PacedWork) => `${taskQueue}-${work}`;

/** The lowest priority. */
export const POLL_PRIORITY = 5;

/** Activity names that readers of histories and of pending activities need. */
export const ACTIVITIES = {
  awaitTurn: 'awaitTurn',
  invite: 'invite',
  findInvited: 'findInvited',
  lookUp: 'lookUp',
  withdraw: 'withdraw',
  fetchDocument: 'fetchDocument',
} as const;

export const ATTRIBUTES = {
  stage: 'ApplicantStage',
  stageSince: 'ApplicantStageSince',
  outcome: 'ApplicantOutcome',
  humanId: 'HumanId',
} as const;

/** Name to type. */
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

/** Memo key of the SHA-256 (hex) of the normalised details. */
export const DETAILS_DIGEST_MEMO = 'detailsDigest';

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
  /** As in the memo. */
  readonly detailsDigest: string;
  readonly policy: Policy;
  /** Start a new round although the manifest has an outcome. */
  readonly again?: boolean;
  /** Started with a file: single starts have priority. */
  readonly batch?: boolean;
  /** False: the carrier sends the invitation; absent: true. Not part of the details. */
  readonly autoInvite?: boolean;
  /** From the previous run. */
  readonly carried?: ApplicantState;
  /** Not part of the state, because more people may see that. */
  readonly carriedInvitation?: InvitationAnswer;
}

/**
 * The link that opens the invitation, from the answer to the create. `why` no link is known: `adopted`, the person was invited before, and a look-up
 * returns no link; `not-returned`, the answer had none; `closed`, the applicant has ended.
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
  /** For operators; null while an activity runs. */
  waitingFor: string | null;
  waitingUntilMs: number | null;
  /** Why no answer decides about the person; for operators. Null: not stuck. */
  stuck: string | null;
  outcome: Outcome | null;
  reason: Reason | null;
  /** How many notices named another person or were malformed. */
  ignoredNotices: number;
  /** Null before the invitation. */
  facts: CarriedFacts | null;
  collection: Collection;
  /** From 1. */
  round: number;
  /** The first round with the current details. */
  detailsRound: number;
  /** Of the manifest, as last known. */
  revision: number;
}

export const statusNoticeSignal = defineSignal<[StatusNotice]>('statusNotice');
export const reportNoticeSignal = defineSignal<[ReportNotice]>('reportNotice');
/** The answer to the query `state`, with the first 100 entries of each list. `documentCount`: how many are stored; missing from 0.1.0. */
export interface StateAnswer extends ApplicantState {
  documentCount?: number;
}

export const stateQuery = defineQuery<StateAnswer>('state');
export const invitationQuery = defineQuery<InvitationAnswer>('invitation');
/** Sent to the refresh when an applicant closes. */
export const scheduleChecksSignal = defineSignal<[CheckSchedule]>('scheduleChecks');

/** `clientUserId` null: no applicant was found. `delivered`: how many notices were forwarded. */
export interface DeliverNoticesResult {
  readonly clientUserId: string | null;
  readonly delivered: number;
}

export interface RefreshReportsInput {
  /** From the previous run. */
  readonly carried?: Refresh;
}

/**
 * `open`: the applicant is open again and has the notices; `none`, `withdrawn`, `too-old`: there was no round to refresh. `stored`: how many
 * documents, later versions with the same bytes included; `ignored`: how many notices named another person.
 */
export interface RefreshReportsResult {
  readonly clientUserId: string;
  readonly ended: 'refreshed' | 'open' | 'none' | 'withdrawn' | 'too-old';
  readonly stored: number;
  readonly ignored: number;
}

/** The people upstream who are known as ours: by `humanIds`, or by `emails` of invitations without a known answer. */
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

/**
 * `open`: rejected, because an open applicant has to be cancelled instead; `nobody`: upstream has no such person. `people`: how many were withdrawn;
 * `recorded`: whether the outcome was written into the manifest; `others`: with `only`, the humanIds of other people under this id, who stay.
 */
export interface WithdrawPersonResult {
  readonly clientUserId: string;
  readonly result: 'withdrawn' | 'nobody' | 'open';
  readonly people: number;
  readonly recorded: boolean;
  readonly others?: readonly string[];
}

/** Findings by kind: counts, the first 100 ids, and the `file` in the report store that lists all. */
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

/** Applicants by kind: counts and the first 100 ids. `held`: not erased because of a hold; `failed`: retried by the next run, unreadable manifests included. */
export interface RetentionResult {
  readonly counts: Readonly<Record<RetentionKind, number>>;
  readonly first: Readonly<Record<RetentionKind, readonly string[]>>;
  /** The first 100 erased ids under which upstream has a person not known as ours, who stays. */
  readonly strangers: readonly string[];
}

export type RetentionKind = 'erased' | 'held' | 'failed';
