import { activityInfo } from '@temporalio/activity';
import type { Policy } from '../domain/policy';
import { type ReportStore, WrongFolder } from '../report-store/port';
import type { Person, Upstream } from '../upstream/port';
import type { KnownPeople } from '../workflows/contract';
import { attempt } from './attempt';
import { translateStoreErrors } from './manifests';
import { matchesEmail } from './person';
import { startProgress } from './progress';
import { answerUndecided, type UndecidedAnswer, type UndecidedPatience } from './undecided';

export interface WithdrawalDeps {
  readonly reportStore: ReportStore;
  readonly runs: { isOpen(clientUserId: string): Promise<boolean> };
  /** What stands as wanted in a manifest that is made for somebody of whom there was none. */
  readonly policy: Policy;
}

/** What the store and Temporal know of somebody who is withdrawn by hand. */
export function createWithdrawalActivities({ reportStore, runs, policy }: WithdrawalDeps) {
  return {
    /** An open applicant is cancelled instead: it withdraws by itself. */
    async isApplicantOpen({ clientUserId }: { clientUserId: string }): Promise<boolean> {
      return runs.isOpen(clientUserId);
    },

    /** Writes the outcome where there is none, so that no later start invites again. False where there was nobody and nothing to write of. */
    async recordWithdrawal(input: { clientUserId: string; humanId: string | null }): Promise<boolean> {
      const closedAt = new Date(activityInfo().currentAttemptScheduledTimestampMs).toISOString();
      return translateStoreErrors(async () => {
        const before = await reportStore.readManifest(input.clientUserId);
        if (!before && input.humanId === null) return false;
        const { wanted } = policy;
        const after = await reportStore.updateManifest({ kind: 'withdrawal', ...input, closedAt, wanted });
        return after.closedAt === closedAt;
      }).catch((error: unknown) => {
        if (error instanceof WrongFolder) return false;
        throw error;
      });
    },
  };
}

/** The people whom upstream has under a clientUserId, by humanId. */
export interface PeopleFound {
  readonly ours: readonly string[];
  readonly others: readonly string[];
}

/** Whom upstream has under a clientUserId: one call. */
export function createPeopleActivities({ upstream }: { upstream: Upstream }) {
  return {
    /** The humanIds; a reply that tells no clientUserId counts where it has one element only. */
    async findPeople(
      input: { readonly clientUserId: string } & UndecidedPatience,
    ): Promise<readonly string[] | UndecidedAnswer> {
      const ask = async () => (await usersOf(input.clientUserId)).map(({ subjectId }) => subjectId);
      return attempt((running) => answerUndecided(running, input, ask), startProgress);
    },

    /** The same, with those who are known as ours apart from others. */
    async findKnownPeople(
      input: { readonly clientUserId: string } & KnownPeople & UndecidedPatience,
    ): Promise<PeopleFound | UndecidedAnswer> {
      const ask = async () => {
        const users = await usersOf(input.clientUserId);
        // An applicant adopts a person without an e-mail. Among several, it is unknown which of them was adopted.
        const isAlone = users.length === 1 && input.humanIds.length === 0;
        const isInvited = (user: Person) =>
          (isAlone || user.email !== null) && input.emails.some((email) => matchesEmail(user, email));
        const isOurs = (user: Person) => input.humanIds.includes(user.subjectId) || isInvited(user);
        const idsOf = (some: readonly Person[]) => some.map(({ subjectId }) => subjectId);
        return { ours: idsOf(users.filter(isOurs)), others: idsOf(users.filter((user) => !isOurs(user))) };
      };
      return attempt((running) => answerUndecided(running, input, ask), startProgress);
    },
  };

  async function usersOf(clientUserId: string): Promise<readonly Person[]> {
    const users = await upstream.findPeople({ clientUserId });
    const only = users.length === 1 && users[0]?.clientUserId === null;
    return users.filter((user) => only || user.clientUserId === clientUserId);
  }
}
