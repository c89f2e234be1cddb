import { activityInfo } from '@temporalio/activity';
import type { ListedReport } from '../../src/domain/reports';
import { AccessDenied, type CallFacts, NotFound, NotOffered, Unavailable } from '../../src/upstream/errors';
import type { Invitation, Person, PersonFilter, Upstream } from '../../src/upstream/port';
import { until } from './condition';
import { deferred } from './deferred';

/** A call that the fake answers. */
export type Route =
  | 'invite'
  | 'findPeople'
  | 'listPeople'
  | 'readStatus'
  | 'withdraw'
  | 'listReports'
  | 'openReport'
  | 'proveCredentials';

/** A change upstream, at a time after the invitation. */
export interface Change {
  readonly afterMs: number;
  readonly status?: string;
  /** Reports that are listed from then on; a row with a known id replaces it. */
  readonly reports?: readonly ListedReport[];
  /** The person does not exist until the next change. */
  readonly gone?: boolean;
}

/** A call; the time is that of the server's clock. */
interface Call {
  readonly route: Route;
  /** The person or the document (`reportId.format`). */
  readonly target: string;
  readonly atMs: number;
}

interface FakePerson {
  readonly humanId: string;
  readonly clientUserId: string;
  readonly email: string;
  readonly invitedAtMs: number;
  /** A create can take effect after its answer was lost. */
  readonly visibleAtMs: number;
  deleted: boolean;
}

/** An error that calls throw. */
interface Fault {
  readonly route: Route;
  readonly error: Error;
  /** Default: every time. */
  times?: number;
  /** Throws after the effect: the answer is lost. */
  readonly after?: boolean;
  /** Only for this person or this document (`reportId.format`). */
  readonly target?: string;
  /** Only at these times of the server's clock. */
  readonly when?: (nowMs: number) => boolean;
}

/** The smallest page of upstream; a smaller one is the last. */
const PAGE_SIZE = 10;

/** Human API with people whose statuses and reports follow a script on the test server's clock. It records its calls and fails on request. */
export class FakeUpstream implements Upstream {
  readonly people: FakePerson[] = [];
  readonly calls: Call[] = [];
  readonly faults: Fault[] = [];
  /** Changes the person in an answer, for example to an older status. */
  editPerson: ((person: Person, nowMs: number) => Person) | null = null;
  /** Changes the answer of a look-up. */
  editLookUp: ((people: Person[]) => Person[]) | null = null;
  /** Holds a call, and its effect, until the promise resolves. */
  readonly holds = new Map<Route, Promise<void>>();
  /** Formats that are not offered, as `type:format`. */
  notOffered: readonly string[] = [];
  /** Bytes of a document (`reportId.format`); default: its name and version. */
  readonly bytes = new Map<string, string>();
  /** The time from a create until the person is visible. */
  commitDelayMs = 0;

  constructor(private readonly script: readonly Change[] = []) {}

  callsTo(route: Route): Call[] {
    return this.calls.filter((call) => call.route === route);
  }

  count(route: Route): number {
    return this.callsTo(route).length;
  }

  /** Waits, in real time, for this number of calls. */
  async waitForCall(route: Route, times = 1): Promise<void> {
    await until(`${times} calls of ${route}`, () => this.count(route) >= times);
  }

  /** Holds every call of a route until the returned function is called. */
  hold(route: Route): () => void {
    const { promise, resolve } = deferred();
    this.holds.set(route, promise);
    return () => {
      this.holds.delete(route);
      resolve();
    };
  }

  /** Adds a person that was invited at `atMs`. */
  addPerson(clientUserId: string, email: string, atMs: number): FakePerson {
    const person = {
      humanId: `h-${clientUserId}-${this.people.length}`,
      clientUserId,
      email,
      invitedAtMs: atMs,
      visibleAtMs: atMs + this.commitDelayMs,
      deleted: false,
    };
    this.people.push(person);
    return person;
  }

  /** The inputs of the creates. */
  readonly invitations: Invitation[] = [];
  /** The link in the answer of a create. */
  inviteLink: string | null = null;

  invite = (invitation: Invitation): Promise<Person> => {
    const { clientUserId, clientUserEmail } = invitation;
    this.invitations.push(invitation);
    return this.answer('invite', clientUserId, () => ({
      ...this.toPerson(this.addPerson(clientUserId, clientUserEmail, now())),
      inviteLink: this.inviteLink,
    }));
  };

  findPeople = (by: PersonFilter): Promise<Person[]> =>
    this.answer('findPeople', 'clientUserId' in by ? by.clientUserId : by.subjectId, () => {
      const people = this.people
        .filter((person) => this.isVisible(person))
        .filter((person) =>
          'clientUserId' in by ? person.clientUserId === by.clientUserId : person.humanId === by.subjectId,
        )
        .map((person) => this.toPerson(person));
      return this.editLookUp ? this.editLookUp(people) : people;
    });

  listPeople: Upstream['listPeople'] = (offset) =>
    this.answer('listPeople', String(offset), () => {
      const visible = this.people.filter((person) => this.isVisible(person)).map((person) => this.toPerson(person));
      const people = visible.slice(offset, offset + PAGE_SIZE);
      return { people, received: people.length };
    });

  readStatus = (humanId: string): Promise<Person> =>
    this.answer('readStatus', humanId, () => {
      const person = this.people.find((each) => each.humanId === humanId && this.isVisible(each));
      if (!person) throw new NotFound(facts(404));
      return this.toPerson(person);
    });

  withdraw = (humanId: string): Promise<'deleted' | 'already-gone'> =>
    this.answer('withdraw', humanId, () => {
      const person = this.people.find((each) => each.humanId === humanId && !each.deleted);
      if (person) person.deleted = true;
      return person ? 'deleted' : 'already-gone';
    });

  listReports = (clientUserId: string): Promise<ListedReport[]> =>
    this.answer('listReports', clientUserId, () => this.reportsOf(this.findConnected(clientUserId)));

  openReport: Upstream['openReport'] = (clientUserId, reportId, format) =>
    this.answer('openReport', `${reportId}.${format}`, () => {
      const row = this.reportsOf(this.findConnected(clientUserId)).find(({ id }) => id === reportId);
      if (!row) throw new NotFound(facts(404));
      if (this.notOffered.includes(`${row.type}:${format}`)) throw new NotOffered(facts(415));
      const bytes = Buffer.from(this.bytes.get(`${reportId}.${format}`) ?? `${row.id} ${row.updatedAt} ${format}`);
      const contentType = format === 'json' ? 'application/json' : format === 'pdf' ? 'application/pdf' : 'text/html';
      return { contentType, contentLength: bytes.length, stream: oneChunk(bytes), discard: async () => {} };
    });

  proveCredentials = (): Promise<void> => this.answer('proveCredentials', 'credentials', () => undefined);

  close = async (): Promise<void> => {};

  private async answer<T>(route: Route, target: string, compute: () => T): Promise<T> {
    this.calls.push({ route, target, atMs: now() });
    await this.holds.get(route);
    const fault = this.faults.find(
      (candidate) =>
        candidate.route === route &&
        (candidate.times ?? 1) > 0 &&
        (candidate.target ?? target) === target &&
        (candidate.when?.(now()) ?? true),
    );
    if (!fault) return compute();
    if (fault.times !== undefined) fault.times -= 1;
    if (fault.after) compute();
    throw fault.error;
  }

  private pastChanges(person: FakePerson): Change[] {
    return this.script.filter(({ afterMs }) => now() >= person.invitedAtMs + afterMs);
  }

  private isVisible(person: FakePerson): boolean {
    return !person.deleted && now() >= person.visibleAtMs && this.pastChanges(person).at(-1)?.gone !== true;
  }

  private toPerson(person: FakePerson): Person {
    const changes = this.pastChanges(person).filter(({ status }) => status !== undefined);
    const last = changes.at(-1);
    const answer: Person = {
      clientUserId: person.clientUserId,
      subjectId: person.humanId,
      email: person.email,
      status: last?.status ?? 'Invited',
      updatedAtMs: person.invitedAtMs + (last?.afterMs ?? 0),
      inviteLink: null,
    };
    return this.editPerson ? this.editPerson(answer, now()) : answer;
  }

  private findConnected(clientUserId: string): FakePerson {
    const person = this.people.find((each) => each.clientUserId === clientUserId && this.isVisible(each));
    const hasConnected =
      person &&
      this.pastChanges(person).some(
        ({ status, reports }) => /sync/i.test(status ?? '') || status === 'Error' || (reports ?? []).length > 0,
      );
    if (!person || !hasConnected) throw new AccessDenied(facts(403));
    return person;
  }

  private reportsOf(person: FakePerson): ListedReport[] {
    const rows = new Map<string, ListedReport>();
    for (const turn of this.pastChanges(person)) for (const row of turn.reports ?? []) rows.set(row.id, row);
    return [...rows.values()];
  }
}

/** A row of upstream's list. */
export function row(
  id: string,
  type: string,
  provider: string | null,
  updatedAt = '2026-01-01T00:00:00.000Z',
): ListedReport {
  return {
    id,
    type,
    organization: provider === null ? null : { id: `o-${provider}`, name: provider },
    updatedAt,
  };
}

/** The two usual reports of a provider. */
export function provider(name: string): ListedReport[] {
  return [row(`u-${name}`, 'unity', name), row(`c-${name}`, 'ccdraw', name)];
}

export function facts(status: number | null): CallFacts {
  return { method: 'GET', route: '/scripted', status, requestId: null };
}

/** Upstream answers nothing useful; a later call may succeed. */
export const DOWN = new Unavailable(facts(503), 'scripted');

/** The time of the test server; every call comes from an activity. */
function now(): number {
  return activityInfo().currentAttemptScheduledTimestampMs;
}

async function* oneChunk(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
