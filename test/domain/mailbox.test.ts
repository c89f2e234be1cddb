import {
  decideMailbox,
  exceedsCarryLimit,
  type Mailbox,
  type MailboxStep,
  openMailbox,
  withFullQuarantine,
  withHeldNotice,
  withNextLookUp,
  withOwner,
  withoutFirstNotices,
  withSearchResult,
} from '../../src/domain/mailbox';
import type { ReportNotice } from '../../src/domain/notices';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';

const T0 = Date.UTC(2026, 0, 1);
const noticeOf = (n: number, updatedAt = '2026-01-01T00:00:00.000Z'): ReportNotice => {
  return { humanId: 'h-1', type: null, reportId: `r-${n}`, updatedAt };
};
const holding = (...notices: ReportNotice[]) => notices.reduce(withHeldNotice, openMailbox([], null, T0));
const noticesOf = (step: MailboxStep) => ('notices' in step ? step.notices : []);

interface Options {
  mailbox?: Mailbox;
  /** Whether the quarantine has room. */
  hasRoom?: (atMs: number) => boolean;
  /** False: no look-up gets its turn. */
  isAnswered?: boolean;
}

/** The steps of a mailbox whose owner is not found, as `<ms> <step> <notices>`. */
function run({ mailbox = holding(noticeOf(1)), hasRoom = () => true, isAnswered = true }: Options = {}): string[] {
  const steps: string[] = [];
  let isAsking = false;
  for (let atMs = 0; atMs <= 2 * DAY_MS; ) {
    const nowMs = T0 + atMs;
    const step = decideMailbox(mailbox, nowMs, isAsking);
    if (step.do === 'wait') {
      expect(step.untilMs).toBeGreaterThan(nowMs);
      atMs = step.untilMs - T0;
      continue;
    }
    steps.push(`${atMs} ${step.do} ${noticesOf(step).length}`);
    if (step.do === 'end') break;
    if (step.do === 'ask') {
      mailbox = withSearchResult({ ...mailbox, hasNews: false }, null, nowMs);
      isAsking = !isAnswered && decideMailbox(mailbox, nowMs, true).do !== 'stop-asking';
      if (!isAsking) mailbox = withNextLookUp(mailbox, nowMs);
    } else if (step.do === 'stop-asking') isAsking = false;
    else if (step.do === 'set-aside') {
      mailbox = hasRoom(atMs) ? withoutFirstNotices(mailbox, step.notices.length) : withFullQuarantine(mailbox, nowMs);
    }
  }
  return steps;
}

test('a mailbox holds each notice once, by request id or else by version', () => {
  const first = holding(noticeOf(1));
  expect(withHeldNotice(first, noticeOf(1))).toBe(first);
  expect(withHeldNotice(first, noticeOf(1, '2026-01-02T00:00:00.000Z')).notices).toHaveLength(2);
  const undated = (requestId: string): ReportNotice => ({ ...noticeOf(1), updatedAt: null, requestId });
  const both = holding(undated('a'), undated('b'));
  expect(both.notices).toHaveLength(2);
  expect(withHeldNotice(both, undated('b'))).toBe(both);
});

test('a mailbox drops no notice: if they are too large for continue-as-new, some are quarantined early', () => {
  let mailbox = withNextLookUp(holding(), T0);
  let count = 0;
  for (; !exceedsCarryLimit(mailbox); count += 1)
    mailbox = withHeldNotice(mailbox, noticeOf(count, `\u00e9${'x'.repeat(200)}`));
  expect(mailbox.notices).toHaveLength(count);
  expect(Buffer.byteLength(JSON.stringify(mailbox.notices))).toBeLessThan(1_100_000);
  const step = decideMailbox({ ...mailbox, hasNews: false }, T0, false);
  expect(step.do).toBe('set-aside');
  expect(Buffer.byteLength(JSON.stringify(noticesOf(step)))).toBeLessThanOrEqual(250_000);
  expect(exceedsCarryLimit(withoutFirstNotices(mailbox, noticesOf(step).length))).toBe(false);
});

test('look-ups become rarer over a day, then the notices are quarantined', () => {
  const looks = [0, 5, 65, 665, 4_265, 25_865, 47_465, 69_065].map((seconds) => `${seconds * SECOND_MS} ask 0`);
  expect(run()).toEqual([...looks, ...['ask 0', 'set-aside 1', 'end 0'].map((step) => `${DAY_MS} ${step}`)]);
});

test('the day ends also if no look-up gets its turn', () => {
  const steps = ['stop-asking 0', 'ask 0', 'set-aside 1', 'end 0'].map((step) => `${DAY_MS} ${step}`);
  expect(run({ isAnswered: false })).toEqual(['0 ask 0', ...steps]);
});

test('a full quarantine is tried each hour with one notice, and all notices are kept until it has room', () => {
  const roomFromMs = DAY_MS + 2 * HOUR_MS;
  const mailbox = holding(noticeOf(1), noticeOf(2), noticeOf(3));
  const steps = run({ mailbox, hasRoom: (atMs) => atMs >= roomFromMs }).filter((step) => !step.includes(' ask '));
  const full = [`${DAY_MS} set-aside 3`, `${DAY_MS + HOUR_MS} set-aside 1`];
  expect(steps).toEqual([...full, ...['set-aside 1', 'set-aside 2', 'end 0'].map((step) => `${roomFromMs} ${step}`)]);
});

test('a notice between two look-ups starts a search of our own applicants, at most every five minutes', () => {
  const searchedOnce = withNextLookUp(withSearchResult({ ...holding(noticeOf(1)), hasNews: false }, null, T0), T0);
  const pausing = { ...searchedOnce, search: { ...searchedOnce.search, nextLookAtMs: T0 + HOUR_MS } };
  const minutes = (n: number) => T0 + n * MINUTE_MS;
  const waitUntil = (n: number) => ({ do: 'wait', untilMs: minutes(n) });
  expect(decideMailbox(pausing, minutes(10), false)).toEqual(waitUntil(60));
  const notified = withHeldNotice(pausing, noticeOf(2));
  expect(decideMailbox(notified, minutes(1), false)).toEqual(waitUntil(5));
  expect(decideMailbox(notified, minutes(5), true)).toEqual({ do: 'search' });
  const searched = withSearchResult({ ...notified, hasNews: false }, null, minutes(5));
  expect(decideMailbox(withHeldNotice(searched, noticeOf(3)), minutes(6), false)).toEqual(waitUntil(10));
});

test('an owner stays, and gets fifty notices at a time', () => {
  const owned = withOwner(withOwner(holding(...Array.from({ length: 60 }, (_, n) => noticeOf(n))), 'POL-1'), null);
  const step = decideMailbox(owned, T0, false);
  expect([step.do, noticesOf(step).length]).toEqual(['pass-on', 50]);
  expect(decideMailbox(withoutFirstNotices(owned, 60), T0, false)).toEqual({ do: 'end' });
});

test('continue-as-new does not restart the search', () => {
  const { search, notices } = [1, 2, 3].reduce((mailbox) => withNextLookUp(mailbox, T0), holding(noticeOf(1)));
  const next = { ...openMailbox(notices, search, T0 + MINUTE_MS), hasNews: false };
  expect(decideMailbox(next, T0 + MINUTE_MS, false)).toEqual({ do: 'wait', untilMs: T0 + 10 * MINUTE_MS });
});
