import { currentKind, currentStatus, type Facts, openFacts, withNotice, withRead } from '../../src/domain/facts';
import { DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { nextStage, statusKind } from '../../src/domain/status';
import { fc } from '../support/property';

const T0 = Date.UTC(2026, 0, 1);
const STATUSES = [
  'Invited',
  'Engaged',
  'Declined',
  'Syncing',
  'All Synced',
  'Some Synced',
  'Error',
  'Attn Required',
  'Disconnected',
  'Pondering',
];
const PAIRS = STATUSES.flatMap((older) => STATUSES.filter((it) => it !== older).map((newer) => ({ older, newer })));

interface Fact {
  readonly status: string;
  readonly updatedAtMs: number;
}

/** Tells facts by push and poll, one a second, from an invitation an hour ago. */
function setup() {
  const opened = openFacts({ status: 'Invited', updatedAtMs: T0 - HOUR_MS, askedAtMs: T0 - HOUR_MS }, T0 - HOUR_MS);
  let facts: Facts = opened;
  let nowMs = T0 + MINUTE_MS;
  return {
    opened,
    facts: () => facts,
    push(fact: Fact): void {
      nowMs += 1_000;
      facts = withNotice(facts, fact, nowMs, DEFAULT_POLICY);
    },
    poll(fact: Fact): void {
      nowMs += 1_000;
      facts = withRead(facts, { ...fact, askedAtMs: nowMs - 400 }, nowMs, DEFAULT_POLICY);
    },
  };
}

function pairOf({ older, newer }: { older: string; newer: string }): [Fact, Fact] {
  return [
    { status: older, updatedAtMs: T0 },
    { status: newer, updatedAtMs: T0 + 1_000 },
  ];
}

describe.each(['push', 'poll'] as const)('a newer status told by %s', (newerBy) => {
  test.each(['push', 'poll'] as const)(
    'counts after an older one told by %s, whichever statuses they are',
    (olderBy) => {
      for (const pair of PAIRS) {
        const it = setup();
        const [older, newer] = pairOf(pair);
        it[olderBy](older);
        it[newerBy](newer);
        expect([pair, currentStatus(it.facts())]).toEqual([pair, pair.newer]);
      }
    },
  );

  test('is not moved back by an older one that is pushed late, whichever statuses they are', () => {
    for (const pair of PAIRS) {
      const it = setup();
      const [older, newer] = pairOf(pair);
      it[newerBy](newer);
      it.push(older);
      expect([pair, currentStatus(it.facts())]).toEqual([pair, pair.newer]);
    }
  });

  test('changes nothing when it is pushed again, whichever status it is', () => {
    for (const pair of PAIRS) {
      const it = setup();
      const [, newer] = pairOf(pair);
      it[newerBy](newer);
      const before = it.facts();
      it.push({ ...newer, status: ` ${newer.status.toUpperCase()} ` });
      expect(it.facts()).toBe(before);
    }
  });
});

test('a newer status that was read is not moved back by an older read, whichever statuses they are', () => {
  for (const pair of PAIRS) {
    const it = setup();
    const [older, newer] = pairOf(pair);
    it.poll(newer);
    it.poll(older);
    expect([pair, currentStatus(it.facts())]).toEqual([pair, pair.newer]);
  }
});

test('a claim that is newer than the read after it gives way to it, whichever statuses they are', () => {
  for (const pair of PAIRS) {
    const it = setup();
    const [older, newer] = pairOf(pair);
    it.push(newer);
    it.poll(older);
    expect([pair, currentStatus(it.facts())]).toEqual([pair, pair.older]);
  }
});

test('any interleaving of the same facts by push and poll ends in the same state once a last read is made', () => {
  const story = fc.array(fc.constantFrom(...STATUSES), { minLength: 1, maxLength: 6 });
  const telling = fc.record({ by: fc.constantFrom('push', 'poll'), which: fc.nat(5), forged: fc.boolean() });
  fc.assert(
    fc.property(story, fc.array(telling, { maxLength: 20 }), (statuses, tellings) => {
      const truth = statuses.map((status, i) => ({ status, updatedAtMs: T0 + i * 1_000 }));
      const last = truth.at(-1) ?? { status: 'none', updatedAtMs: 0 };
      const it = setup();
      for (const { by, which, forged } of tellings) {
        const fact = truth[which % truth.length] ?? last;
        if (by === 'poll') it.poll(fact);
        else it.push(forged ? { status: 'Declined', updatedAtMs: T0 + which * MINUTE_MS } : fact);
      }
      it.poll(last);
      const { claim } = it.facts().status;
      const { readBackRequestedAtMs } = it.facts().checks;
      expect({
        claim,
        readBackRequestedAtMs,
        status: currentStatus(it.facts()),
        kind: currentKind(it.facts()),
      }).toEqual({
        claim: null,
        readBackRequestedAtMs: null,
        status: last.status,
        kind: statusKind(last.status),
      });
    }),
    { numRuns: 1_000 },
  );
});

test('facts told twice end as facts told once, to the last stamp', () => {
  const pushes = fc.array(fc.record({ status: fc.constantFrom(...STATUSES), updated: fc.nat(60) }), { maxLength: 8 });
  fc.assert(
    fc.property(pushes, (told) => {
      const atMs = T0 + HOUR_MS;
      const tell = (times: number) =>
        told.reduce<Facts>((facts, { status, updated }) => {
          let next = facts;
          for (let i = 0; i < times; i++)
            next = withNotice(next, { status, updatedAtMs: T0 + updated * 1_000 }, atMs, DEFAULT_POLICY);
          return next;
        }, setup().opened);
      expect(tell(2)).toEqual(tell(1));
    }),
  );
});

test('the stage follows the facts, and an unknown status leaves it where it was', () => {
  const it = setup();
  it.push({ status: 'Syncing', updatedAtMs: T0 });
  const syncing = nextStage(currentKind(it.facts()), 'invited');
  it.push({ status: 'Pondering', updatedAtMs: T0 + 1_000 });
  expect([syncing, nextStage(currentKind(it.facts()), syncing)]).toEqual(['syncing', 'syncing']);
});
