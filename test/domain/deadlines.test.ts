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
    expect(it.next(movedMs)).toMatchObject({ do: 'wait', wait: { statusPoll: { deadlineMs: T0 + movedMs } } });
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

describe('a deadline', () => {
  test('does not act on a read that was made before it, however shortly', () => {
    const it = new Situation('Invited').read('Invited', INVITATION_MS - 1, { updatedMs: 0 });
    expect(it.next(INVITATION_MS)).toMatchObject({
      do: 'wait',
      wait: { statusPoll: { deadlineMs: T0 + INVITATION_MS } },
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
