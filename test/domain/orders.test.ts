import { currentKind, currentStatus, type Facts, openFacts, withNotice, withRead } from '../../src/domain/facts';
import { DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { statusKind } from '../../src/domain/status';
import { fc } from '../support/property';

const T0 = Date.UTC(2026, 0, 1);
const STATUSES = [
  ...['Invited', 'Engaged', 'Declined', 'Syncing', 'All Synced', 'Some Synced', 'Error', 'Attn Required'],
  ...['Disconnected', 'Pondering'],
];

interface Report {
  readonly status: string;
  readonly updatedAtMs: number;
}

/** Reports statuses by notice and by read, one a second, to an applicant who was invited an hour ago. */
function setup() {
  const opened = openFacts({ status: 'Invited', updatedAtMs: T0 - HOUR_MS, askedAtMs: T0 - HOUR_MS }, T0 - HOUR_MS);
  let facts: Facts = opened;
  let nowMs = T0 + MINUTE_MS;
  return {
    opened,
    facts: () => facts,
    notice(report: Report): void {
      nowMs += 1_000;
      facts = withNotice(facts, report, nowMs, DEFAULT_POLICY);
    },
    read(report: Report): void {
      nowMs += 1_000;
      facts = withRead(facts, { ...report, askedAtMs: nowMs - 400 }, nowMs, DEFAULT_POLICY);
    },
  };
}

/** For each pair of statuses. */
function expectForPairs(check: (it: ReturnType<typeof setup>, older: Report, newer: Report) => [unknown, unknown]) {
  for (const older of STATUSES) {
    for (const newer of STATUSES.filter((status) => status !== older)) {
      const reports = [
        { status: older, updatedAtMs: T0 },
        { status: newer, updatedAtMs: T0 + 1_000 },
      ] as const;
      const [actual, expected] = check(setup(), ...reports);
      expect([older, newer, actual]).toEqual([older, newer, expected]);
    }
  }
}

describe.each(['notice', 'read'] as const)('a newer status by %s', (newerBy) => {
  test.each(['notice', 'read'] as const)('replaces an older one by %s', (olderBy) => {
    expectForPairs((it, older, newer) => {
      it[olderBy](older);
      it[newerBy](newer);
      return [currentStatus(it.facts()), newer.status];
    });
  });

  test('is not replaced by a late notice of an older one', () => {
    expectForPairs((it, older, newer) => {
      it[newerBy](newer);
      it.notice(older);
      return [currentStatus(it.facts()), newer.status];
    });
  });

  test('is not changed by a repeated notice', () => {
    expectForPairs((it, _older, newer) => {
      it[newerBy](newer);
      const before = it.facts();
      it.notice({ ...newer, status: ` ${newer.status.toUpperCase()} ` });
      return [it.facts() === before, true];
    });
  });
});

test.each([
  ['a read is not replaced by an older read', 'read', 'newer'],
  ['a claim is replaced by an older read', 'notice', 'older'],
] as const)('%s', (_what, by, current) => {
  expectForPairs((it, older, newer) => {
    it[by](newer);
    it.read(older);
    return [currentStatus(it.facts()), { older, newer }[current].status];
  });
});

test('notices and reads in any order, forged ones included, give the same result after a last read', () => {
  const truths = fc.array(fc.constantFrom(...STATUSES), { minLength: 1, maxLength: 6 });
  const deliveries = fc.array(
    fc.record({ by: fc.constantFrom('notice', 'read'), which: fc.nat(5), forged: fc.boolean() }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(truths, deliveries, (statuses, delivered) => {
      const truth = statuses.map((status, i) => ({ status, updatedAtMs: T0 + i * 1_000 }));
      const last = truth.at(-1) ?? { status: 'none', updatedAtMs: 0 };
      const it = setup();
      for (const { by, which, forged } of delivered) {
        const report = truth[which % truth.length] ?? last;
        if (by === 'read') it.read(report);
        else it.notice(forged ? { status: 'Declined', updatedAtMs: T0 + which * MINUTE_MS } : report);
      }
      it.read(last);
      const { status, checks } = it.facts();
      expect([status.claim, checks.readBackRequestedAtMs]).toEqual([null, null]);
      expect([currentStatus(it.facts()), currentKind(it.facts())]).toEqual([last.status, statusKind(last.status)]);
    }),
    { numRuns: 1_000 },
  );
});

test('notices that come twice give the same facts as notices that come once', () => {
  const notices = fc.array(fc.record({ status: fc.constantFrom(...STATUSES), updated: fc.nat(60) }), { maxLength: 8 });
  fc.assert(
    fc.property(notices, (all) => {
      const factsAfter = (times: number) =>
        all
          .flatMap((notice) => Array.from({ length: times }, () => notice))
          .reduce<Facts>((facts, { status, updated }) => {
            return withNotice(facts, { status, updatedAtMs: T0 + updated * 1_000 }, T0 + HOUR_MS, DEFAULT_POLICY);
          }, setup().opened);
      expect(factsAfter(2)).toEqual(factsAfter(1));
    }),
  );
});
