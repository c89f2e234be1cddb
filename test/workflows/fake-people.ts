import { NotFound } from '../../src/upstream/errors';
import type { Upstream } from '../../src/upstream/port';
import { type Change, FakeUpstream, facts } from '../support/fake-upstream';

/** Human API with many people, each with a script. `calls`: the times of all calls, by the machine's clock. */
export class FakePeople implements Upstream {
  readonly calls: number[] = [];
  private readonly upstreams = new Map<string, FakeUpstream>();

  /** Adds a person that can be invited. The script may grow. */
  add(clientUserId: string, script: readonly Change[]): FakeUpstream {
    const upstream = new FakeUpstream(script);
    this.upstreams.set(clientUserId, upstream);
    return upstream;
  }

  /** @throws if no such person was added */
  upstreamOf(clientUserId: string): FakeUpstream {
    const upstream = this.upstreams.get(clientUserId);
    if (!upstream) throw new Error(`expected a person ${clientUserId}`);
    return upstream;
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

  private async call<T>(call: () => Promise<T>): Promise<T> {
    this.calls.push(performance.now());
    return call();
  }

  private upstreamByHumanId(humanId: string): FakeUpstream {
    const upstream = [...this.upstreams.values()].find(({ people }) =>
      people.some((person) => person.humanId === humanId),
    );
    if (!upstream) throw new NotFound(facts(404));
    return upstream;
  }
}
