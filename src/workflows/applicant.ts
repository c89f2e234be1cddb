import { defineSearchAttributeKey } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { carriedFacts, upgradeFacts } from '../domain/carried-facts';
import { countDocuments, emptyCollection, upgradeCollection, withReportNotice } from '../domain/collection';
import { currentKind, currentStatus, type Facts, openAdoptedFacts, withNotice } from '../domain/facts';
import { isClientUserId, isHumanId } from '../domain/identifiers';
import { parseInstantMs } from '../domain/instants';
import type { ReportNotice, StatusNotice } from '../domain/notices';
import type { Outcome, Stage } from '../domain/outcome';
import { completePolicy } from '../domain/policy';
import type { Read } from '../domain/reads';
import { nextStage, statusKind } from '../domain/status';
import {
  type ApplicantState,
  ATTRIBUTES,
  type CollectRecordsInput,
  type InvitationAnswer,
  type StateAnswer,
} from './contract';
import { hasTakenEnough } from './run-limits';

/** Half of the server's limit: a step that has not ended by then is begun again by the next run. */
const MAX_SIGNALS_IN_STEP = 5_000;
/** Rows, documents and failures that the query shows; of more the first ones, so that its answer fits into Temporal's payloads. */
const MAX_SHOWN = 100;

// contract: SEARCH_ATTRIBUTE_KEYS
const STAGE = defineSearchAttributeKey(ATTRIBUTES.stage, 'KEYWORD');
const STAGE_SINCE = defineSearchAttributeKey(ATTRIBUTES.stageSince, 'DATETIME');
const OUTCOME = defineSearchAttributeKey(ATTRIBUTES.outcome, 'KEYWORD');
const HUMAN_ID = defineSearchAttributeKey(ATTRIBUTES.humanId, 'KEYWORD');

/** The state of a run; the facts are kept apart, because payloads carry them in another shape. */
type RunState = Omit<ApplicantState, 'facts'>;

/** One applicant within a run: what is known, and what changes it from outside. */
export class Applicant {
  readonly state: RunState;
  /** The input in full, also where an earlier version wrote it. */
  readonly input: CollectRecordsInput;
  /** True where a version without `accessRefusedPatienceMs` started the run. */
  readonly isOfEarlierVersion: boolean;
  /** True once an invitation may have been sent. */
  mayBeInvited: boolean;
  /** True once upstream itself said that our create is done: a person who is not there then is gone, not late. */
  isCreateConfirmed = false;
  private knownFacts: Facts | null;
  /** Signals of this run, whatever they held. */
  private signals = 0;
  /** The link of the invitation; null before it was sent, and from the closing on. Not part of the state, which everybody may see. */
  private link: InvitationAnswer | null;
  private isClosing = false;
  /** Notices that came before the invitation was answered: until then nobody knows whose they are. */
  private readonly earlyNotices: (() => void)[] = [];
  /** The report notices among them, for an applicant that ends without an invitation. */
  private readonly earlyReportNotices: ReportNotice[] = [];

  /** @throws TypeError for an invalid input: that fails the workflow task, so that the applicant stands still before anything is sent. */
  constructor(input: CollectRecordsInput) {
    if (!isClientUserId(input?.details?.clientUserId)) {
      throw new TypeError('the input has no valid applicant details: check how the workflow was started');
    }
    this.input = { ...input, policy: completePolicy(input.policy) };
    this.isOfEarlierVersion = input.policy?.accessRefusedPatienceMs === undefined;
    const { facts, ...state } = input.carried ? upgradeState(input.carried) : newState(input.details.clientUserId);
    this.state = state;
    this.knownFacts = facts && upgradeFacts(facts);
    this.mayBeInvited = this.isInvited;
    this.link = input.carriedInvitation ?? null;
  }

  /** True once the invitation was answered with a person. */
  get isInvited(): boolean {
    return this.knownFacts !== null;
  }

  get facts(): Facts {
    if (this.knownFacts === null) throw new TypeError('the facts were read before the invitation was answered');
    return this.knownFacts;
  }

  set facts(facts: Facts) {
    this.knownFacts = facts;
  }

  /** The upstream's id of the person; payloads call it humanId. */
  get subjectId(): string {
    if (this.state.humanId === null) throw new TypeError('the subjectId was read before the invitation was answered');
    return this.state.humanId;
  }

  /** What the query `invitation` answers. */
  get invitation(): InvitationAnswer {
    if (this.isClosing || this.state.outcome !== null) return { inviteLink: null, why: 'closed' };
    if (!this.isInvited) return { inviteLink: null, why: 'not-invited-yet' };
    // A run that began with an earlier version carries none.
    return this.link ?? { inviteLink: null, why: 'not-returned' };
  }

  /** What `decide` decides from. */
  get situation() {
    const { policy, autoInvite = true } = this.input;
    return { facts: this.facts, collection: this.state.collection, policy, nowMs: Date.now(), autoInvite };
  }

  /** True once this run has taken enough signals or history. */
  get shouldContinueAsNew(): boolean {
    return hasTakenEnough(this.signals);
  }

  /** True once not even the end of the present step can be waited for: an outage may keep it for days. */
  get mustContinueAsNew(): boolean {
    return this.signals >= MAX_SIGNALS_IN_STEP;
  }

  /** The state for the next run. */
  toCarriedState(): ApplicantState {
    return { ...this.state, facts: this.knownFacts && carriedFacts(this.knownFacts) };
  }

  /** What the query `state` answers: the state, with the first entries of very long lists. */
  snapshot(): StateAnswer {
    const { collection } = this.state;
    const { listed, seen, documents, answers, marks } = collection;
    return {
      ...this.toCarriedState(),
      documentCount: countDocuments(collection),
      collection: {
        ...collection,
        listed: listed.slice(0, MAX_SHOWN),
        seen: seen.slice(0, MAX_SHOWN),
        documents: documents.slice(0, MAX_SHOWN),
        answers: firstEntries(answers),
        marks: firstEntries(marks),
      },
    };
  }

  receiveStatusNotice(notice: StatusNotice): void {
    this.receive(() => {
      if (!this.isOwnNotice(notice) || typeof notice.status !== 'string') {
        this.state.ignoredNotices += 1;
        return;
      }
      const { status, updatedAt } = notice;
      const claim = { status, updatedAtMs: parseInstantMs(updatedAt) };
      this.facts = withNotice(this.facts, claim, Date.now(), this.input.policy);
    });
  }

  receiveReportNotice(notice: ReportNotice): void {
    if (!this.isInvited && typeof notice?.reportId === 'string') this.earlyReportNotices.push(notice);
    this.receive(() => {
      if (!this.isOwnNotice(notice) || typeof notice.reportId !== 'string') {
        this.state.ignoredNotices += 1;
        return;
      }
      this.state.collection = withReportNotice(this.state.collection, notice, Date.now());
    });
  }

  private receive(take: () => void): void {
    this.signals += 1;
    if (this.isInvited) take();
    else this.earlyNotices.push(take);
  }

  private isOwnNotice(notice: { humanId: string } | null | undefined): boolean {
    return isHumanId(notice?.humanId) && notice.humanId === this.state.humanId;
  }

  /** The invitation was answered: from now on everything counts, and the notices that came before are taken. */
  recordInvitation(subjectId: string, read: Read, invitation: InvitationAnswer): void {
    this.link = invitation;
    this.state.humanId = subjectId;
    this.facts = openAdoptedFacts(read, Date.now(), workflowJitter(workflowInfo().workflowId));
    moveToStage(this.state, nextStage(currentKind(this.facts), 'invited'), { humanId: subjectId });
    this.earlyReportNotices.length = 0;
    for (const take of this.earlyNotices.splice(0)) take();
  }

  /** The applicant is about to close: the link is of no use any more. */
  forgetInvitation(): void {
    this.isClosing = true;
    this.link = null;
  }

  /** Takes report notices that came before the invitation was answered: `most` at most, each version once; empty where none is left. */
  takeEarlyReportNotices(most: number): readonly ReportNotice[] {
    const byVersion = new Map(
      this.earlyReportNotices.map((notice) => [
        JSON.stringify([notice.humanId, notice.reportId, notice.updatedAt]),
        notice,
      ]),
    );
    const notices = [...byVersion.values()];
    this.earlyReportNotices.splice(0, this.earlyReportNotices.length, ...notices.slice(most));
    return notices.slice(0, most);
  }

  /** Shows what is known now: the stage where Temporal's lists are searched, the rest in its UI. */
  showProgress(): void {
    this.state.status = currentStatus(this.facts);
    moveToStage(this.state, nextStage(currentKind(this.facts), this.state.stage));
    showDetails(this.state);
  }
}

/** Moves the applicant to a stage, in the state and where Temporal's lists are searched: one event, none where nothing changes. */
export function moveToStage(state: RunState, stage: Stage, news: { outcome?: Outcome; humanId?: string } = {}): void {
  if (stage === state.stage && Object.keys(news).length === 0) return;
  if (stage !== state.stage) state.stageSinceMs = Date.now();
  state.stage = stage;
  upsertSearchAttributes([
    { key: STAGE, value: stage },
    { key: STAGE_SINCE, value: new Date(state.stageSinceMs) },
    ...(news.outcome ? [{ key: OUTCOME, value: news.outcome }] : []),
    ...(news.humanId ? [{ key: HUMAN_ID, value: news.humanId }] : []),
  ]);
}

/** What the Temporal UI shows of the applicant: business words, no personal data. Costs no event. */
export function showDetails(state: RunState): void {
  const { stage, status, waitingFor, waitingUntilMs, stuck, outcome, reason } = state;
  const ending = outcome && `**${outcome}**${reason ? ` (${reason})` : ''}`;
  const deadline = waitingUntilMs === null ? '' : `, until ${new Date(waitingUntilMs).toISOString()} at the latest`;
  setCurrentDetails(
    [
      `Stage: **${stage}**${status ? `, Human API says ${displayStatus(status)}` : ''}`,
      ...(stuck ? [`**Stuck**: Human API answers ${stuck}.`] : []),
      ending ?? (waitingFor ? `Waiting for ${waitingFor}${deadline}.` : 'In progress.'),
      `Documents stored: ${countDocuments(state.collection)}`,
    ].join('\n\n'),
  );
}

/** An unknown status is upstream's text, and may be anything: only the state has it. */
function displayStatus(status: string): string {
  return statusKind(status) === 'unknown' ? 'an unknown status' : `"${status.trim()}"`;
}

function firstEntries<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).slice(0, MAX_SHOWN));
}

/** A number from 0 to 1 that belongs to a workflow id for ever (FNV-1a). Timers depend on it: it must never change. */
function workflowJitter(workflowId: string): number {
  let hash = 0x811c9dc5;
  for (const character of workflowId) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}

/** The state that another version handed to continue-as-new: a missing field gets its value of a new state, an unknown one is kept. */
export function upgradeState(carried: ApplicantState): ApplicantState {
  return {
    ...newState(carried.clientUserId),
    ...carried,
    facts: carried.facts ? carriedFacts(upgradeFacts(carried.facts)) : null,
    collection: upgradeCollection(carried.collection),
  };
}

function newState(clientUserId: string): ApplicantState {
  return {
    clientUserId,
    humanId: null,
    stage: 'inviting',
    stageSinceMs: Date.now(),
    status: null,
    waitingFor: null,
    waitingUntilMs: null,
    stuck: null,
    outcome: null,
    reason: null,
    ignoredNotices: 0,
    facts: null,
    collection: emptyCollection(),
    round: 1,
    detailsRound: 1,
    revision: 0,
  };
}
