import { carriedFacts, upgradeFacts } from '../../src/domain/carried-facts';
import { withDeadline } from '../../src/domain/facts';
import { mayGetMoreReports } from '../../src/domain/outcome';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { clinicAt, Situation } from './model/situation';
import { T0 } from './model/upstream';

const FINISHED = { reason: 'finished', shouldWithdraw: true };

describe('an early end', () => {
  /** An applicant whose early end is requested an hour after the invitation. */
  const setup = (status = 'Syncing') => {
    const applicant = new Situation(status);
    applicant.finishAtMs = HOUR_MS;
    return applicant;
  };

  test('lists, downloads, and concludes collected before any window or deadline', () => {
    const applicant = setup('All Synced')
      .list(clinicAt(0), HOUR_MS - 1)
      .store(HOUR_MS - 1);
    expect(applicant.next(HOUR_MS)).toEqual({ do: 'list', because: 'conclusion' });
    applicant.list([...clinicAt(0), ...clinicAt(0, 'o2')], HOUR_MS);
    expect(applicant.next(HOUR_MS)).toMatchObject({ do: 'fetch' });
    applicant.store(HOUR_MS);
    expect(applicant.next(HOUR_MS)).toEqual({ do: 'conclude', conclusion: { outcome: 'collected', ...FINISHED } });
  });

  test.each([
    ['no report', [], []],
    ['a format that is not offered', clinicAt(0), ['json']],
    ['a type that is not listed', clinicAt(0).slice(0, 1), []],
  ] as const)('concludes with %s', (_what, reports, notOffered) => {
    const applicant = setup().list(reports, HOUR_MS).store(HOUR_MS, notOffered);
    expect(applicant.next(HOUR_MS)).toMatchObject({ do: 'conclude', conclusion: FINISHED });
  });

  test('concludes partial without a document', () => {
    expect(setup().list([], HOUR_MS).next(HOUR_MS)).toMatchObject({ conclusion: { outcome: 'partial' } });
  });

  test('lists until upstream answers, also if a list is requested that may be deferred', () => {
    const applicant = setup();
    applicant.collection = { ...applicant.collection, wantedAtMs: T0 };
    expect(applicant.next(HOUR_MS)).toEqual({ do: 'list', because: 'conclusion' });
  });

  test('gives way to a confirmed decline, and to a read of a claimed one', () => {
    expect(setup().read('Declined', HOUR_MS).next(HOUR_MS)).toMatchObject({ conclusion: { outcome: 'declined' } });
    expect(setup().claim('Declined', HOUR_MS).next(HOUR_MS)).toEqual({ do: 'read', because: 'notice' });
  });

  test('comes before the read at a deadline that has passed', () => {
    const applicant = setup('Invited').list([], 31 * DAY_MS);
    expect(applicant.next(31 * DAY_MS)).toMatchObject({ conclusion: { outcome: 'partial', ...FINISHED } });
  });

  test('gets no more reports', () => {
    expect(mayGetMoreReports('collected', 'finished')).toBe(false);
    expect(mayGetMoreReports('partial', 'finished')).toBe(false);
  });
});

describe('the deadline that an operator set', () => {
  const setup = (deadlineMs: number, status = 'Invited') => {
    const applicant = new Situation(status);
    applicant.facts = withDeadline(applicant.facts, T0 + deadlineMs);
    return applicant;
  };

  test.each([
    ['Invited', DAY_MS],
    ['Invited', 200 * DAY_MS],
    ['Engaged', DAY_MS],
    ['Engaged', 200 * DAY_MS],
  ])('replaces that of the status %s: %i ms', (status, deadlineMs) => {
    expect(setup(deadlineMs, status).waitsUntilMs(HOUR_MS)).toBe(deadlineMs);
  });

  test('is not moved by an outage, and replaces a deadline that one moved', () => {
    const readMs = 3 * DAY_MS + MINUTE_MS;
    const applicant = setup(3 * DAY_MS).read('Invited', readMs, { updatedMs: 0, outageMs: 2 * DAY_MS });
    expect(applicant.next(readMs)).toMatchObject({ conclusion: { outcome: 'expired', reason: 'invitation-expired' } });
    const moved = new Situation('Invited').read('Invited', 31 * DAY_MS, { updatedMs: 0, outageMs: 2 * DAY_MS });
    moved.facts = withDeadline(moved.facts, T0 + 40 * DAY_MS);
    expect(moved.waitsUntilMs(31 * DAY_MS)).toBe(40 * DAY_MS);
  });

  test('is carried, and missing in what earlier versions carried', () => {
    const { facts } = setup(DAY_MS);
    expect(upgradeFacts(carriedFacts(facts))).toEqual(facts);
    const { deadlineAtMs: _, ...earlier } = carriedFacts(facts);
    expect(upgradeFacts(earlier).due.deadlineAtMs).toBeNull();
  });
});
