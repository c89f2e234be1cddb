import type { Outcome, Stage } from './outcome';
import type { PollName } from './policy';
import { isWithinRefreshPeriod } from './refresh';

/**
 * What a sweep can find. `gone`: an open applicant whose person is not upstream any more; `unattended`: a person upstream whom no applicant
 * follows, or followed recently; `terminated`: an applicant that was ended by force and whose person is still upstream (to be withdrawn, if
 * that was meant); `unread`: an open applicant that was not read for longer than twice its cadence.
 */
export const SWEEP_KINDS = ['gone', 'unattended', 'terminated', 'unread'] as const;
export type SweepKind = (typeof SWEEP_KINDS)[number];
export type SweepCounts = Readonly<Record<SweepKind, number>>;

/** Somebody upstream. clientUserId null: upstream tells none, or one that cannot be ours (and may be anything, so it is not kept). */
export interface SweepPerson {
  readonly clientUserId: string | null;
  readonly humanId: string;
}

/** `open`; `ended` by its own doing; `forced` by another's. */
export type Standing = 'open' | 'ended' | 'forced';

/** A run of an applicant. Times in ms since 1970. */
export interface ApplicantListing {
  readonly clientUserId: string;
  readonly humanId: string | null;
  readonly standing: Standing;
  readonly startedAtMs: number;
  readonly closedAtMs: number | null;
}

/** To be looked at once more: somebody upstream without an applicant, or an open applicant. */
export type SweepCandidate =
  | ({ readonly of: 'person' } & SweepPerson)
  | {
      readonly of: 'applicant';
      readonly clientUserId: string;
      readonly humanId: string | null;
      readonly listed: boolean;
    };

/** What was found, as it stands in the list of a sweep. */
export interface SweepFinding extends SweepPerson {
  readonly kind: SweepKind;
  /** Since when it has not been read; only for `unread`. */
  readonly sinceMs?: number;
  /** Upstream answers, but decides nothing about the person; only for `unread`. */
  readonly reason?: 'undecided';
}

/** What is asked of one look at an applicant. */
export interface ApplicantObservation {
  readonly standing: Standing;
  readonly humanId: string | null;
  readonly closedAtMs: number | null;
  /** Since when an open applicant has been waiting to be read or worked on; null where nothing is overdue. */
  readonly unreadSinceMs: number | null;
  /** What it waits for is an answer that decides about the person ({@link UNDECIDED}). */
  readonly isUndecided?: boolean;
}

/** What the manifest knows where Temporal has forgotten the run. */
export interface RecordedEnding {
  readonly outcome: Outcome | null;
  readonly closedAtMs: number | null;
}

/** Compares both sides. Whoever comes out is a candidate, for either list was old when the other one was made; every open applicant is one. */
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
  const alone = people.filter(({ clientUserId, humanId }) => {
    if (followed.has(humanId)) return false;
    const run = clientUserId === null ? undefined : newest.get(clientUserId);
    if (!run) return true;
    if (run.standing === 'open') return run.humanId !== null;
    return run.standing === 'forced' || !isWithinRefreshPeriod(nowMs, run.closedAtMs, refreshForMs);
  });
  const open = [...newest.values()].filter(({ standing }) => standing === 'open');
  return [
    ...alone.map((person) => ({ of: 'person' as const, ...person })),
    ...open.map(({ clientUserId, humanId }) => {
      return { of: 'applicant' as const, clientUserId, humanId, listed: humanId === null || upstream.has(humanId) };
    }),
  ];
}

/**
 * What a candidate is once its run was looked at; null where it is nothing, as somebody who was invited meanwhile. `seen` null: Temporal knows
 * no run (any more). `gone` still has to be asked for at upstream.
 */
export function judgeCandidate(
  candidate: SweepCandidate,
  seen: ApplicantObservation | null,
  remembered: RecordedEnding | null,
  nowMs: number,
  refreshForMs: number,
): SweepFinding | null {
  const { clientUserId, humanId } = candidate;
  if (candidate.of === 'applicant') {
    if (seen?.standing !== 'open') return null;
    const { unreadSinceMs, isUndecided } = seen;
    if (!candidate.listed && humanId !== null && seen.humanId === humanId)
      return { kind: 'gone', clientUserId, humanId };
    if (unreadSinceMs === null) return null;
    const unread = { kind: 'unread', clientUserId, humanId: seen.humanId ?? '', sinceMs: unreadSinceMs } as const;
    return isUndecided ? { ...unread, reason: 'undecided' } : unread;
  }
  const found = (kind: SweepKind): SweepFinding => ({ kind, clientUserId, humanId: candidate.humanId });
  if (seen?.standing === 'open') {
    return seen.humanId === null || seen.humanId === humanId ? null : found('unattended');
  }
  if (seen?.standing === 'forced') return found('terminated');
  const closedAtMs = seen ? seen.closedAtMs : (remembered?.closedAtMs ?? null);
  if (isWithinRefreshPeriod(nowMs, closedAtMs, refreshForMs)) return null;
  // A manifest without an outcome, and no run that could still write one: it was ended by force, and Temporal has forgotten it.
  return found(!seen && remembered && remembered.outcome === null ? 'terminated' : 'unattended');
}

/** Where the cadence of an applicant is not known better, that of its stage by the worker's own settings. */
export function pollNameOfStage(stage: Stage | null): PollName {
  switch (stage) {
    case 'invited':
    case 'syncing':
    case 'attention':
      return stage;
    case 'collecting':
      return 'someSynced';
    default:
      return 'engaged';
  }
}
