import { withList } from '../../src/domain/collection';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { clinicAt, Situation } from './model/situation';
import { T0 } from './model/upstream';

const INVITATION_MS = 30 * DAY_MS;
const APPLICANT_MS = 90 * DAY_MS;

const deadlineRead = (dueMs: number) => ({
  do: 'wait',
  wait: { statusPoll: null, deadlineRead: { startMs: T0 + dueMs, outage: null } },
});
const conclusion = (outcome: string, reason: string | null, shouldWithdraw: boolean) => ({
  do: 'conclude',
  conclusion: { outcome, reason, shouldWithdraw },
});

describe('Invited', () => {
  test('waits for the invitation to expire, reads the status once more, and expires', () => {
    const applicant = new Situation('Invited');
    expect([applicant.waitsUntilMs(0), applicant.waitsUntilMs(INVITATION_MS - 1)]).toEqual([
      INVITATION_MS,
      INVITATION_MS,
    ]);
    expect(applicant.next(INVITATION_MS)).toMatchObject(deadlineRead(INVITATION_MS));
    applicant.read('Invited', INVITATION_MS, { updatedMs: 0 });
    expect(applicant.next(INVITATION_MS)).toEqual(conclusion('expired', 'invitation-expired', true));
  });

  test.each([
    ['the same time as', DAY_MS, 'invitation-expired'],
    ['a longer time than', 2 * DAY_MS, 'deadline'],
  ])('with %s the applicant expires with the reason of the shorter time', (_what, invitation, reason) => {
    const applicant = new Situation('Invited', { ...DEFAULT_POLICY, expiresMs: { invitation, applicant: DAY_MS } });
    expect(applicant.waitsUntilMs(0)).toBe(DAY_MS);
    expect(applicant.read('Invited', DAY_MS, { updatedMs: 0 }).next(DAY_MS)).toEqual(
      conclusion('expired', reason, true),
    );
  });

  const LATE_MS = 40 * DAY_MS;
  const engaged = () => new Situation('Invited').read('Engaged', 2 * DAY_MS);

  test.each<[string, number, applicant: Situation, deadlineMs: number]>([
    [
      'a read of Engaged at it extends it',
      INVITATION_MS,
      new Situation('Invited').read('Engaged', INVITATION_MS),
      APPLICANT_MS,
    ],
    ['a late claim of Invited does not shorten it', LATE_MS, engaged().claim('Invited', LATE_MS), APPLICANT_MS],
    ['a late read of Invited does not shorten it', LATE_MS, engaged().read('Invited', LATE_MS), APPLICANT_MS],
    [
      'a claim of an engagement alone does not extend it',
      2 * DAY_MS,
      new Situation('Invited').claim('Engaged', DAY_MS).read('Invited', 2 * DAY_MS, { updatedMs: 0 }),
      INVITATION_MS,
    ],
  ])('the deadline: %s', (_what, atMs, applicant, deadlineMs) => {
    expect(applicant.waitsUntilMs(atMs)).toBe(deadlineMs);
  });

  test('after an engagement lists the reports at the deadline', () => {
    const applicant = new Situation('Invited').read('Engaged', 2 * DAY_MS).read('Invited', APPLICANT_MS);
    expect(applicant.next(APPLICANT_MS)).toEqual({ do: 'list', because: 'conclusion' });
    expect(applicant.list([], APPLICANT_MS).next(APPLICANT_MS)).toEqual(conclusion('expired', 'deadline', true));
  });
});

describe.each(['Engaged', 'Syncing', 'Attn Required', 'Pondering', 'Disconnected'])('%s', (status) => {
  const setup = () => new Situation('Invited').read(status, DAY_MS).list([], DAY_MS);
  const atDeadline = () => setup().read(status, APPLICANT_MS, { updatedMs: DAY_MS });

  test('waits until 90 days after the invitation, and reads the status once more', () => {
    const applicant = setup();
    expect([applicant.waitsUntilMs(DAY_MS), applicant.waitsUntilMs(APPLICANT_MS - 1)]).toEqual([
      APPLICANT_MS,
      APPLICANT_MS,
    ]);
    expect(applicant.next(APPLICANT_MS)).toMatchObject(deadlineRead(APPLICANT_MS));
    expect(applicant.read('All Synced', APPLICANT_MS).waitsUntilMs(APPLICANT_MS)).toBe(APPLICANT_MS + 2_000);
  });

  test('lists the reports at the deadline, and expires without any', () => {
    const applicant = atDeadline();
    expect(applicant.next(APPLICANT_MS)).toEqual({ do: 'list', because: 'conclusion' });
    expect(applicant.list([], APPLICANT_MS).next(APPLICANT_MS)).toEqual(conclusion('expired', 'deadline', true));
  });

  test('downloads the reports at the deadline before it ends', () => {
    const applicant = atDeadline().list(clinicAt(DAY_MS), APPLICANT_MS);
    expect(applicant.next(APPLICANT_MS)).toMatchObject({ do: 'fetch', documents: [{}, {}, {}] });
    const isDisconnected = status === 'Disconnected';
    const reason = isDisconnected ? 'disconnected' : 'deadline';
    expect(applicant.store(APPLICANT_MS).next(APPLICANT_MS)).toEqual(conclusion('partial', reason, !isDisconnected));
  });
});

describe('Declined', () => {
  test('by a read is withdrawn at once, without collecting', () => {
    const applicant = new Situation('Syncing').list(clinicAt(0), HOUR_MS).read('Declined', DAY_MS);
    expect(applicant.next(DAY_MS)).toEqual(conclusion('declined', 'declined', true));
  });

  test('by a notice is read back, and dropped if the read refutes it', () => {
    const applicant = new Situation('Invited').claim('Declined', DAY_MS);
    expect(applicant.next(DAY_MS)).toEqual({ do: 'read', because: 'notice' });
    expect(applicant.read('Invited', DAY_MS, { updatedMs: 0 }).waitsUntilMs(DAY_MS)).toBe(INVITATION_MS);
  });
});

describe('Error', () => {
  const setup = (before = new Situation('Engaged')) => before.read('Error', DAY_MS);
  const DUE_MS = DAY_MS + HOUR_MS;

  test('is read again an hour after the first read; a claim that no read confirms does not delay that', () => {
    const applicant = setup();
    expect([applicant.waitsUntilMs(DAY_MS), applicant.waitsUntilMs(DUE_MS - 1)]).toEqual([DUE_MS, DUE_MS]);
    applicant.claim('Syncing', DAY_MS + MINUTE_MS).read('Error', DAY_MS + 2 * MINUTE_MS, { updatedMs: DAY_MS });
    expect(applicant.waitsUntilMs(DAY_MS + 2 * MINUTE_MS)).toBe(DUE_MS);
    expect(applicant.next(DUE_MS)).toEqual({ do: 'read', because: 'window' });
  });

  test('that has passed by then is dropped, and counts from the start if it returns', () => {
    expect(setup().read('Syncing', DUE_MS).waitsUntilMs(DUE_MS)).toBe(APPLICANT_MS);
    const again = setup()
      .read('Syncing', DAY_MS + 30 * MINUTE_MS)
      .read('Error', DAY_MS + 40 * MINUTE_MS);
    expect(again.waitsUntilMs(DUE_MS)).toBe(DUE_MS + 40 * MINUTE_MS);
  });

  test('counts from the read, not from the notice', () => {
    const applicant = new Situation('Engaged').claim('Error', DAY_MS);
    expect(applicant.next(DAY_MS)).toEqual({ do: 'read', because: 'notice' });
    applicant.read('Error', DAY_MS + MINUTE_MS, { updatedMs: DAY_MS });
    expect(applicant.waitsUntilMs(DAY_MS + MINUTE_MS)).toBe(DUE_MS + MINUTE_MS);
  });

  test('that lasts collects the listed reports, and is failed', () => {
    const applicant = setup(new Situation('Invited')).read('Error', DUE_MS, { updatedMs: DAY_MS });
    expect(applicant.next(DUE_MS)).toEqual({ do: 'list', because: 'conclusion' });
    expect(applicant.list(clinicAt(0), DUE_MS).next(DUE_MS).do).toBe('fetch');
    expect(applicant.store(DUE_MS).next(DUE_MS)).toEqual(conclusion('failed', 'upstream-error', true));
  });

  test.each<[what: string, reason: string, before: (applicant: Situation) => Situation, autoInvite: boolean]>([
    ['without an engagement', 'invitation-undeliverable', (applicant) => applicant, true],
    ['after a read of an engagement', 'upstream-error', (applicant) => applicant.read('Engaged', HOUR_MS), true],
    ['after a notice of an engagement', 'upstream-error', (applicant) => applicant.claim('Engaged', HOUR_MS), true],
    [
      'after a late notice of an engagement',
      'upstream-error',
      (applicant) => applicant.claim('Error', 2 * HOUR_MS).claim('Syncing', HOUR_MS),
      true,
    ],
    ['if the carrier invites', 'upstream-error', (applicant) => applicant, false],
  ])('without reports, %s: failed, %s', (_what, reason, before, autoInvite) => {
    const applicant = setup(before(new Situation('Invited', DEFAULT_POLICY, autoInvite)));
    applicant.read('Error', DUE_MS, { updatedMs: DAY_MS }).list([], DUE_MS);
    expect(applicant.next(DUE_MS)).toEqual(conclusion('failed', reason, true));
  });

  test('with only an unwanted report is an error of the data as well', () => {
    const applicant = setup(new Situation('Invited')).read('Error', DUE_MS, { updatedMs: DAY_MS });
    const list = { reports: [], others: [{ type: '', organization: null }], left: 0, digest: 'x' };
    applicant.collection = withList(applicant.collection, { ...list, askedAtMs: T0 + DUE_MS }, T0 + DUE_MS);
    expect(applicant.next(DUE_MS)).toEqual(conclusion('failed', 'upstream-error', true));
  });
});

describe('Disconnected', () => {
  test('lists at once, and with reports ends partial, without a withdrawal', () => {
    const applicant = new Situation('Syncing').read('Disconnected', DAY_MS);
    expect(applicant.next(DAY_MS)).toEqual({ do: 'list', because: 'conclusion' });
    expect(applicant.list(clinicAt(0), DAY_MS).next(DAY_MS).do).toBe('fetch');
    expect(applicant.store(DAY_MS).next(DAY_MS)).toEqual(conclusion('partial', 'disconnected', false));
  });

  test('by a notice is read back first', () => {
    const applicant = new Situation('Syncing').claim('Disconnected', DAY_MS);
    expect(applicant.next(DAY_MS)).toEqual({ do: 'read', because: 'notice' });
  });

  test('ends if the person connects again', () => {
    const applicant = new Situation('Syncing')
      .read('Disconnected', DAY_MS)
      .list([], DAY_MS)
      .read('Syncing', 2 * DAY_MS);
    expect(applicant.waitsUntilMs(2 * DAY_MS)).toBe(APPLICANT_MS);
  });
});

describe('a person who is missing upstream', () => {
  const { pollMs } = DEFAULT_POLICY;
  const missing = (times: number, policy = DEFAULT_POLICY) => {
    const applicant = new Situation('Syncing', policy);
    const missingUpstream = { sinceMs: T0 + DAY_MS, times };
    applicant.facts = { ...applicant.facts, status: { ...applicant.facts.status, missingUpstream } };
    return applicant;
  };

  test.each([
    ['5 min', pollMs.syncing, 5 * MINUTE_MS],
    ['one poll cadence if that is shorter', 2_000, 2_000],
  ])('is checked again after %s', (_what, syncing, delayMs) => {
    const applicant = missing(1, { ...DEFAULT_POLICY, pollMs: { ...pollMs, syncing } });
    expect(applicant.waitsUntilMs(DAY_MS)).toBe(DAY_MS + delayMs);
    expect(applicant.next(DAY_MS + delayMs - 1).do).toBe('wait');
    expect(applicant.next(DAY_MS + delayMs)).toEqual({ do: 'read', because: 'missing-upstream' });
  });

  test('twice ends the applicant as cancelled, without a withdrawal', () => {
    expect(missing(2).next(DAY_MS)).toEqual(conclusion('cancelled', 'deleted-upstream', false));
  });

  test('and is found at the second check is not gone', () => {
    const applicant = missing(1).read('Syncing', DAY_MS + 5 * MINUTE_MS, { updatedMs: 0 });
    expect(applicant.facts.status.missingUpstream).toBeNull();
    expect(applicant.waitsUntilMs(DAY_MS + 5 * MINUTE_MS)).toBe(APPLICANT_MS);
  });
});
