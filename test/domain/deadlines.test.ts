import { withOutage } from '../../src/domain/facts';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { Situation } from './model/situation';
import { T0 } from './model/upstream';

const INVITATION_MS = 30 * DAY_MS;
const { invited: CADENCE_MS } = DEFAULT_POLICY.pollMs;

describe('a deadline at which upstream could not be asked', () => {
  /** The deadline's read was answered only after such an outage, wherever in it the deadline lay. */
  const setup = (outageMs: number, it = new Situation('Invited')) =>
    it.read('Invited', INVITATION_MS + 1_000, { updatedMs: 0, outageMs });

  test('moves by the outage if that was longer than the poll cadence', () => {
    expect(setup(CADENCE_MS + 1).waitsUntilMs(INVITATION_MS + 1_000)).toBe(INVITATION_MS + CADENCE_MS + 1);
    expect(setup(2 * DAY_MS).waitsUntilMs(INVITATION_MS + 1_000)).toBe(INVITATION_MS + 2 * DAY_MS);
  });

  test.each([0, MINUTE_MS, CADENCE_MS])(
    'does not move for an outage of %p ms: polls would not have seen more',
    (outageMs) => {
      expect(setup(outageMs).next(INVITATION_MS + 1_000)).toMatchObject({ do: 'conclude' });
    },
  );

  test('moves by 7 days at most', () => {
    expect(setup(20 * DAY_MS).waitsUntilMs(INVITATION_MS + 1_000)).toBe(INVITATION_MS + 7 * DAY_MS);
  });

  test('is read again when it has moved, and does not move twice', () => {
    const movedMs = INVITATION_MS + 2 * DAY_MS;
    const it = setup(2 * DAY_MS);
    expect(it.next(movedMs)).toMatchObject({ do: 'wait', wait: { deadlineRead: { startMs: T0 + movedMs } } });
    it.read('Invited', movedMs, { updatedMs: 0, outageMs: 3 * DAY_MS });
    expect(it.next(movedMs)).toMatchObject({ do: 'conclude', conclusion: { outcome: 'expired' } });
  });

  test('that lies ahead does not move: the outage is over before it', () => {
    const it = new Situation('Invited').read('Invited', INVITATION_MS - DAY_MS, { updatedMs: 0, outageMs: 5 * DAY_MS });
    expect(it.waitsUntilMs(INVITATION_MS - DAY_MS)).toBe(INVITATION_MS);
  });

  test('that has moved as an invitation has moved for the whole applicant as well', () => {
    const it = setup(2 * DAY_MS).read('Engaged', INVITATION_MS + DAY_MS);
    expect(it.waitsUntilMs(INVITATION_MS + DAY_MS)).toBe(92 * DAY_MS);
  });
});

describe('an outage that a poll reports before a deadline', () => {
  const ATTEMPT_MS = 5 * MINUTE_MS;
  /** The poll has failed for an hour, and the next attempt is due in 5 min. */
  const setup = (atMs: number, it = new Situation('Invited')) => {
    it.facts = withOutage(it.facts, { durationMs: HOUR_MS, failures: 20, retryMs: ATTEMPT_MS }, T0 + atMs);
    return it;
  };
  const AT_MS = INVITATION_MS - 2 * ATTEMPT_MS;

  test('is continued by a read in place of the poll, when the next attempt is due', () => {
    const continued = {
      statusPoll: null,
      deadlineRead: {
        startMs: T0 + AT_MS + ATTEMPT_MS,
        outage: { durationMs: HOUR_MS + ATTEMPT_MS, failures: 20 },
      },
    };
    const it = setup(AT_MS);
    for (const atMs of [AT_MS, INVITATION_MS - 1, INVITATION_MS, INVITATION_MS + DAY_MS])
      expect(it.next(atMs)).toMatchObject({ do: 'wait', wait: continued });
  });

  test('is over once upstream answers: the poll goes on, and the deadline stays', () => {
    const it = setup(AT_MS).read('Invited', AT_MS + ATTEMPT_MS, { updatedMs: 0, outageMs: HOUR_MS + ATTEMPT_MS });
    expect(it.next(AT_MS + ATTEMPT_MS)).toMatchObject({ do: 'wait', wait: { deadlineRead: null } });
    expect(it.waitsUntilMs(AT_MS + ATTEMPT_MS)).toBe(INVITATION_MS);
  });

  test('counts also where a notice came before the read was answered: its read is the one for the deadline', () => {
    const it = setup(AT_MS);
    it.claim('Invited', INVITATION_MS + MINUTE_MS);
    expect(it.next(INVITATION_MS + MINUTE_MS)).toMatchObject({
      do: 'wait',
      wait: { deadlineRead: { startMs: T0 + AT_MS + ATTEMPT_MS } },
    });
    it.claim('Declined', INVITATION_MS + 2 * MINUTE_MS);
    expect(it.next(INVITATION_MS + 2 * MINUTE_MS)).toMatchObject({ do: 'wait', wait: { deadlineRead: {} } });
  });

  test('moves the deadline whichever read is answered first', () => {
    const it = new Situation('Invited');
    it.facts = withOutage(it.facts, { durationMs: 2 * DAY_MS, failures: 500, retryMs: ATTEMPT_MS }, T0 + AT_MS);
    it.read('Invited', INVITATION_MS + MINUTE_MS, { updatedMs: 0, outageMs: 0 });
    expect(it.waitsUntilMs(INVITATION_MS + MINUTE_MS)).toBe(INVITATION_MS + 2 * DAY_MS + ATTEMPT_MS);
  });

  test.each([
    ['Invited', INVITATION_MS, 6 * HOUR_MS],
    ['Syncing', 90 * DAY_MS, 6 * HOUR_MS],
  ])('under %s is asked for from 6 h before it', (status, deadlineMs, beforeMs) => {
    expect(new Situation(status).next(0)).toMatchObject({
      do: 'wait',
      wait: { statusPoll: { failureReportMs: T0 + deadlineMs - beforeMs } },
    });
  });

  test('is asked for from one cadence before it, where that is longer', () => {
    const pollMs = { ...DEFAULT_POLICY.pollMs, invited: DAY_MS };
    expect(new Situation('Invited', { ...DEFAULT_POLICY, pollMs }).next(0)).toMatchObject({
      do: 'wait',
      wait: { statusPoll: { failureReportMs: T0 + INVITATION_MS - DAY_MS } },
    });
  });
});

describe('a deadline', () => {
  test('does not act on a read that was made before it, however shortly', () => {
    const it = new Situation('Invited').read('Invited', INVITATION_MS - 1, { updatedMs: 0 });
    expect(it.next(INVITATION_MS)).toMatchObject({
      do: 'wait',
      wait: { statusPoll: null, deadlineRead: { startMs: T0 + INVITATION_MS, outage: null } },
    });
  });

  test('does not act on a claim that came after its read', () => {
    const it = new Situation('Syncing')
      .read('Syncing', 90 * DAY_MS, { updatedMs: 0 })
      .claim('Engaged', 90 * DAY_MS + 1);
    expect(it.next(90 * DAY_MS + 1)).toEqual({ do: 'read', because: 'notice' });
  });

  test('that passed while documents were tried again lists what there is under a status that came since', () => {
    const it = new Situation('Engaged').read('Engaged', 90 * DAY_MS, { updatedMs: 0 }).list([], 90 * DAY_MS);
    it.read('Syncing', 90 * DAY_MS + HOUR_MS);
    expect(it.next(90 * DAY_MS + HOUR_MS)).toEqual({ do: 'list', because: 'conclusion' });
  });
});
