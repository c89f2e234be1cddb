import { randomBytes } from 'node:crypto';
import type { StorySpeed } from '../clock';
import type { Log } from '../log';
import { type Persona, selectPersona } from '../personas/catalogue';
import { SeededRandom } from '../seeded-random';
import { parseScenario } from './parse';
import { matchesPattern } from './pattern';
import { Rules } from './rules';
import type { CallFault, NoticeFault, Scenario } from './schema';

/** The values for keys that the scenario omits. */
export interface ScenarioDefaults {
  readonly storySpeed: StorySpeed;
  /** Null: a random seed at each start. */
  readonly seed: string | null;
}

/** The current scenario with its rules and random values. */
export class ActiveScenario {
  private scenario: Scenario;
  private readonly defaultSeed: string;
  random: SeededRandom;
  callRules: Rules<CallFault>;
  noticeRules: Rules<NoticeFault>;

  /** Throws {@link ScenarioFault}. */
  constructor(
    document: unknown,
    private readonly defaults: ScenarioDefaults,
    private readonly log: Log,
  ) {
    this.defaultSeed = defaults.seed ?? randomBytes(8).toString('hex');
    this.scenario = parseScenario(document);
    [this.random, this.callRules, this.noticeRules] = this.createRules();
  }

  /** Starts another scenario. Throws {@link ScenarioFault} and keeps the current scenario if the document is invalid. */
  replace(document: unknown): void {
    this.scenario = parseScenario(document);
    this.restart();
  }

  /** Restarts the scenario with all counts at 0. */
  restart(): void {
    [this.random, this.callRules, this.noticeRules] = this.createRules();
    this.logScenario();
  }

  /** Logs the scenario with its seed. */
  logScenario(): void {
    const { faults, notices, personas } = this.scenario;
    this.log('scenario', {
      seed: this.random.seed,
      speed: this.storySpeed.speed,
      faults: faults.length,
      noticeFaults: notices.length,
      personas: personas.length,
    });
  }

  get storySpeed(): StorySpeed {
    const { speed, longestWaitMs } = this.defaults.storySpeed;
    return { speed: this.scenario.speed ?? speed, longestWaitMs: this.scenario.longestWait ?? longestWaitMs };
  }

  get offAfterFailures(): number | null {
    return this.scenario.feed?.offAfterFailures ?? null;
  }

  /** The persona of the scenario, else the persona of the e-mail address. */
  personaFor(clientUserId: string, email: string): Persona {
    const rule = this.scenario.personas.find((persona) => matchesPattern(persona.clientUserId, clientUserId));
    return selectPersona(rule?.persona, email);
  }

  /** The scenario with defaults, durations in milliseconds, and the counts of each rule. */
  describe() {
    const { personas, faults, notices } = this.scenario;
    return {
      seed: this.random.seed,
      ...this.storySpeed,
      personas,
      faults: faults.map((rule, number) => ({ ...rule, ...this.callRules.counts[number] })),
      notices: notices.map((rule, number) => ({ ...rule, ...this.noticeRules.counts[number] })),
      offAfterFailures: this.offAfterFailures,
    };
  }

  private createRules(): [SeededRandom, Rules<CallFault>, Rules<NoticeFault>] {
    const random = new SeededRandom(this.scenario.seed ?? this.defaultSeed);
    const { faults, notices } = this.scenario;
    return [random, new Rules('call', faults, random), new Rules('notice', notices, random)];
  }
}
