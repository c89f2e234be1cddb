import type { Chance } from '../chance';
import { fits } from './pattern';
import type { Bites } from './schema';

/** How often a rule was looked at and bit, since the scenario was set or the sandbox was started. */
export interface RuleCount {
  seen: number;
  bitten: number;
}

/** Decides which of several rules bites, the first that does. */
export class Rules<Rule extends Bites> {
  /** In the order of the rules. */
  readonly counts: readonly RuleCount[];
  private readonly seenOf = new Map<string, number>();

  constructor(
    private readonly kind: string,
    private readonly rules: readonly Rule[],
    private readonly chance: Chance,
  ) {
    this.counts = rules.map(() => ({ seen: 0, bitten: 0 }));
  }

  /**
   * The rule that bites, with its number, from 0; null for none. `about`: a clientUserId, '' for nobody's. A share of the calls is drawn by
   * the person and the number of their call, so that applicants who are followed at the same time do not change each other's fate.
   */
  bite(about: string, concerns: (rule: Rule) => boolean): { readonly rule: Rule; readonly number: number } | null {
    let bitten: { rule: Rule; number: number } | null = null;
    for (const [number, rule] of this.rules.entries()) {
      if (!concerns(rule) || !(rule.clientUserId === undefined || fits(rule.clientUserId, about))) continue;
      const hit = this.look(rule, number, about);
      if (hit && !bitten) bitten = { rule, number };
    }
    const count = bitten && this.counts[bitten.number];
    if (count) count.bitten += 1;
    return bitten;
  }

  /** Every rule that is concerned counts the call, also behind one that bites. */
  private look(rule: Rule, number: number, about: string): boolean {
    const count = this.counts[number] ?? { seen: 0, bitten: 0 };
    count.seen += 1;
    const key = `${this.kind}/${number}/${about}`;
    const seenOfThis = (this.seenOf.get(key) ?? 0) + 1;
    this.seenOf.set(key, seenOfThis);
    if (rule.times !== undefined && count.bitten >= rule.times) return false;
    if (rule.calls) return rule.calls.includes(count.seen);
    return rule.rate === undefined || this.chance.hits(`${key}/${seenOfThis}`, rule.rate);
  }
}
