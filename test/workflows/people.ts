import { NotFound } from '../../src/upstream/errors';
import type { Upstream } from '../../src/upstream/port';
import { FakeUpstream, facts, type Turn } from '../support/fake-upstream';

/** Human API with many people in it, each of whom lives by a script of their own. `calls` holds when each call came, by the machine's clock. */
export class People implements Upstream {
  readonly calls: number[] = [];
  /** What every call throws while it is there: upstream is away. */
  away: Error | null = null;
  private readonly lives = new Map<string, FakeUpstream>();

  /** Somebody who can be invited from now on. The script may grow while they live. */
  add(clientUserId: string, script: readonly Turn[]): FakeUpstream {
    const life = new FakeUpstream(script);
    this.lives.set(clientUserId, life);
    return life;
  }

  /** @throws where nobody was added */
  life(clientUserId: string): FakeUpstream {
    const life = this.lives.get(clientUserId);
    if (!life) throw new Error(`nobody was added as ${clientUserId}`);
    return life;
  }

  invite: Upstream['invite'] = (details) => this.ask(() => this.life(details.clientUserId).invite(details));

  findPeople: Upstream['findPeople'] = (by) =>
    this.ask(() => ('clientUserId' in by ? this.life(by.clientUserId) : this.owner(by.subjectId)).findPeople(by));

  listPeople: Upstream['listPeople'] = async () => ({ people: [], received: 0 });

  readStatus: Upstream['readStatus'] = (humanId) => this.ask(() => this.owner(humanId).readStatus(humanId));

  withdraw: Upstream['withdraw'] = (humanId) => this.ask(() => this.owner(humanId).withdraw(humanId));

  listReports: Upstream['listReports'] = (clientUserId) =>
    this.ask(() => this.life(clientUserId).listReports(clientUserId));

  openReport: Upstream['openReport'] = (clientUserId, ...report) =>
    this.ask(() => this.life(clientUserId).openReport(clientUserId, ...report));

  proveCredentials: Upstream['proveCredentials'] = () => this.ask(async () => {});

  close = async (): Promise<void> => {};

  private async ask<T>(honestly: () => Promise<T>): Promise<T> {
    this.calls.push(performance.now());
    if (this.away) throw this.away;
    return honestly();
  }

  private owner(humanId: string): FakeUpstream {
    const life = [...this.lives.values()].find(({ people }) => people.some((person) => person.humanId === humanId));
    if (!life) throw new NotFound(facts(404));
    return life;
  }
}
