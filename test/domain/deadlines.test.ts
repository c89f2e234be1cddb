import { withOutage } from '../../src/domain/facts';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { Situation } from './model/situation';
import { T0 } from './model/upstream';

const INVITATION_MS = 30 * DAY_MS;
const { invited: CADENCE_MS } = DEFAULT_POLICY.pollMs;

describe('an outage before the read at a deadline', () => {
  const READ_MS = INVITATION_MS + 1_000;
  const setup = (outageMs: number) => new Situation('Invited').read('Invited', READ_MS, { updatedMs: 0, outageMs });

  test.each([
    [CADENCE_MS + 1, CADENCE_MS + 1],
    [2 * DAY_MS, 2 * DAY_MS],
    [20 * DAY_MS, 7 * DAY_MS],
  ])('of %p ms moves it by %p ms, 7 days at most', (outageMs, movedByMs) => {
    expect(setup(outageMs).waitsUntilMs(READ_MS)).toBe(INVITATION_MS + movedByMs);
  });

  test.each([0, MINUTE_MS, CADENCE_MS])('of %p ms does not move it: polling had read no more', (outageMs) => {
    expect(setup(outageMs).next(READ_MS)).toMatchObject({ do: 'conclude', conclusion: { outcome: 'expired' } });
  });

  test('moves it once; then the status is read again', () => {
    const movedMs = INVITATION_MS + 2 * DAY_MS;
    const applicant = setup(2 * DAY_MS);
    expect(applicant.next(movedMs)).toMatchObject({ do: 'wait', wait: { deadlineRead: { startMs: T0 + movedMs } } });
    applicant.read('Invited', movedMs, { updatedMs: 0, outageMs: 3 * DAY_MS });
    expect(applicant.next(movedMs)).toMatchObject({ do: 'conclude', conclusion: { outcome: 'expired' } });
  });

  test('does not move it if the outage ended before the deadline', () => {
    const applicant = new Situation('Invited').read('Invited', INVITATION_MS - DAY_MS, {
      updatedMs: 0,
      outageMs: 5 * DAY_MS,
    });
    expect(applicant.waitsUntilMs(INVITATION_MS - DAY_MS)).toBe(INVITATION_MS);
  });

  test('moves the deadline of the applicant as well', () => {
    const applicant = setup(2 * DAY_MS).read('Engaged', INVITATION_MS + DAY_MS);
    expect(applicant.waitsUntilMs(INVITATION_MS + DAY_MS)).toBe(92 * DAY_MS);
  });
});

describe('an outage that a poll reports before a deadline', () => {
  const RETRY_MS = 5 * MINUTE_MS;
  const AT_MS = INVITATION_MS - 2 * RETRY_MS;
  /** The poll has failed for an hour. */
  const setup = (durationMs = HOUR_MS) => {
    const applicant = new Situation('Invited');
    applicant.facts = withOutage(applicant.facts, { durationMs, failures: 20, retryMs: RETRY_MS }, T0 + AT_MS);
    return applicant;
  };
  const outage = { durationMs: HOUR_MS + RETRY_MS, failures: 20 };
  const deadlineRead = { statusPoll: null, deadlineRead: { startMs: T0 + AT_MS + RETRY_MS, outage } };

  test('is continued by a read in place of the poll, also after a notice', () => {
    const applicant = setup();
    for (const atMs of [AT_MS, INVITATION_MS - 1, INVITATION_MS, INVITATION_MS + DAY_MS])
      expect(applicant.next(atMs)).toMatchObject({ do: 'wait', wait: deadlineRead });
    applicant.claim('Invited', INVITATION_MS + MINUTE_MS);
    expect(applicant.next(INVITATION_MS + MINUTE_MS)).toMatchObject({ do: 'wait', wait: deadlineRead });
    applicant.claim('Declined', INVITATION_MS + 2 * MINUTE_MS);
    expect(applicant.next(INVITATION_MS + 2 * MINUTE_MS)).toMatchObject({ do: 'wait', wait: { deadlineRead: {} } });
  });

  test('ends with the first answer: polling continues, and the deadline stays', () => {
    const atMs = AT_MS + RETRY_MS;
    const applicant = setup().read('Invited', atMs, { updatedMs: 0, outageMs: HOUR_MS + RETRY_MS });
    expect(applicant.next(atMs)).toMatchObject({ do: 'wait', wait: { deadlineRead: null } });
    expect(applicant.waitsUntilMs(atMs)).toBe(INVITATION_MS);
  });

  test('moves the deadline, whichever read is answered first', () => {
    const applicant = setup(2 * DAY_MS).read('Invited', INVITATION_MS + MINUTE_MS, { updatedMs: 0, outageMs: 0 });
    expect(applicant.waitsUntilMs(INVITATION_MS + MINUTE_MS)).toBe(INVITATION_MS + 2 * DAY_MS + RETRY_MS);
  });

  test.each([
    ['Invited', CADENCE_MS, INVITATION_MS - 6 * HOUR_MS],
    ['Syncing', CADENCE_MS, 90 * DAY_MS - 6 * HOUR_MS],
    ['Invited', DAY_MS, INVITATION_MS - DAY_MS],
  ])('under %s with a cadence of %p ms is reported from 6 h or one cadence before it', (status, invited, fromMs) => {
    const policy = { ...DEFAULT_POLICY, pollMs: { ...DEFAULT_POLICY.pollMs, invited } };
    const wait = { statusPoll: { reportFailuresFromMs: T0 + fromMs } };
    expect(new Situation(status, policy).next(0)).toMatchObject({ do: 'wait', wait });
  });
});

describe('a deadline', () => {
  test('needs a read after it', () => {
    const applicant = new Situation('Invited').read('Invited', INVITATION_MS - 1, { updatedMs: 0 });
    const wait = { statusPoll: null, deadlineRead: { startMs: T0 + INVITATION_MS, outage: null } };
    expect(applicant.next(INVITATION_MS)).toMatchObject({ do: 'wait', wait });
  });

  test('does not act on a claim after its read', () => {
    const applicant = new Situation('Syncing').read('Syncing', 90 * DAY_MS, { updatedMs: 0 });
    applicant.claim('Engaged', 90 * DAY_MS + 1);
    expect(applicant.next(90 * DAY_MS + 1)).toEqual({ do: 'read', because: 'notice' });
  });

  test('that passed during retries of documents lists again under a new status', () => {
    const applicant = new Situation('Engaged').read('Engaged', 90 * DAY_MS, { updatedMs: 0 }).list([], 90 * DAY_MS);
    applicant.read('Syncing', 90 * DAY_MS + HOUR_MS);
    expect(applicant.next(90 * DAY_MS + HOUR_MS)).toEqual({ do: 'list', because: 'conclusion' });
  });
});
