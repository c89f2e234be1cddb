import { currentStatus, openFacts } from '../../src/domain/facts';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { Situation } from './model/situation';
import { T0 } from './model/upstream';

const IN_2099_MS = 73 * 365 * DAY_MS;

/** An applicant whose first read was Engaged, with a date 4 min ahead of the clock. */
const setup = () => new Situation('Invited').read('Engaged', 0, { updatedMs: 4 * MINUTE_MS });

/** The status that counts after a read. Times in ms after the first read. */
function statusAfter(applicant: Situation, status: string, atMs: number, updatedMs = atMs): string {
  return currentStatus(applicant.read(status, atMs, { updatedMs }).facts);
}

test('the date of a read counts up to 5 min ahead of the clock, at the invitation and later', () => {
  const opened = (updatedMs: number) =>
    openFacts({ status: 'Engaged', updatedAtMs: T0 + updatedMs, askedAtMs: T0 }, T0);
  expect(opened(5 * MINUTE_MS).status.read.updatedAtMs).toBe(T0 + 5 * MINUTE_MS);
  const invited = new Situation('Engaged');
  invited.facts = opened(IN_2099_MS);
  for (const applicant of [invited, new Situation('Engaged').read('Engaged', MINUTE_MS, { updatedMs: IN_2099_MS })]) {
    expect(applicant.facts.status.read.updatedAtMs).toBeNull();
    expect(statusAfter(applicant, 'Syncing', HOUR_MS)).toBe('Syncing');
  }
});

describe('another status with an older date', () => {
  test('counts once it is read again a minute later: earlier both answers may come from a replica that lags', () => {
    const applicant = setup();
    expect(statusAfter(applicant, 'Syncing', MINUTE_MS)).toBe('Engaged');
    expect(statusAfter(applicant, 'Syncing', 2 * MINUTE_MS - 1, MINUTE_MS)).toBe('Engaged');
    expect(statusAfter(applicant, 'Syncing', 2 * MINUTE_MS, MINUTE_MS)).toBe('Syncing');
    expect(applicant.facts.status.contradiction).toBeNull();
  });

  test('is dropped once the known status is read again', () => {
    const applicant = setup()
      .read('Syncing', MINUTE_MS)
      .read('Engaged', 2 * MINUTE_MS, { updatedMs: 4 * MINUTE_MS });
    expect(statusAfter(applicant, 'Syncing', 3 * MINUTE_MS, MINUTE_MS)).toBe('Engaged');
  });

  test('is replaced by a third status', () => {
    const applicant = setup().read('Syncing', MINUTE_MS);
    expect(statusAfter(applicant, 'Attn Required', 2 * MINUTE_MS)).toBe('Engaged');
    expect(statusAfter(applicant, 'Attn Required', 3 * MINUTE_MS, 2 * MINUTE_MS)).toBe('Attn Required');
  });

  test('is not a contradiction if it was requested before the known read', () => {
    const { facts } = new Situation('Engaged').read('All Synced', 2 * MINUTE_MS).read('Syncing', MINUTE_MS);
    expect(facts.status.contradiction).toBeNull();
  });

  test('is read again a minute later, and until then nothing is decided, not even a withdrawal', () => {
    const applicant = setup();
    const deadlineMs = DEFAULT_POLICY.expiresMs.applicant;
    applicant.read('Syncing', deadlineMs, { updatedMs: MINUTE_MS });
    expect(applicant.next(deadlineMs)).toMatchObject({ do: 'wait', wait: { statusPoll: null, listPoll: null } });
    expect(applicant.waitsUntilMs(deadlineMs)).toBe(deadlineMs + MINUTE_MS);
    expect(applicant.next(deadlineMs + MINUTE_MS)).toEqual({ do: 'read', because: 'contradiction' });
    applicant.read('Engaged', deadlineMs + MINUTE_MS, { updatedMs: 4 * MINUTE_MS });
    expect(applicant.next(deadlineMs + MINUTE_MS)).toMatchObject({ do: 'list', because: 'conclusion' });
  });

  test('that disappears again costs at most one read per cadence', () => {
    const applicant = new Situation('Engaged').read('Engaged', 0, { updatedMs: 4 * MINUTE_MS });
    applicant.read('Syncing', HOUR_MS, { updatedMs: MINUTE_MS });
    const atMs = HOUR_MS + MINUTE_MS;
    applicant.read('Engaged', atMs, { updatedMs: 4 * MINUTE_MS });
    expect(applicant.next(atMs)).toMatchObject({ do: 'wait', wait: { statusPoll: { startMs: T0 + atMs + HOUR_MS } } });
  });
});
