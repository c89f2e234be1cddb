import { withList } from '../../src/domain/collection';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { Situation, wholeAt } from './model/situation';
import { T0 } from './model/upstream';

const INVITATION_MS = 30 * DAY_MS;
const APPLICANT_MS = 90 * DAY_MS;
/** They wait, whatever they wait for, until the applicant's deadline. */
const WAITING = ['Engaged', 'Syncing', 'Attn Required', 'Pondering', 'Disconnected'];

/** The deadline's own read takes the place of the poll. */
const readAt = (dueMs: number) => ({
  do: 'wait',
  wait: { statusPoll: null, deadlineRead: { startMs: T0 + dueMs, outage: null } },
});

const conclusion = (outcome: string, reason: string | null, withdraw: boolean) => ({
  do: 'conclude',
  conclusion: { outcome, reason, shouldWithdraw: withdraw },
});

describe('Invited', () => {
  test('waits for the invitation to expire, and reads once more before it acts', () => {
    const it = new Situation('Invited');
    expect(it.waitsUntilMs(0)).toBe(INVITATION_MS);
    expect(it.waitsUntilMs(INVITATION_MS - 1)).toBe(INVITATION_MS);
    expect(it.next(INVITATION_MS)).toMatchObject(readAt(INVITATION_MS));
  });

  test('to the end is withdrawn and expired', () => {
    const it = new Situation('Invited').read('Invited', INVITATION_MS, { updatedMs: 0 });
    expect(it.next(INVITATION_MS)).toEqual(conclusion('expired', 'invitation-expired', true));
  });

  test('that turns out to be Engaged at the deadline goes on', () => {
    const it = new Situation('Invited').read('Engaged', INVITATION_MS);
    expect(it.waitsUntilMs(INVITATION_MS)).toBe(APPLICANT_MS);
  });

  test('expires as an invitation where both times are the same', () => {
    const expiresMs = { invitation: DAY_MS, applicant: DAY_MS };
    const it = new Situation('Invited', { ...DEFAULT_POLICY, expiresMs }).read('Invited', DAY_MS, { updatedMs: 0 });
    expect(it.next(DAY_MS)).toEqual(conclusion('expired', 'invitation-expired', true));
  });

  test('ends with the whole applicant where that is the shorter time', () => {
    const expiresMs = { invitation: 2 * DAY_MS, applicant: DAY_MS };
    const it = new Situation('Invited', { ...DEFAULT_POLICY, expiresMs });
    expect(it.waitsUntilMs(0)).toBe(DAY_MS);
    expect(it.read('Invited', DAY_MS, { updatedMs: 0 }).next(DAY_MS)).toEqual(conclusion('expired', 'deadline', true));
  });

  test('claimed by a notice after 30 days does not expire somebody who has long engaged', () => {
    const it = new Situation('Engaged').read('Syncing', 31 * DAY_MS).claim('Invited', 40 * DAY_MS);
    expect(it.waitsUntilMs(40 * DAY_MS)).toBe(APPLICANT_MS);
  });

  test('once more after 30 days does not expire somebody who has engaged: what there is is collected at the end', () => {
    const it = new Situation('Invited').read('Engaged', 2 * DAY_MS).read('Invited', 40 * DAY_MS);
    expect(it.waitsUntilMs(40 * DAY_MS)).toBe(APPLICANT_MS);
    it.read('Invited', APPLICANT_MS, { updatedMs: 40 * DAY_MS });
    expect(it.next(APPLICANT_MS)).toEqual({ do: 'list', because: 'conclusion' });
    expect(it.list([], APPLICANT_MS).next(APPLICANT_MS)).toEqual(conclusion('expired', 'deadline', true));
  });

  test('expires where only a notice ever told of an engagement', () => {
    const it = new Situation('Invited').claim('Engaged', DAY_MS).read('Invited', 2 * DAY_MS, { updatedMs: 0 });
    expect(it.waitsUntilMs(2 * DAY_MS)).toBe(INVITATION_MS);
  });
});

describe.each(WAITING)('%s', (status) => {
  /** Disconnected asks for a list at once; here it showed nothing. */
  const setup = () => new Situation('Invited').read(status, DAY_MS).list([], DAY_MS);

  test('waits until 90 days after the invitation, and reads once more before it acts', () => {
    const it = setup();
    expect(it.waitsUntilMs(DAY_MS)).toBe(APPLICANT_MS);
    expect(it.waitsUntilMs(APPLICANT_MS - 1)).toBe(APPLICANT_MS);
    expect(it.next(APPLICANT_MS)).toMatchObject(readAt(APPLICANT_MS));
  });

  test('to the end lists once more; with nothing to collect the person is withdrawn and expired', () => {
    const it = setup().read(status, APPLICANT_MS, { updatedMs: DAY_MS });
    expect(it.next(APPLICANT_MS)).toEqual({ do: 'list', because: 'conclusion' });
    expect(it.list([], APPLICANT_MS).next(APPLICANT_MS)).toEqual(conclusion('expired', 'deadline', true));
  });

  test('to the end collects what there is before the person is withdrawn', () => {
    const it = setup().read(status, APPLICANT_MS, { updatedMs: DAY_MS }).list(wholeAt(DAY_MS), APPLICANT_MS);
    expect(it.next(APPLICANT_MS)).toMatchObject({ do: 'fetch', documents: [{}, {}, {}] });
    it.store(APPLICANT_MS);
    expect(it.next(APPLICANT_MS)).toEqual(
      status === 'Disconnected'
        ? conclusion('partial', 'disconnected', false)
        : conclusion('partial', 'deadline', true),
    );
  });

  test('that turns out to be All Synced at the deadline is collected', () => {
    const it = setup().read('All Synced', APPLICANT_MS);
    expect(it.waitsUntilMs(APPLICANT_MS)).toBe(APPLICANT_MS + 2_000);
  });
});

describe('Declined', () => {
  test('is withdrawn at once when a read says so, without collecting', () => {
    const it = new Situation('Syncing').list(wholeAt(0), HOUR_MS).read('Declined', DAY_MS);
    expect(it.next(DAY_MS)).toEqual(conclusion('declined', 'declined', true));
  });

  test('is read back when a notice says so, and forgotten where the read says otherwise', () => {
    const it = new Situation('Invited').claim('Declined', DAY_MS);
    expect(it.next(DAY_MS)).toEqual({ do: 'read', because: 'notice' });
    expect(it.read('Invited', DAY_MS, { updatedMs: 0 }).waitsUntilMs(DAY_MS)).toBe(INVITATION_MS);
  });
});

describe('Error', () => {
  const setup = () => new Situation('Engaged').read('Error', DAY_MS);
  const DUE_MS = DAY_MS + HOUR_MS;

  test('is read a second time an hour after the first', () => {
    const it = setup();
    expect(it.waitsUntilMs(DAY_MS)).toBe(DUE_MS);
    expect(it.waitsUntilMs(DUE_MS - 1)).toBe(DUE_MS);
    expect(it.next(DUE_MS)).toEqual({ do: 'read', because: 'window' });
  });

  test('is not put off by a claim that no read bears out', () => {
    const it = setup().claim('Syncing', DAY_MS + MINUTE_MS);
    it.read('Error', DAY_MS + 2 * MINUTE_MS, { updatedMs: DAY_MS });
    expect(it.waitsUntilMs(DAY_MS + 2 * MINUTE_MS)).toBe(DUE_MS);
  });

  test('that has passed by then is forgotten', () => {
    expect(setup().read('Syncing', DUE_MS).waitsUntilMs(DUE_MS)).toBe(APPLICANT_MS);
  });

  test('that is still there is failed, after collecting what is listed', () => {
    const it = setup().read('Error', DUE_MS, { updatedMs: DAY_MS });
    expect(it.next(DUE_MS)).toEqual({ do: 'list', because: 'conclusion' });
    it.list(wholeAt(0), DUE_MS);
    expect(it.next(DUE_MS).do).toBe('fetch');
    expect(it.store(DUE_MS).next(DUE_MS)).toEqual(conclusion('failed', 'upstream-error', true));
  });

  test.each<[what: string, reason: string, before: (it: Situation) => Situation, autoInvite: boolean]>([
    ['nobody engaged', 'invitation-undeliverable', (it) => it, true],
    ['a read told of an engagement', 'upstream-error', (it) => it.read('Engaged', HOUR_MS), true],
    ['a notice told of an engagement', 'upstream-error', (it) => it.claim('Engaged', HOUR_MS), true],
    [
      'a notice of an engagement came behind the error',
      'upstream-error',
      (it) => it.claim('Error', 2 * HOUR_MS).claim('Syncing', HOUR_MS),
      true,
    ],
    ['the carrier invites', 'upstream-error', (it) => it, false],
  ])('with nothing listed, where %s, is %s', (_what, reason, before, autoInvite) => {
    const it = before(new Situation('Invited', DEFAULT_POLICY, autoInvite)).read('Error', DAY_MS);
    it.read('Error', DUE_MS, { updatedMs: DAY_MS }).list([], DUE_MS);
    expect(it.next(DUE_MS)).toEqual(conclusion('failed', reason, true));
  });

  test('with a report listed is an error of the data, engaged or not', () => {
    const it = new Situation('Invited').read('Error', DAY_MS).read('Error', DUE_MS, { updatedMs: DAY_MS });
    it.list(wholeAt(0), DUE_MS).store(DUE_MS);
    expect(it.next(DUE_MS)).toEqual(conclusion('failed', 'upstream-error', true));
  });

  test('with only an unwanted report listed is an error of the data as well', () => {
    const it = new Situation('Invited').read('Error', DAY_MS).read('Error', DUE_MS, { updatedMs: DAY_MS });
    const list = { reports: [], others: [{ type: '', organization: null }], left: 0, digest: 'x' };
    it.collection = withList(it.collection, { ...list, askedAtMs: T0 + DUE_MS }, T0 + DUE_MS);
    expect(it.next(DUE_MS)).toEqual(conclusion('failed', 'upstream-error', true));
  });

  test('counts from the read that says so, not from the notice', () => {
    const it = new Situation('Engaged').claim('Error', DAY_MS);
    expect(it.next(DAY_MS)).toEqual({ do: 'read', because: 'notice' });
    expect(it.read('Error', DAY_MS + MINUTE_MS, { updatedMs: DAY_MS }).waitsUntilMs(DAY_MS + MINUTE_MS)).toBe(
      DUE_MS + MINUTE_MS,
    );
  });

  test('that came back in between counts anew', () => {
    const it = setup()
      .read('Syncing', DAY_MS + 30 * MINUTE_MS)
      .read('Error', DAY_MS + 40 * MINUTE_MS);
    expect(it.waitsUntilMs(DUE_MS)).toBe(DUE_MS + 40 * MINUTE_MS);
  });
});

describe('Disconnected', () => {
  test('lists at once, and with reports ends partial once they are collected; nobody is withdrawn', () => {
    const it = new Situation('Syncing').read('Disconnected', DAY_MS);
    expect(it.next(DAY_MS)).toEqual({ do: 'list', because: 'conclusion' });
    it.list(wholeAt(0), DAY_MS);
    expect(it.next(DAY_MS).do).toBe('fetch');
    expect(it.store(DAY_MS).next(DAY_MS)).toEqual(conclusion('partial', 'disconnected', false));
  });

  test('that only a notice says is read back first', () => {
    const it = new Situation('Syncing').claim('Disconnected', DAY_MS);
    expect(it.next(DAY_MS)).toEqual({ do: 'read', because: 'notice' });
  });

  test('may be followed by a reconnection', () => {
    const it = new Situation('Syncing')
      .read('Disconnected', DAY_MS)
      .list([], DAY_MS)
      .read('Syncing', 2 * DAY_MS);
    expect(it.waitsUntilMs(2 * DAY_MS)).toBe(APPLICANT_MS);
  });
});

describe('somebody who is gone upstream', () => {
  const { pollMs } = DEFAULT_POLICY;
  const gone = (it: Situation, sinceMs: number, times: number) => {
    const missingUpstream = { sinceMs: it.facts.timestamps.openedAtMs + sinceMs, times };
    it.facts = { ...it.facts, status: { ...it.facts.status, missingUpstream } };
    return it;
  };

  test.each([
    ['5 min', pollMs.syncing, 5 * MINUTE_MS],
    ['the poll cadence where that is shorter', 2_000, 2_000],
  ])('is asked for again after %s', (_what, syncing, againMs) => {
    const policy = { ...DEFAULT_POLICY, pollMs: { ...pollMs, syncing } };
    const it = gone(new Situation('Syncing', policy), DAY_MS, 1);
    expect(it.waitsUntilMs(DAY_MS)).toBe(DAY_MS + againMs);
    expect(it.next(DAY_MS + againMs - 1).do).toBe('wait');
    expect(it.next(DAY_MS + againMs)).toEqual({ do: 'read', because: 'missing' });
  });

  test('twice is cancelled, and nobody is left to withdraw', () => {
    expect(gone(new Situation('Syncing'), DAY_MS, 2).next(DAY_MS)).toEqual(
      conclusion('cancelled', 'deleted-upstream', false),
    );
  });

  test('but answers the second time is not gone, and counts from one again', () => {
    const it = gone(new Situation('Syncing'), DAY_MS, 1).read('Syncing', DAY_MS + 5 * MINUTE_MS, { updatedMs: 0 });
    expect(it.facts.status.missingUpstream).toBeNull();
    expect(it.waitsUntilMs(DAY_MS + 5 * MINUTE_MS)).toBe(APPLICANT_MS);
  });
});
