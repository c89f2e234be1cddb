import { workflowInfo } from '@temporalio/workflow';
import { nextStage } from '../domain/applicant';
import { emptyCollection, upgradeCollection, withReportNotice } from '../domain/collection';
import { currentKind, currentStatus, type Facts, openAdoptedFacts, upgradeFacts, withNotice } from '../domain/facts';
import { isClientUserId, isHumanId } from '../domain/identifiers';
import { parseInstantMs } from '../domain/instants';
import { completePolicy } from '../domain/policy';
import type { Read } from '../domain/reads';
import type { ApplicantState, CollectRecordsInput, InvitationAnswer, ReportNotice, StatusNotice } from './contract';
import { moveToStage, showDetails } from './display';

/** Continue as new after so many signals, whatever the server suggests: its own limit is 10,000 a run. */
const MAX_SIGNALS = 2_000;
/** Half of that limit: a step that has not ended by then is begun again by the next run. */
const MAX_SIGNALS_IN_STEP = 5_000;

/** One applicant within a run: the state that the query answers, and what changes it from outside. */
export class Applicant {
  readonly state: ApplicantState;
  /** Signals of this run, whatever they held. */
  private signals = 0;
  /** True once an invitation may have been sent. */
  mayBeInvited: boolean;
  /** True once upstream itself said that our create is done: whoever is not there then is gone, not late. */
  isCreateConfirmed = false;
  /** What the query of the invitation answers while the applicant is open; null before it was sent, and from the closing on. */
  private link: InvitationAnswer | null;
  private isClosing = false;
  private readonly earlyNotices: (() => void)[] = [];
  /** The report notices among them, for an applicant that ends without an invitation. */
  private readonly earlyReportNotices: ReportNotice[] = [];

  /** The input in full, also where an earlier version wrote it. */
  readonly input: CollectRecordsInput;
  /** True where a version without `accessRefusedPatienceMs` started the run. */
  readonly isOfEarlierVersion: boolean;

  /** @throws TypeError for an input that is not one: that fails the workflow task, which parks the applicant visibly before anything is sent. */
  constructor(input: CollectRecordsInput) {
    if (!isClientUserId(input?.details?.clientUserId)) {
      throw new TypeError('expected the details of an applicant in the input, got others: look at how it was started');
    }
    this.input = { ...input, policy: completePolicy(input.policy) };
    this.isOfEarlierVersion = input.policy?.accessRefusedPatienceMs === undefined;
    this.state = input.carried ? upgradeState(input.carried) : newState(input.details.clientUserId);
    this.mayBeInvited = this.state.facts !== null;
    this.link = input.carriedInvitation ?? null;
  }

  /** The link of the invitation. It is kept apart from the state, which is shown to everyone who may look at an applicant. */
  get invitation(): InvitationAnswer {
    if (this.isClosing || this.state.outcome !== null) return { inviteLink: null, why: 'closed' };
    if (this.state.facts === null) return { inviteLink: null, why: 'not-invited-yet' };
    // A run that began with an earlier version carries none.
    return this.link ?? { inviteLink: null, why: 'not-returned' };
  }

  /** The applicant is about to close: the link is of no use to anyone any more. */
  forgetInvitation(): void {
    this.isClosing = true;
    this.link = null;
  }

  get facts(): Facts {
    if (this.state.facts === null) throw new TypeError('the facts are asked for before the invitation was answered');
    return this.state.facts;
  }

  get humanId(): string {
    if (this.state.humanId === null) throw new TypeError('the humanId is asked for before the invitation was answered');
    return this.state.humanId;
  }

  /** The invitation was answered: from now on everything counts, and what was heard before is taken. */
  recordInvitation(humanId: string, read: Read, invitation: InvitationAnswer): void {
    const { state } = this;
    this.link = invitation;
    state.humanId = humanId;
    state.facts = openAdoptedFacts(read, Date.now(), workflowJitter(workflowInfo().workflowId));
    moveToStage(state, nextStage(currentKind(state.facts), 'invited'), { humanId });
    this.earlyReportNotices.length = 0;
    for (const take of this.earlyNotices.splice(0)) take();
  }

  /** Report notices that came before the invitation was answered, taken: some at most, each version once; empty where none is left. */
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

  receiveStatusNotice(notice: StatusNotice): void {
    this.receive(() => {
      if (!this.isOwnNotice(notice) || typeof notice.status !== 'string') {
        this.state.ignoredNotices += 1;
        return;
      }
      const { status, updatedAt } = notice;
      const claim = { status, updatedAtMs: parseInstantMs(updatedAt) };
      this.state.facts = withNotice(this.facts, claim, Date.now(), this.input.policy);
    });
  }

  receiveReportNotice(notice: ReportNotice): void {
    if (this.state.facts === null && typeof notice?.reportId === 'string') this.earlyReportNotices.push(notice);
    this.receive(() => {
      if (!this.isOwnNotice(notice) || typeof notice.reportId !== 'string') {
        this.state.ignoredNotices += 1;
        return;
      }
      this.state.collection = withReportNotice(this.state.collection, notice, Date.now());
    });
  }

  /** True once a run has taken in enough, even if nothing of it changed what is known: beyond its limit the server refuses honest notices too. */
  get shouldContinueAsNew(): boolean {
    return this.signals >= MAX_SIGNALS || workflowInfo().continueAsNewSuggested;
  }

  /** True once not even the end of the present step can be waited for: an outage may keep it for days. */
  get mustContinueAsNew(): boolean {
    return this.signals >= MAX_SIGNALS_IN_STEP;
  }

  /** Shows what is known now: the stage where Temporal's lists are searched, the rest in its UI. */
  showProgress(): void {
    this.state.status = currentStatus(this.facts);
    moveToStage(this.state, nextStage(currentKind(this.facts), this.state.stage));
    showDetails(this.state);
  }

  /** Before the invitation is answered nobody knows whose notice it is: it is kept until then. */
  private receive(take: () => void): void {
    this.signals += 1;
    if (this.state.facts === null) this.earlyNotices.push(take);
    else take();
  }

  private isOwnNotice(notice: { humanId: string } | null | undefined): boolean {
    return isHumanId(notice?.humanId) && notice.humanId === this.state.humanId;
  }
}

/** A number from 0 to 1 that belongs to a workflow id for ever (FNV-1a). */
function workflowJitter(workflowId: string): number {
  let hash = 0x811c9dc5;
  for (const character of workflowId) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}

/**
 * The state that an earlier version handed to continue-as-new, as this version needs it: a field that it lacks gets its value of a new state,
 * an unknown one is kept. A new field of the state, the facts or the collection therefore needs a neutral value there, and nothing else.
 */
export function upgradeState(carried: ApplicantState): ApplicantState {
  return {
    ...newState(carried.clientUserId),
    ...carried,
    facts: carried.facts ? upgradeFacts(carried.facts) : null,
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
