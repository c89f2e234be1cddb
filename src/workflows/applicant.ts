import type { SearchAttributeUpdatePair } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { carriedFacts, upgradeFacts } from '../domain/carried-facts';
import { countDocuments, withReportNotice } from '../domain/collection';
import { listedDeadlineMs } from '../domain/deadline';
import { attentionData, closedData, type EventData, type EventType, stageChangedData } from '../domain/events';
import { currentKind, currentStatus, type Facts, openInvitedFacts, withNotice } from '../domain/facts';
import { isClientUserId, isHumanId } from '../domain/identifiers';
import { parseInstantMs } from '../domain/instants';
import { missingDocuments } from '../domain/missing-documents';
import { closedNeeds, endingNeeds, openNeeds, quietAtMs, type RecordedNeed } from '../domain/needs';
import type { ReportNotice, StatusNotice } from '../domain/notices';
import type { Stage } from '../domain/outcome';
import { completePolicy, earliest } from '../domain/policy';
import { planPolls } from '../domain/polls';
import type { Read } from '../domain/reads';
import type { Situation } from '../domain/situation';
import { nextStage, normalizeStatus, statusKind } from '../domain/status';
import { type TimelineKind, type TimelineSource, withEntry } from '../domain/timeline';
import { newState, upgradeState } from './applicant-state';
import type { ApplicantState, CollectRecordsInput, InvitationAnswer, StateAnswer } from './contract';
import { Outbox } from './outbox';
import { hasReachedRunLimit } from './run-limits';
import { changedNeeds, roundAttributes, type StageChanges, stageAttributes } from './shown-attributes';

/** Half of the server's limit on signals of a run. */
const MAX_SIGNALS_IN_STEP = 5_000;
/** Entries of each list in the answer to the query `state`, so that it fits into Temporal's payloads. */
const MAX_SHOWN = 100;

type RunState = Omit<ApplicantState, 'facts'>;

/** One applicant within a run: its state, the signals that change it, and what Temporal shows of it. */
export class Applicant {
  /** Without the facts, which have another shape in payloads. */
  readonly state: RunState;
  /** The input with a complete policy. */
  readonly input: CollectRecordsInput;
  /** True if a version without `accessRefusedPatienceMs` started this run: its history has no timer for the expiry of a list. */
  readonly isOfEarlierVersion: boolean;
  /** True if a version without `chaseMs` (0.2.0 or earlier) started this run: its history shows no round, deadline and needs, and no second list. */
  readonly isOfVersion020: boolean;
  /** When the closing began, in ms since 1970: all its writes have this time. Null before. */
  closedAtMs: number | null = null;
  /** True once an invitation may have been sent. */
  mayBeInvited: boolean;
  /** The humanId in the manifest when this run began. A cancel before the invitation withdraws this person. Null: none, or not read. */
  earlierHumanId: string | null = null;
  /** True once upstream has confirmed the create. If a deletion then finds no person, the search for them lasts 30 s, not 60 s. */
  isCreateConfirmed = false;
  readonly outbox: Outbox;
  /** True from the closing on: the conclusion stands, and no action changes it. */
  isClosing = false;
  private knownFacts: Facts | null;
  private signalCount = 0;
  /** Null before the invitation, and from the closing on. Not part of the state, because more people may read the state than the link. */
  private knownInvitation: InvitationAnswer | null;
  /** Notices that came before the answer to the invitation: until then the humanId is unknown. */
  private readonly earlyNotices: (() => void)[] = [];
  /** The report notices among them: if the recorded outcome stands, the refresh needs them. */
  private readonly earlyReportNotices: ReportNotice[] = [];

  /** @throws TypeError for an invalid input: it fails the workflow task before anything is sent upstream */
  constructor(input: CollectRecordsInput) {
    if (!isClientUserId(input?.details?.clientUserId)) {
      throw new TypeError('the input has no valid applicant details: check how the workflow was started');
    }
    this.input = { ...input, policy: completePolicy(input.policy) };
    this.isOfEarlierVersion = input.policy?.accessRefusedPatienceMs === undefined;
    this.isOfVersion020 = input.policy?.chaseMs === undefined;
    const { facts, ...state } = input.carried ? upgradeState(input.carried) : newState(input.details.clientUserId);
    this.state = state;
    this.knownFacts = facts && upgradeFacts(facts);
    this.mayBeInvited = this.isInvited;
    this.knownInvitation = input.carriedInvitation ?? null;
    this.outbox = new Outbox(state.clientUserId, input.carriedEvents);
    if (!input.carried) this.record('started', 'start');
  }

  /** True once a person is invited or adopted. */
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

  get humanId(): string {
    if (this.state.humanId === null) throw new TypeError('the humanId was read before the invitation was answered');
    return this.state.humanId;
  }

  /** The answer to the query `invitation`. */
  get invitation(): InvitationAnswer {
    if (this.isClosing || this.state.outcome !== null) return { inviteLink: null, why: 'closed' };
    if (!this.isInvited) return { inviteLink: null, why: 'not-invited-yet' };
    // A run of an earlier version carries no link.
    return this.knownInvitation ?? { inviteLink: null, why: 'not-returned' };
  }

  get situation(): Situation {
    const { policy, autoInvite = true } = this.input;
    const { collection, finish } = this.state;
    const finishRequestedAtMs = finish?.atMs ?? null;
    return { facts: this.facts, collection, policy, nowMs: Date.now(), autoInvite, finishRequestedAtMs };
  }

  get shouldContinueAsNew(): boolean {
    return hasReachedRunLimit(this.signalCount);
  }

  /** True once the run has too many signals to wait for the end of the current step, which an outage may delay for days. */
  get mustContinueAsNew(): boolean {
    return this.signalCount >= MAX_SIGNALS_IN_STEP;
  }

  /** The next run has a complete policy. If this run showed no needs and no deadline, the next one shows them. Its calls are not those of this run. */
  toCarriedState(): ApplicantState {
    const shown = this.isOfVersion020 && { needs: [], dueAtMs: null };
    return { ...this.wholeState(), ...shown, stuckCalls: {}, recordedOccurrences: this.recordedOccurrences };
  }

  /** How many occurrences of the timeline the manifest has. None of the entries, if workers of 0.2.0 may have made the writes. */
  get recordedOccurrences(): number {
    const { timeline, recordedOccurrences } = this.state;
    return this.isOfVersion020 ? Math.min(recordedOccurrences, timeline.omitted) : recordedOccurrences;
  }

  private wholeState(): ApplicantState {
    return { ...this.state, facts: this.knownFacts && carriedFacts(this.knownFacts) };
  }

  private get firstPollAtMs(): number | null {
    if (!this.isInvited || this.state.outcome !== null) return null;
    const { statusPoll, listPoll } = planPolls(this.situation);
    return earliest(statusPoll?.startMs ?? null, listPoll?.startMs ?? null);
  }

  /** The answer to the query `state`. */
  snapshot(): StateAnswer {
    const { collection } = this.state;
    const { listed, seen, documents, answers, marks } = collection;
    return {
      ...this.wholeState(),
      documentCount: countDocuments(collection),
      nextPollAtMs: this.firstPollAtMs,
      isClosing: this.isClosing || this.state.outcome !== null,
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
      this.learn(withNotice(this.facts, claim, Date.now(), this.input.policy), 'notification');
    });
  }

  receiveReportNotice(notice: ReportNotice): void {
    if (!this.isInvited && typeof notice?.reportId === 'string') this.earlyReportNotices.push(notice);
    this.receive(() => {
      if (!this.isOwnNotice(notice) || typeof notice.reportId !== 'string') {
        this.state.ignoredNotices += 1;
        return;
      }
      this.state.collection = withReportNotice(this.state.collection, notice, Date.now(), this.isOfVersion020);
    });
  }

  /** Counts an action, or a signal of a worker, against the limit of signals of a run. A worker of 0.2.0 did not count them. */
  countMessage(): void {
    if (!this.isOfVersion020) this.signalCount += 1;
  }

  private receive(apply: () => void): void {
    this.signalCount += 1;
    if (this.isInvited) apply();
    else this.earlyNotices.push(apply);
  }

  private isOwnNotice(notice: { humanId: string } | null | undefined): boolean {
    return isHumanId(notice?.humanId) && notice.humanId === this.state.humanId;
  }

  /** Opens the facts with the answer to the invitation, and applies the notices that came before it. */
  recordInvitation(humanId: string, read: Read, invitation: InvitationAnswer): void {
    this.knownInvitation = invitation;
    this.state.humanId = humanId;
    this.facts = openInvitedFacts(read, Date.now(), workflowJitter(workflowInfo().workflowId));
    this.moveToStage(nextStage(currentKind(this.facts), 'invited'), { humanId });
    this.earlyReportNotices.length = 0;
    for (const apply of this.earlyNotices.splice(0)) apply();
  }

  /** For the closing: from now on the query `invitation` returns no link. */
  forgetInvitation(): void {
    this.isClosing = true;
    this.knownInvitation = null;
  }

  /** Removes and returns report notices that came before the invitation, each version once; empty if none is left. */
  takeEarlyReportNotices(maxNotices: number): readonly ReportNotice[] {
    const versionOf = ({ humanId, reportId, updatedAt }: ReportNotice) =>
      JSON.stringify([humanId, reportId, updatedAt]);
    const byVersion = new Map(this.earlyReportNotices.map((notice) => [versionOf(notice), notice]));
    const notices = [...byVersion.values()];
    this.earlyReportNotices.splice(0, this.earlyReportNotices.length, ...notices.slice(maxNotices));
    return notices.slice(0, maxNotices);
  }

  /** Appends an entry to the timeline. `data`: codes, counts and ids, never personal data. Costs no event. */
  record(kind: TimelineKind, source: TimelineSource, data?: Readonly<Record<string, string | number>>): void {
    this.state.timeline = withEntry(this.state.timeline, { atMs: Date.now(), kind, source, ...(data && { data }) });
  }

  /** Replaces the facts. A new status becomes an entry of the timeline, without the text of an unknown one. */
  learn(facts: Facts, source: TimelineSource): void {
    const before = currentStatus(this.facts);
    const status = currentStatus(facts);
    this.facts = facts;
    if (normalizeStatus(before) !== normalizeStatus(status)) {
      this.record('status', source, { status: statusKind(status) });
    }
  }

  /** Takes the status from the facts, moves the stage, and shows both. */
  updateProgress(): void {
    this.state.status = currentStatus(this.facts);
    this.moveToStage(nextStage(currentKind(this.facts), this.state.stage));
    this.showDetails();
  }

  /** Sets the stage, the needs and the deadline in the state and in the search attributes. Costs one event, none if nothing changes. */
  moveToStage(stage: Stage, changes: StageChanges = {}): void {
    const { state } = this;
    const { stage: previous, needs } = state;
    const hasMoved = stage !== previous;
    if (hasMoved) state.stageSinceMs = changes.sinceMs ?? Date.now();
    state.stage = stage;
    const isShown = hasMoved || Object.keys(changes).length > 0;
    const attributes = [...(isShown ? stageAttributes(state, changes) : []), ...this.updateNeeds()];
    if (attributes.length > 0) upsertSearchAttributes([...attributes, ...this.openingAttributes()]);
    if (hasMoved) this.emit('applicant.stage-changed', stageChangedData(stage, previous, state.status));
    if (state.needs.join() !== needs.join()) this.emit('applicant.attention', attentionData(state.needs));
  }

  private emit(type: EventType, data: EventData): void {
    this.outbox.emit(type, this.state.round, data);
  }

  /** The round begins. `types`: see Outbox. */
  emitStarted(types: readonly EventType[] | undefined): void {
    this.outbox.configure(types);
    this.emit('applicant.started', { batchId: this.input.batchId ?? null });
  }

  /** Shows changed needs and a changed deadline. Costs one event, none if nothing changed. */
  showNeeds(): void {
    this.moveToStage(this.state.stage);
  }

  /** Moves to the stage `closed` and shows how the applicant ended. */
  showClosed(changes: StageChanges): void {
    this.moveToStage('closed', changes);
    this.showDetails();
    const { outcome, reason, collection } = this.state;
    if (outcome === null) return;
    const missing = missingDocuments(collection, this.input.policy.wanted);
    this.emit('applicant.closed', closedData(outcome, reason, countDocuments(collection), missing));
  }

  /** The round, and the invitation if there is one: once, with the invitation or with an end without one. A run that continues one of 0.2.0 has not shown them. */
  private openingAttributes(): SearchAttributeUpdatePair[] {
    const { state, knownFacts: facts } = this;
    const isOpened = facts !== null || state.stage === 'closed';
    if (this.isOfVersion020 || state.isRoundShown || !isOpened) return [];
    state.isRoundShown = true;
    return roundAttributes(state.round, facts?.timestamps.openedAtMs ?? null);
  }

  /** Returns the search attributes that changed. */
  private updateNeeds(): SearchAttributeUpdatePair[] {
    const { state } = this;
    const before = { needs: state.needs, dueAtMs: state.dueAtMs };
    state.needs = this.findNeeds();
    state.dueAtMs = this.findDueAtMs();
    if (state.needs.includes('quiet') && !before.needs.includes('quiet')) this.record('quiet', 'worker');
    return this.isOfVersion020 ? [] : changedNeeds(before, state);
  }

  private findNeeds(): readonly RecordedNeed[] {
    const { stage, reason, stuck, stuckCalls } = this.state;
    if (stage === 'closed') return closedNeeds(reason);
    const hasStuckCall = Boolean(stuck) || Object.keys(stuckCalls).length > 0;
    const isQuiet = this.quietAtMs !== null && Date.now() >= this.quietAtMs;
    const needs = openNeeds(stage, isQuiet, hasStuckCall);
    return this.isClosing ? endingNeeds(needs) : needs;
  }

  private findDueAtMs(): number | null {
    const { knownFacts: facts, state } = this;
    if (facts === null || this.isClosing || state.stage === 'closed') return null;
    return listedDeadlineMs(facts, currentKind(facts), this.input.policy, state.dueAtMs);
  }

  /** When the applicant becomes quiet; null: it does not, or it is. */
  get nextQuietAtMs(): number | null {
    return this.state.needs.includes('quiet') ? null : this.quietAtMs;
  }

  private get quietAtMs(): number | null {
    const { stage, stageSinceMs } = this.state;
    return this.isOfVersion020 ? null : quietAtMs(stage, stageSinceMs, this.input.policy);
  }

  /** Describes the applicant in the Temporal UI, without personal data. Costs no event. */
  showDetails(): void {
    const { stage, status, waitingFor, waitingUntilMs, stuck, outcome, reason, collection } = this.state;
    const ending = outcome && `**${outcome}**${reason ? ` (${reason})` : ''}`;
    const deadline = waitingUntilMs === null ? '' : `, until ${new Date(waitingUntilMs).toISOString()} at the latest`;
    setCurrentDetails(
      [
        `Stage: **${stage}**${status ? `, Human API reports ${displayStatus(status)}` : ''}`,
        ...(stuck ? [`**Stuck**: ${stuck}.`] : []),
        ending ?? (waitingFor ? `Waiting for ${waitingFor}${deadline}.` : 'In progress.'),
        `Documents stored: ${countDocuments(collection)}`,
      ].join('\n\n'),
    );
  }

  /** `reason` null: not stuck. While an applicant is stuck, activities return no further undecided answer (see undecidedPatience). */
  setStuck(reason: string | null): void {
    if ((this.state.stuck ?? null) === reason) return;
    this.state.stuck = reason;
    this.showDetails();
    // That it is no longer stuck shows with the next change.
    if (reason !== null) this.showNeeds();
  }
}

/** Hides the text of an unknown status, which may contain personal data. */
function displayStatus(status: string): string {
  return statusKind(status) === 'unknown' ? 'an unknown status' : `"${status.trim()}"`;
}

function firstEntries<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).slice(0, MAX_SHOWN));
}

/** 0 to 1, fixed per workflow id (FNV-1a). The formula must never change, because timers depend on it. */
function workflowJitter(workflowId: string): number {
  let hash = 0x811c9dc5;
  for (const character of workflowId) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}
