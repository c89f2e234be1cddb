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

type Age = 'older' | 'newer';

/** For each pair of statuses. `check` returns the actual and the expected value. */
function expectForPairs(
  check: (applicant: ReturnType<typeof setup>, reports: Record<Age, Report>) => [unknown, unknown],
) {
  for (const older of STATUSES) {
    for (const newer of STATUSES.filter((status) => status !== older)) {
      const [actual, expected] = check(setup(), {
        older: { status: older, updatedAtMs: T0 },
        newer: { status: newer, updatedAtMs: T0 + 1_000 },
      });
      expect([older, newer, actual]).toEqual([older, newer, expected]);
    }
  }
}

type Kind = 'notice' | 'read';

/** Two reports in the order of their arrival, and the one that counts afterwards. */
test.each<[first: [Age, Kind], second: [Age, Kind], expected: Age]>([
  [['older', 'notice'], ['newer', 'notice'], 'newer'],
  [['older', 'notice'], ['newer', 'read'], 'newer'],
  [['older', 'read'], ['newer', 'notice'], 'newer'],
  [['older', 'read'], ['newer', 'read'], 'newer'],
  [['newer', 'notice'], ['older', 'notice'], 'newer'],
  [['newer', 'read'], ['older', 'notice'], 'newer'],
  [['newer', 'read'], ['older', 'read'], 'newer'],
  // The read shows that the claim was not true.
  [['newer', 'notice'], ['older', 'read'], 'older'],
])('after the %p, then the %p, the %s one counts', (first, second, expected) => {
  expectForPairs((applicant, reports) => {
    for (const [age, by] of [first, second]) applicant[by](reports[age]);
    return [currentStatus(applicant.facts()), reports[expected].status];
  });
});

test.each<Kind>(['notice', 'read'])('a repeated notice changes nothing after a %s', (by) => {
  expectForPairs((applicant, { newer }) => {
    applicant[by](newer);
    const before = applicant.facts();
    applicant.notice({ ...newer, status: ` ${newer.status.toUpperCase()} ` });
    return [applicant.facts() === before, true];
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
      const applicant = setup();
      for (const { by, which, forged } of delivered) {
        const report = truth[which % truth.length] ?? last;
        if (by === 'read') applicant.read(report);
        else applicant.notice(forged ? { status: 'Declined', updatedAtMs: T0 + which * MINUTE_MS } : report);
      }
      applicant.read(last);
      const { status, due } = applicant.facts();
      expect([status.claim, due.readBackRequestedAtMs]).toEqual([null, null]);
      expect([currentStatus(applicant.facts()), currentKind(applicant.facts())]).toEqual([
        last.status,
        statusKind(last.status),
      ]);
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
