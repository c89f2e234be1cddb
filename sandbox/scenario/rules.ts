import type { SeededRandom } from '../seeded-random';
import { matchesPattern } from './pattern';
import type { RuleConditions } from './schema';

/** How often a rule was checked (`seen`) and applied (`bitten`) since the scenario started. */
export interface RuleCount {
  seen: number;
  bitten: number;
}

/** Selects the first matching rule. */
export class Rules<Rule extends RuleConditions> {
  /** In the order of the rules. */
  readonly counts: readonly RuleCount[];
  private readonly callsByPerson = new Map<string, number>();

  constructor(
    private readonly kind: string,
    private readonly rules: readonly Rule[],
    private readonly random: SeededRandom,
  ) {
    this.counts = rules.map(() => ({ seen: 0, bitten: 0 }));
  }

  /**
   * The first matching rule with its index, or null. `clientUserId`: '' if the call concerns no person. `isForCall`: whether a rule is for calls of
   * this kind. A `rate` is drawn by person and call number, so that applicants that run at the same time do not affect each other.
   */
  match(
    clientUserId: string,
    isForCall: (rule: Rule) => boolean,
  ): { readonly rule: Rule; readonly number: number } | null {
    let match: { rule: Rule; number: number } | null = null;
    for (const [number, rule] of this.rules.entries()) {
      if (!isForCall(rule)) continue;
      if (rule.clientUserId !== undefined && !matchesPattern(rule.clientUserId, clientUserId)) continue;
      const applies = this.countCall(rule, number, clientUserId);
      if (applies && !match) match = { rule, number };
    }
    const count = match && this.counts[match.number];
    if (count) count.bitten += 1;
    return match;
  }

  /** Each rule for this kind of call and person counts the call, even if an earlier rule matches. Returns whether the rule applies. */
  private countCall(rule: Rule, number: number, clientUserId: string): boolean {
    const count = this.counts[number] ?? { seen: 0, bitten: 0 };
    count.seen += 1;
    const key = `${this.kind}/${number}/${clientUserId}`;
    const callNumber = (this.callsByPerson.get(key) ?? 0) + 1;
    this.callsByPerson.set(key, callNumber);
    if (rule.times !== undefined && count.bitten >= rule.times) return false;
    if (rule.calls) return rule.calls.includes(count.seen);
    return rule.rate === undefined || this.random.isSelected(`${key}/${callNumber}`, rule.rate);
  }
}
