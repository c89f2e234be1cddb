import { DAY_MS, HOUR_MS } from '../../src/domain/policy';
import {
  type ApplicantListing,
  type ApplicantObservation,
  findCandidates,
  judgeCandidate,
  type RecordedEnding,
  type SweepCandidate,
} from '../../src/domain/sweep';

const NOW_MS = 1_000 * DAY_MS;
const REFRESH_FOR_MS = 30 * DAY_MS;
const RECENT_MS = NOW_MS - HOUR_MS;
const LONG_AGO_MS = NOW_MS - 31 * DAY_MS;

const run = (changes: Partial<ApplicantListing> = {}): ApplicantListing => {
  return { clientUserId: 'POL-1', humanId: 'h-1', standing: 'open', startedAtMs: 1, closedAtMs: null, ...changes };
};
const seen = (changes: Partial<ApplicantObservation> = {}): ApplicantObservation => {
  return { standing: 'open', humanId: 'h-1', closedAtMs: null, unreadSinceMs: null, ...changes };
};

test.each<[string, ApplicantListing[], boolean]>([
  ['an open applicant', [run()], false],
  ['a recently closed one', [run({ standing: 'ended', closedAtMs: RECENT_MS })], false],
  ['no applicant', [], true],
  ['an applicant with another person', [run({ humanId: 'h-2' })], true],
  ['one that closed long ago', [run({ standing: 'ended', closedAtMs: LONG_AGO_MS })], true],
  [
    'one whose newest run was ended by force',
    [
      run({ standing: 'ended', closedAtMs: RECENT_MS }),
      run({ standing: 'forced', startedAtMs: 2, closedAtMs: RECENT_MS }),
    ],
    true,
  ],
])('a person with %s is a candidate: %3$s', (_what, runs, isCandidate) => {
  const candidates = findCandidates([{ clientUserId: 'POL-1', humanId: 'h-1' }], runs, NOW_MS, REFRESH_FOR_MS);
  expect(candidates.some(({ of }) => of === 'person')).toBe(isCandidate);
});

const PERSON: SweepCandidate = { of: 'person', clientUserId: 'POL-1', humanId: 'h-1' };
const LISTED: SweepCandidate = { of: 'applicant', clientUserId: 'POL-1', humanId: 'h-1', listed: true };
const UNLISTED: SweepCandidate = { ...LISTED, listed: false };

test.each<[string, SweepCandidate, ApplicantObservation | null, RecordedEnding | null, string | null]>([
  ['a person whose applicant is open', PERSON, seen(), null, null],
  ['a person who may be the one just invited', PERSON, seen({ humanId: null }), null, null],
  ['a person whose applicant has another person', PERSON, seen({ humanId: 'h-2' }), null, 'unattended'],
  ['a person whose applicant just closed', PERSON, seen({ standing: 'ended', closedAtMs: RECENT_MS }), null, null],
  ['a person after an end by force', PERSON, seen({ standing: 'forced', closedAtMs: NOW_MS }), null, 'terminated'],
  ['a recent manifest without a run', PERSON, null, { outcome: 'collected', closedAtMs: RECENT_MS }, null],
  ['an old manifest without a run', PERSON, null, { outcome: 'collected', closedAtMs: LONG_AGO_MS }, 'unattended'],
  ['an open manifest without a run', PERSON, null, { outcome: null, closedAtMs: null }, 'terminated'],
  ['neither manifest nor run', PERSON, null, null, 'unattended'],
  ['an open applicant without its person', UNLISTED, seen(), null, 'gone'],
  ['an applicant that has another person by now', UNLISTED, seen({ humanId: 'h-2' }), null, null],
  ['an applicant that closed since', UNLISTED, seen({ standing: 'ended', closedAtMs: NOW_MS }), null, null],
  ['an overdue applicant', LISTED, seen({ unreadSinceMs: 5 }), null, 'unread'],
  ['an open applicant', LISTED, seen(), null, null],
])('%s is judged %5$s', (_what, candidate, observed, recorded, kind) => {
  expect(judgeCandidate(candidate, observed, recorded, NOW_MS, REFRESH_FOR_MS)?.kind ?? null).toBe(kind);
});

test('an unread finding reports undecided answers', () => {
  const undecided = seen({ unreadSinceMs: 5, isUndecided: true });
  const finding = judgeCandidate(LISTED, undecided, null, NOW_MS, REFRESH_FOR_MS);
  expect(finding).toMatchObject({ kind: 'unread', sinceMs: 5, reason: 'undecided' });
});
