import {
  decideMailbox,
  exceedsCarryLimit,
  type Mailbox,
  type MailboxStep,
  openMailbox,
  withFailedLookUp,
  withFullQuarantine,
  withHeldNotice,
  withOwner,
  withoutFirstNotices,
  withSearchResult,
} from '../../src/domain/mailbox';
import type { ReportNotice } from '../../src/domain/notices';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';

const T0 = Date.UTC(2026, 0, 1);
const noticeOf = (n: number, updatedAt = '2026-01-01T00:00:00.000Z'): ReportNotice => ({
  ...{ humanId: 'h-1', type: null },
  ...{ reportId: `r-${n}`, updatedAt },
});
const empty = () => openMailbox([], null, T0);
const holding = (...notices: ReportNotice[]) => notices.reduce(withHeldNotice, empty());

/** Follows a mailbox that finds no one, to its end or for `forMs`; what it did, and when. `room`: whether the quarantine has room. */
function live(options: { forMs?: number; mailbox?: Mailbox; room?: (atMs: number) => boolean; answers?: boolean }) {
  const { forMs = 2 * DAY_MS, room = () => true, answers = true } = options;
  let mailbox = options.mailbox ?? holding(noticeOf(1));
  const done: { atMs: number; step: MailboxStep['do']; notices: number }[] = [];
  let isAsking = false;
  for (let atMs = 0; atMs <= forMs; ) {
    const nowMs = T0 + atMs;
    const step = decideMailbox(mailbox, nowMs, isAsking);
    if (step.do === 'wait') {
      expect(step.untilMs).toBeGreaterThan(nowMs);
      atMs = step.untilMs - T0;
      continue;
    }
    done.push({ atMs, step: step.do, notices: 'notices' in step ? step.notices.length : 0 });
    if (step.do === 'end') break;
    if (step.do === 'ask') {
      mailbox = withSearchResult({ ...mailbox, hasNews: false }, null, nowMs);
      isAsking = !answers && decideMailbox(mailbox, nowMs, true).do !== 'stop-asking';
      if (!isAsking) mailbox = withFailedLookUp(mailbox, nowMs);
    } else if (step.do === 'stop-asking') isAsking = false;
    else if (step.do === 'set-aside') {
      mailbox = room(atMs) ? withoutFirstNotices(mailbox, step.notices.length) : withFullQuarantine(mailbox, nowMs);
    }
  }
  return done;
}

describe('what a mailbox holds', () => {
  test('is each notice once, and another version of its report as well', () => {
    const first = holding(noticeOf(1));
    expect(withHeldNotice(first, noticeOf(1))).toBe(first);
    expect(withHeldNotice(first, noticeOf(1, '2026-01-02T00:00:00.000Z')).notices).toHaveLength(2);
  });

  test('are two notices of one report without a date, told apart by their request ids', () => {
    const undated = (requestId: string): ReportNotice => ({ ...noticeOf(1), updatedAt: null, requestId });
    const both = holding(undated('a'), undated('b'));
    expect(both.notices).toHaveLength(2);
    expect(withHeldNotice(both, undated('b'))).toBe(both);
  });

  test('is never dropped: beyond what a run may hand over it is set aside before the day is over', () => {
    let mailbox = withFailedLookUp(empty(), T0);
    let taken = 0;
    for (; !exceedsCarryLimit(mailbox); taken += 1)
      mailbox = withHeldNotice(mailbox, noticeOf(taken, `\u00e9${'x'.repeat(200)}`));
    expect(mailbox.notices).toHaveLength(taken);
    expect(Buffer.byteLength(JSON.stringify(mailbox.notices))).toBeLessThan(1_100_000);
    const step = decideMailbox({ ...mailbox, hasNews: false }, T0, false);
    expect(step.do).toBe('set-aside');
    const { notices } = step as { notices: readonly ReportNotice[] };
    expect(Buffer.byteLength(JSON.stringify(notices))).toBeLessThanOrEqual(250_000);
    expect(exceedsCarryLimit(withoutFirstNotices(mailbox, notices.length))).toBe(false);
  });
});

describe('the owner of a mailbox', () => {
  test('is looked for at growing distances for a day, then the notices are set aside', () => {
    const looks = [0, 5, 65, 665, 4_265, 25_865, 47_465, 69_065].map((seconds) => ({
      ...{ atMs: seconds * SECOND_MS, step: 'ask', notices: 0 },
    }));
    expect(live({})).toEqual([
      ...looks,
      { atMs: DAY_MS, step: 'ask', notices: 0 },
      { atMs: DAY_MS, step: 'set-aside', notices: 1 },
      { atMs: DAY_MS, step: 'end', notices: 0 },
    ]);
  });

  test('is given up after the day also where no turn came', () => {
    expect(live({ answers: false }).map(({ atMs, step }) => `${atMs / HOUR_MS} ${step}`)).toEqual([
      '0 ask',
      ...['stop-asking', 'ask', 'set-aside', 'end'].map((step) => `24 ${step}`),
    ]);
  });

  test('is searched for when a notice comes in a pause, once in five minutes, and the pause goes on', () => {
    const asked = withFailedLookUp(withSearchResult({ ...holding(noticeOf(1)), hasNews: false }, null, T0), T0);
    const pausing = { ...asked, search: { ...asked.search, nextLookAtMs: T0 + HOUR_MS } };
    const told = withHeldNotice(pausing, noticeOf(2));
    expect(decideMailbox(pausing, T0 + 10 * MINUTE_MS, false)).toEqual({ do: 'wait', untilMs: T0 + HOUR_MS });
    expect(decideMailbox(told, T0 + MINUTE_MS, false)).toEqual({ do: 'wait', untilMs: T0 + 5 * MINUTE_MS });
    expect(decideMailbox(told, T0 + 5 * MINUTE_MS, true)).toEqual({ do: 'search' });
    const searched = withSearchResult({ ...told, hasNews: false }, null, T0 + 5 * MINUTE_MS);
    expect(decideMailbox(withHeldNotice(searched, noticeOf(3)), T0 + 6 * MINUTE_MS, false)).toEqual({
      do: 'wait',
      untilMs: T0 + 10 * MINUTE_MS,
    });
  });

  test('once found stays found, and gets fifty notices at a time', () => {
    const found = withOwner(withOwner(holding(...Array.from({ length: 60 }, (_, n) => noticeOf(n))), 'POL-1'), null);
    const step = decideMailbox(found, T0, false);
    expect(step).toMatchObject({ do: 'pass-on' });
    expect((step as { notices: readonly ReportNotice[] }).notices).toHaveLength(50);
    expect(decideMailbox(withoutFirstNotices(found, 60), T0, false)).toEqual({ do: 'end' });
  });

  test('is not looked for anew by a run that goes on for another', () => {
    const { search, notices } = [1, 2, 3].reduce((mailbox) => withFailedLookUp(mailbox, T0), holding(noticeOf(1)));
    const next = openMailbox(notices, search, T0 + MINUTE_MS);
    expect(decideMailbox({ ...next, hasNews: false }, T0 + MINUTE_MS, false)).toEqual({
      do: 'wait',
      untilMs: T0 + 10 * MINUTE_MS,
    });
  });
});

test('a full quarantine is asked again each hour with one notice, and all are kept until it has room', () => {
  const mailbox = holding(noticeOf(1), noticeOf(2), noticeOf(3));
  const roomFromMs = DAY_MS + 2 * HOUR_MS;
  const tries = live({ mailbox, room: (atMs) => atMs >= roomFromMs }).filter(({ step }) => step !== 'ask');
  expect(tries).toEqual([
    { atMs: DAY_MS, step: 'set-aside', notices: 3 },
    { atMs: DAY_MS + HOUR_MS, step: 'set-aside', notices: 1 },
    { atMs: roomFromMs, step: 'set-aside', notices: 1 },
    { atMs: roomFromMs, step: 'set-aside', notices: 2 },
    { atMs: roomFromMs, step: 'end', notices: 0 },
  ]);
});
