import { randomBytes } from 'node:crypto';
import { Chance } from '../chance';
import type { Pace } from '../clock';
import type { Log } from '../log';
import { type Persona, personaFor } from '../personas/catalogue';
import { fits } from './pattern';
import { scenarioOf } from './read';
import { Rules } from './rules';
import type { CallFault, NoticeFault, Scenario } from './schema';

/** What the scenario leaves out. */
export interface Defaults {
  readonly pace: Pace;
  /** Null: another one at every start. */
  readonly seed: string | null;
}

/** Knows the scenario that is played, and what follows from it. */
export class Director {
  private scenario: Scenario;
  private readonly ownSeed: string;
  chance: Chance;
  callRules: Rules<CallFault>;
  noticeRules: Rules<NoticeFault>;

  /** Throws a {@link ScenarioFault}. */
  constructor(
    document: unknown,
    private readonly defaults: Defaults,
    private readonly log: Log,
  ) {
    this.ownSeed = defaults.seed ?? randomBytes(8).toString('hex');
    this.scenario = scenarioOf(document);
    [this.chance, this.callRules, this.noticeRules] = this.drawn();
  }

  /** Plays another scenario from its beginning. Throws a {@link ScenarioFault}, and then goes on with the one before. */
  play(document: unknown): void {
    this.scenario = scenarioOf(document);
    this.restart();
  }

  /** Plays the scenario from its beginning: its calls are counted anew. */
  restart(): void {
    [this.chance, this.callRules, this.noticeRules] = this.drawn();
    this.announce();
  }

  /** Says what is played, with the seed by which it can be played again. */
  announce(): void {
    const { faults, notices, personas } = this.scenario;
    this.log('scenario', {
      seed: this.chance.seed,
      speed: this.pace.speed,
      faults: faults.length,
      noticeFaults: notices.length,
      personas: personas.length,
    });
  }

  get pace(): Pace {
    const { speed, longestWaitMs } = this.defaults.pace;
    return { speed: this.scenario.speed ?? speed, longestWaitMs: this.scenario.longestWait ?? longestWaitMs };
  }

  get offAfterFailures(): number | null {
    return this.scenario.feed?.offAfterFailures ?? null;
  }

  /** Who somebody lives as: whom the scenario casts, else whom the e-mail asks for. */
  castFor(clientUserId: string, email: string): Persona {
    const cast = this.scenario.personas.find((one) => fits(one.clientUserId, clientUserId));
    return personaFor(cast?.persona, email);
  }

  /** The scenario with all that it left out, durations in milliseconds, and how often each rule was looked at and bit. */
  described() {
    const { personas, faults, notices } = this.scenario;
    return {
      seed: this.chance.seed,
      ...this.pace,
      personas,
      faults: faults.map((rule, number) => ({ ...rule, ...this.callRules.counts[number] })),
      notices: notices.map((rule, number) => ({ ...rule, ...this.noticeRules.counts[number] })),
      offAfterFailures: this.offAfterFailures,
    };
  }

  private drawn(): [Chance, Rules<CallFault>, Rules<NoticeFault>] {
    const chance = new Chance(this.scenario.seed ?? this.ownSeed);
    const { faults, notices } = this.scenario;
    return [chance, new Rules('call', faults, chance), new Rules('notice', notices, chance)];
  }
}
