import type { ApplicantRun, Standing } from './applicant-run';
import type { Outcome, Stage } from './outcome';
import type { PollName } from './policy';
import { isWithinRefreshPeriod } from './refresh';

/**
 * The findings of a sweep. `gone`: an open applicant whose person no longer exists upstream; `unattended`: a person upstream without an open
 * or recently closed applicant; `terminated`: an applicant that was ended by force and whose person is still upstream; `unread`: an open
 * applicant whose status was not read for longer than twice its cadence.
 */
export const SWEEP_KINDS = ['gone', 'unattended', 'terminated', 'unread'] as const;
export type SweepKind = (typeof SWEEP_KINDS)[number];
export type SweepCounts = Readonly<Record<SweepKind, number>>;

/** A person upstream. `clientUserId` null: missing or invalid; an invalid one may be any text and is dropped. */
export interface SweepPerson {
  readonly clientUserId: string | null;
  readonly humanId: string;
}

/** The rows that a sweep stores of our applicants: these fields and no others. */
export type ApplicantListing = Pick<
  ApplicantRun,
  'clientUserId' | 'humanId' | 'standing' | 'startedAtMs' | 'closedAtMs'
>;

/** To be checked: a person upstream without an applicant, or an open applicant (`listed`: the list upstream has the person). */
export type SweepCandidate =
  | ({ readonly of: 'person' } & SweepPerson)
  | {
      readonly of: 'applicant';
      readonly clientUserId: string;
      readonly humanId: string | null;
      readonly listed: boolean;
    };

/** A line of a sweep's list. */
export interface SweepFinding extends SweepPerson {
  readonly kind: SweepKind;
  /** Since when the status has not been read; only for `unread`. */
  readonly sinceMs?: number;
  /** Upstream answers, but no answer decides about the person; only for `unread`. */
  readonly reason?: 'undecided';
}

/** The state of an applicant's newest run. */
export interface ApplicantObservation {
  readonly standing: Standing;
  readonly humanId: string | null;
  readonly closedAtMs: number | null;
  /** Since when an open applicant has been overdue; null if it is not. */
  readonly unreadSinceMs: number | null;
  /** True if it waits for an answer that decides about the person. */
  readonly isUndecided?: boolean;
}

/** From the manifest, if Temporal has no run any more. */
export interface RecordedEnding {
  readonly outcome: Outcome | null;
  readonly closedAtMs: number | null;
}

/** Compares both lists. The results are only candidates, because the lists are of different times; every open applicant is one. */
export function findCandidates(
  people: readonly SweepPerson[],
  applicants: readonly ApplicantListing[],
  nowMs: number,
  refreshForMs: number,
): SweepCandidate[] {
  const newest = new Map<string, ApplicantListing>();
  const followed = new Set<string>();
  for (const applicant of applicants) {
    const known = newest.get(applicant.clientUserId);
    if (!known || known.startedAtMs <= applicant.startedAtMs) newest.set(applicant.clientUserId, applicant);
    if (applicant.standing === 'open' && applicant.humanId !== null) followed.add(applicant.humanId);
  }
  const upstream = new Set(people.map(({ humanId }) => humanId));
  const unfollowed = people.filter(({ clientUserId, humanId }) => {
    if (followed.has(humanId)) return false;
    const run = clientUserId === null ? undefined : newest.get(clientUserId);
    if (!run) return true;
    if (run.standing === 'open') return run.humanId !== null;
    return run.standing === 'forced' || !isWithinRefreshPeriod(nowMs, run.closedAtMs, refreshForMs);
  });
  const open = [...newest.values()].filter(({ standing }) => standing === 'open');
  return [
    ...unfollowed.map((person) => ({ of: 'person' as const, ...person })),
    ...open.map(({ clientUserId, humanId }) => {
      return { of: 'applicant' as const, clientUserId, humanId, listed: humanId === null || upstream.has(humanId) };
    }),
  ];
}

/**
 * Judges a candidate by its newest run; null for no finding, such as a person invited in between. `seen` null: Temporal has no run. `gone` still
 * has to be confirmed upstream.
 */
export function judgeCandidate(
  candidate: SweepCandidate,
  seen: ApplicantObservation | null,
  recorded: RecordedEnding | null,
  nowMs: number,
  refreshForMs: number,
): SweepFinding | null {
  if (candidate.of === 'applicant') return judgeApplicant(candidate, seen);
  const { clientUserId, humanId } = candidate;
  const kind = judgePerson(humanId, seen, recorded, nowMs, refreshForMs);
  return kind && { kind, clientUserId, humanId };
}

function judgeApplicant(
  { clientUserId, humanId, listed }: Extract<SweepCandidate, { of: 'applicant' }>,
  seen: ApplicantObservation | null,
): SweepFinding | null {
  if (seen?.standing !== 'open') return null;
  if (!listed && humanId !== null && seen.humanId === humanId) return { kind: 'gone', clientUserId, humanId };
  if (seen.unreadSinceMs === null) return null;
  const unread = { kind: 'unread', clientUserId, humanId: seen.humanId ?? '', sinceMs: seen.unreadSinceMs } as const;
  return seen.isUndecided ? { ...unread, reason: 'undecided' } : unread;
}

function judgePerson(
  humanId: string,
  seen: ApplicantObservation | null,
  recorded: RecordedEnding | null,
  nowMs: number,
  refreshForMs: number,
): SweepKind | null {
  if (seen?.standing === 'open') return seen.humanId === null || seen.humanId === humanId ? null : 'unattended';
  if (seen?.standing === 'forced') return 'terminated';
  const closedAtMs = seen ? seen.closedAtMs : (recorded?.closedAtMs ?? null);
  if (isWithinRefreshPeriod(nowMs, closedAtMs, refreshForMs)) return null;
  // A manifest without an outcome, and no run that could write one: the run was ended by force, and Temporal has deleted it.
  return !seen && recorded && recorded.outcome === null ? 'terminated' : 'unattended';
}

/** The cadence to expect of an applicant if only the stage is known. */
export function pollNameOfStage(stage: Stage | null): PollName {
  if (stage === 'invited' || stage === 'syncing' || stage === 'attention') return stage;
  return stage === 'collecting' ? 'someSynced' : 'engaged';
}
