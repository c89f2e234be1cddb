import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { countCurrentDocuments } from '../domain/collection';
import { closedData } from '../domain/events';
import type { Policy } from '../domain/policy';
import type { EventRecorder } from '../events/recorder';
import { WrongFolder } from '../report-store/errors';
import type { Manifest, ReportStore } from '../report-store/port';
import { Unavailable, Undecided } from '../upstream/errors';
import type { Person, Upstream } from '../upstream/port';
import type { KnownPeople } from '../workflows/contract';
import type { ApplicantRuns } from './applicant-runs';
import { type Attempt, attemptDecision, type UndecidedAnswer, type UndecidedPatience } from './attempt';
import { matchesEmail, ownPeople } from './person';
import { type Progress, startProgress } from './progress';
import { readOwnManifest, translateStoreErrors } from './store';

export interface WithdrawInput extends UndecidedPatience {
  readonly humanId: string;
}

/** The people under a clientUserId, by humanId. */
export interface PeopleFound {
  readonly ours: readonly string[];
  readonly others: readonly string[];
}

interface WithdrawalProgress extends Progress {
  /** Set if the answer to the last deletion confirmed nothing: then this attempt looks the person up. Absent in progress of 0.1.0. */
  unconfirmed?: { readonly why: string | null } | null;
}

/** Activities that withdraw people, and find the people to withdraw: one API call each. */
export function createWithdrawalActivities({ upstream }: { upstream: Upstream }) {
  return {
    /** Deletes the person, so that nothing more is sent to them. Retried until the upstream confirms it. */
    async withdraw({ humanId, ...patience }: WithdrawInput): Promise<'deleted' | 'already-gone' | UndecidedAnswer> {
      return attemptDecision(
        patience,
        (running) => withdrawOnce(humanId, running),
        (before: WithdrawalProgress | null) => before ?? startProgress(null),
      );
    },

    /** The humanIds under a clientUserId. */
    async findPeople(
      input: { readonly clientUserId: string } & UndecidedPatience,
    ): Promise<readonly string[] | UndecidedAnswer> {
      return attemptDecision(input, async () => toIds(await findOwn(input.clientUserId)), startProgress);
    },

    /** The same, but known people and others are in two lists. */
    async findKnownPeople(
      input: { readonly clientUserId: string } & KnownPeople & UndecidedPatience,
    ): Promise<PeopleFound | UndecidedAnswer> {
      return attemptDecision(input, async () => sortPeople(await findOwn(input.clientUserId), input), startProgress);
    },
  };

  /** Makes one call: a deletion, or a look-up if the previous answer did not confirm the deletion. */
  async function withdrawOnce(
    humanId: string,
    { progress }: Attempt<WithdrawalProgress>,
  ): Promise<'deleted' | 'already-gone'> {
    const { unconfirmed = null } = progress;
    progress.unconfirmed = null;
    if (unconfirmed !== null) return confirmWithdrawal(humanId, unconfirmed.why);
    try {
      return await upstream.withdraw(humanId);
    } catch (error) {
      const isAnswered = error instanceof Unavailable && isAnswerStatus(error.call.status);
      if (isAnswered) progress.unconfirmed = { why: error instanceof Undecided ? error.why : null };
      throw error;
    }
  }

  /** Returns `already-gone`, not `deleted`, because a new person may not be listed yet. @throws ApplicationFailure if the person is still listed */
  async function confirmWithdrawal(humanId: string, why: string | null): Promise<'already-gone'> {
    const found = await upstream.findPeople({ subjectId: humanId }).catch((error: unknown) => {
      // Operators need to know why the deletion was not confirmed, not why the look-up was not.
      throw error instanceof Undecided && why !== null ? new Undecided(error.call, why) : error;
    });
    if (found.length === 0) return 'already-gone';
    throw ApplicationFailure.create({ message: 'the person is still listed after a deletion', type: 'StillListed' });
  }

  async function findOwn(clientUserId: string): Promise<readonly Person[]> {
    return ownPeople(await upstream.findPeople({ clientUserId }), clientUserId);
  }
}

function sortPeople(people: readonly Person[], { humanIds, emails }: KnownPeople): PeopleFound {
  // An applicant may have adopted a person without an e-mail. Among several people it is unknown which one.
  const isAlone = people.length === 1 && humanIds.length === 0;
  const isInvited = (person: Person) =>
    (isAlone || person.email !== null) && emails.some((email) => matchesEmail(person, email));
  const isOurs = (person: Person) => humanIds.includes(person.subjectId) || isInvited(person);
  return { ours: toIds(people.filter(isOurs)), others: toIds(people.filter((person) => !isOurs(person))) };
}

function toIds(people: readonly Person[]): string[] {
  return people.map(({ subjectId }) => subjectId);
}

/** True for an answer after which the person may be gone. False for a rejected token, a timeout, a rate limit and a 5xx. */
function isAnswerStatus(status: number | null): boolean {
  return status !== null && status >= 200 && status < 500 && ![401, 403, 408, 429].includes(status);
}

export interface WithdrawalRecordDeps {
  readonly reportStore: ReportStore;
  readonly runs: Pick<ApplicantRuns, 'isOpen'>;
  readonly events: EventRecorder;
  /** A new manifest gets its wanted reports. */
  readonly policy: Policy;
}

/** Activities of a manual withdrawal that use Temporal and the store. */
export function createWithdrawalRecordActivities({ reportStore, runs, events, policy }: WithdrawalRecordDeps) {
  return {
    /** If true, the operator has to cancel the applicant instead: its workflow then withdraws the person. */
    async isApplicantOpen({ clientUserId }: { clientUserId: string }): Promise<boolean> {
      return runs.isOpen(clientUserId);
    },

    /** Records the outcome and its event, unless there is one, so that no later start invites again. Returns false if nothing was recorded. */
    async recordWithdrawal(input: { clientUserId: string; humanId: string | null }): Promise<boolean> {
      const closedAt = new Date(activityInfo().currentAttemptScheduledTimestampMs).toISOString();
      const before = await readOwnManifest(reportStore, input.clientUserId);
      if (!before && input.humanId === null) return false;
      const { wanted } = policy;
      const change = { kind: 'withdrawal', ...input, closedAt, wanted } as const;
      const after = await translateStoreErrors(() => reportStore.updateManifest(change)).catch(toNullIfWrongFolder);
      if (after !== null) await recordClosed(after);
      return after?.closedAt === closedAt;
    },
  };

  /** The run was ended by force, or never was: it emits no event. A repeat adds nothing. */
  async function recordClosed(manifest: Manifest): Promise<void> {
    const { clientUserId, round, outcome, reason, closedAt, withdrawnAt, documents, missing } = manifest;
    if (events.types === undefined) return;
    // Only a withdrawal that ends the applicant has both at the same time.
    if (outcome === null || closedAt === null || closedAt !== withdrawnAt) return;
    const data = closedData(outcome, reason, countCurrentDocuments(documents), missing);
    const draft = { type: 'applicant.closed', atMs: Date.parse(closedAt), round, data } as const;
    const subject = { kind: 'applicant', id: clientUserId } as const;
    const append = { writer: `withdrawal-${round}`, from: 0, drafts: [draft] };
    await translateStoreErrors(() => events.append(subject, append));
    await events.requestDeliveries(subject);
  }
}

/** The folder is another applicant's. */
function toNullIfWrongFolder(error: unknown): null {
  if (error instanceof WrongFolder) return null;
  throw error;
}
