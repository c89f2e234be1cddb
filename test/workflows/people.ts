import type { HumanApi } from '../../src/human-api/client';
import { NotFound } from '../../src/human-api/errors';
import { FakeHumanApi, facts, type Turn } from '../support/fake-human-api';

/** Human API with many people in it, each of whom lives by a script of their own. `calls` holds when each call came, by the machine's clock. */
export class People implements HumanApi {
  readonly calls: number[] = [];
  /** What every call throws while it is there: upstream is away. */
  away: Error | null = null;
  private readonly lives = new Map<string, FakeHumanApi>();

  /** Somebody who can be invited from now on. The script may grow while they live. */
  add(clientUserId: string, script: readonly Turn[]): FakeHumanApi {
    const life = new FakeHumanApi(script);
    this.lives.set(clientUserId, life);
    return life;
  }

  /** @throws where nobody was added */
  life(clientUserId: string): FakeHumanApi {
    const life = this.lives.get(clientUserId);
    if (!life) throw new Error(`nobody was added as ${clientUserId}`);
    return life;
  }

  invite: HumanApi['invite'] = (details) => this.ask(() => this.life(details.clientUserId).invite(details));

  findUsers: HumanApi['findUsers'] = (by) =>
    this.ask(() => ('clientUserId' in by ? this.life(by.clientUserId) : this.owner(by.humanId)).findUsers(by));

  listUsers: HumanApi['listUsers'] = async () => ({ users: [], received: 0 });

  readUser: HumanApi['readUser'] = (humanId) => this.ask(() => this.owner(humanId).readUser(humanId));

  deleteUser: HumanApi['deleteUser'] = (humanId) => this.ask(() => this.owner(humanId).deleteUser(humanId));

  listReports: HumanApi['listReports'] = (clientUserId) =>
    this.ask(() => this.life(clientUserId).listReports(clientUserId));

  openReport: HumanApi['openReport'] = (clientUserId, ...report) =>
    this.ask(() => this.life(clientUserId).openReport(clientUserId, ...report));

  proveCredentials: HumanApi['proveCredentials'] = () => this.ask(async () => {});

  close = async (): Promise<void> => {};

  private async ask<T>(honestly: () => Promise<T>): Promise<T> {
    this.calls.push(performance.now());
    if (this.away) throw this.away;
    return honestly();
  }

  private owner(humanId: string): FakeHumanApi {
    const life = [...this.lives.values()].find(({ people }) => people.some((person) => person.humanId === humanId));
    if (!life) throw new NotFound(facts(404));
    return life;
  }
}
