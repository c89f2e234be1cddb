import { withHeld } from '../../src/domain/mailbox';

const noticeOf = (n: number, updatedAt = '2026-01-01T00:00:00.000Z') => ({ reportId: `r-${n}`, updatedAt });

describe('a mailbox', () => {
  test('holds a notice once, and another version of its report as well', () => {
    const first = withHeld([], noticeOf(1));
    expect(withHeld(first, noticeOf(1))).toBe(first);
    expect(withHeld(first, noticeOf(1, '2026-01-02T00:00:00.000Z'))).toHaveLength(2);
  });

  test('holds two notices of one report without a date apart by their request ids', () => {
    const undated = (requestId: string) => ({ reportId: 'r-1', updatedAt: null, requestId });
    const both = withHeld(withHeld<ReturnType<typeof undated>>([], undated('a')), undated('b'));
    expect(both).toHaveLength(2);
    expect(withHeld(both, undated('b'))).toBe(both);
  });

  test('that is flooded stays far below what Temporal lets a run hand over', () => {
    let held: readonly ReturnType<typeof noticeOf>[] = [];
    for (let n = 0; n < 12_000; n += 1)
      held = withHeld(held, { ...noticeOf(n), reportId: String(n).padStart(100, 'x') });
    expect(held.length).toBeGreaterThan(2_000);
    expect(JSON.stringify(held).length).toBeLessThan(1_000_000);
  });
});
