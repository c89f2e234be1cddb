import { NotFound } from '../../src/upstream/errors';
import type { Upstream } from '../../src/upstream/port';
import { type Change, FakeUpstream, facts } from '../support/fake-upstream';

/** Human API with many people in it, each of whom lives by a script of their own. `calls` holds when each call came, by the machine's clock. */
export class FakePeople implements Upstream {
  readonly calls: number[] = [];
  /** What every call throws while it is there: upstream is away. */
  outage: Error | null = null;
  private readonly upstreams = new Map<string, FakeUpstream>();

  /** Somebody who can be invited from now on. The script may grow while they live. */
  add(clientUserId: string, script: readonly Change[]): FakeUpstream {
    const life = new FakeUpstream(script);
    this.upstreams.set(clientUserId, life);
    return life;
  }

  /** @throws where nobody was added */
  upstreamOf(clientUserId: string): FakeUpstream {
    const life = this.upstreams.get(clientUserId);
    if (!life) throw new Error(`nobody was added as ${clientUserId}`);
    return life;
  }

  invite: Upstream['invite'] = (details) => this.call(() => this.upstreamOf(details.clientUserId).invite(details));

  findPeople: Upstream['findPeople'] = (by) =>
    this.call(() =>
      ('clientUserId' in by ? this.upstreamOf(by.clientUserId) : this.upstreamByHumanId(by.subjectId)).findPeople(by),
    );

  listPeople: Upstream['listPeople'] = async () => ({ people: [], received: 0 });

  readStatus: Upstream['readStatus'] = (humanId) =>
    this.call(() => this.upstreamByHumanId(humanId).readStatus(humanId));

  withdraw: Upstream['withdraw'] = (humanId) => this.call(() => this.upstreamByHumanId(humanId).withdraw(humanId));

  listReports: Upstream['listReports'] = (clientUserId) =>
    this.call(() => this.upstreamOf(clientUserId).listReports(clientUserId));

  openReport: Upstream['openReport'] = (clientUserId, ...report) =>
    this.call(() => this.upstreamOf(clientUserId).openReport(clientUserId, ...report));

  proveCredentials: Upstream['proveCredentials'] = () => this.call(async () => {});

  close = async (): Promise<void> => {};

  private async call<T>(honestly: () => Promise<T>): Promise<T> {
    this.calls.push(performance.now());
    if (this.outage) throw this.outage;
    return honestly();
  }

  private upstreamByHumanId(humanId: string): FakeUpstream {
    const life = [...this.upstreams.values()].find(({ people }) => people.some((person) => person.humanId === humanId));
    if (!life) throw new NotFound(facts(404));
    return life;
  }
}
