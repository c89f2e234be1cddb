import { DAY_MS, HOUR_MS } from '../../src/domain/policy';
import {
  type ApplicantListing,
  type ApplicantObservation,
  findCandidates,
  judgeCandidate,
  type SweepCandidate,
} from '../../src/domain/sweep';

const NOW_MS = 1_000 * DAY_MS;
const REFRESH_FOR_MS = 30 * DAY_MS;

function applicant(changed: Partial<ApplicantListing> = {}): ApplicantListing {
  return { clientUserId: 'POL-1', humanId: 'h-1', standing: 'open', startedAtMs: 1, closedAtMs: null, ...changed };
}

function people(applicants: readonly ApplicantListing[]) {
  const found = findCandidates([{ clientUserId: 'POL-1', humanId: 'h-1' }], applicants, NOW_MS, REFRESH_FOR_MS);
  return found.filter(({ of }) => of === 'person').length;
}

test('a person is followed by an open applicant or a recent one, and it is the newest run that counts', () => {
  const closed = applicant({ standing: 'ended', closedAtMs: NOW_MS - HOUR_MS });
  expect(people([applicant()])).toBe(0);
  expect(people([closed])).toBe(0);
  expect(people([])).toBe(1);
  expect(people([applicant({ humanId: 'h-2' })])).toBe(1);
  expect(people([applicant({ standing: 'ended', closedAtMs: NOW_MS - 31 * DAY_MS })])).toBe(1);
  expect(people([closed, applicant({ standing: 'forced', startedAtMs: 2, closedAtMs: NOW_MS - HOUR_MS })])).toBe(1);
});

const PERSON: SweepCandidate = { of: 'person', clientUserId: 'POL-1', humanId: 'h-1' };
const seen = (changed: Partial<ApplicantObservation> = {}): ApplicantObservation => ({
  standing: 'open',
  humanId: 'h-1',
  closedAtMs: null,
  unreadSinceMs: null,
  ...changed,
});
const kindOf = (
  candidate: SweepCandidate,
  ...known: [ApplicantObservation | null, Parameters<typeof judgeCandidate>[2]?]
) => judgeCandidate(candidate, known[0], known[1] ?? null, NOW_MS, REFRESH_FOR_MS)?.kind ?? null;

test('a second look explains whoever was invited, or concluded, meanwhile', () => {
  expect(kindOf(PERSON, seen())).toBeNull();
  expect(kindOf(PERSON, seen({ humanId: null }))).toBeNull();
  expect(kindOf(PERSON, seen({ humanId: 'h-2' }))).toBe('unattended');
  expect(kindOf(PERSON, seen({ standing: 'ended', closedAtMs: NOW_MS - HOUR_MS }))).toBeNull();
  expect(kindOf(PERSON, seen({ standing: 'forced', closedAtMs: NOW_MS }))).toBe('terminated');
});

test('what Temporal has forgotten the manifest tells', () => {
  expect(kindOf(PERSON, null, { outcome: 'collected', closedAtMs: NOW_MS - HOUR_MS })).toBeNull();
  expect(kindOf(PERSON, null, { outcome: 'collected', closedAtMs: NOW_MS - 31 * DAY_MS })).toBe('unattended');
  expect(kindOf(PERSON, null, { outcome: null, closedAtMs: null })).toBe('terminated');
  expect(kindOf(PERSON, null)).toBe('unattended');
});

test('an applicant is gone, or unread, only while it is open', () => {
  const unlisted: SweepCandidate = { of: 'applicant', clientUserId: 'POL-1', humanId: 'h-1', listed: false };
  expect(kindOf(unlisted, seen())).toBe('gone');
  expect(kindOf(unlisted, seen({ humanId: 'h-2' }))).toBeNull();
  expect(kindOf(unlisted, seen({ standing: 'ended', closedAtMs: NOW_MS }))).toBeNull();
  expect(kindOf({ ...unlisted, listed: true }, seen({ unreadSinceMs: 5 }))).toBe('unread');
  expect(kindOf({ ...unlisted, listed: true }, seen())).toBeNull();
});

test('of an applicant whose answers decide nothing, an unread finding says so', () => {
  const listed: SweepCandidate = { of: 'applicant', clientUserId: 'POL-1', humanId: 'h-1', listed: true };
  const found = judgeCandidate(listed, seen({ unreadSinceMs: 5, isUndecided: true }), null, NOW_MS, REFRESH_FOR_MS);
  expect(found).toMatchObject({ kind: 'unread', sinceMs: 5, reason: 'undecided' });
});
