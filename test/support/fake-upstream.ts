import { activityInfo } from '@temporalio/activity';
import type { ListedReport } from '../../src/domain/reports';
import { AccessDenied, type CallFacts, NotFound, NotOffered } from '../../src/upstream/errors';
import type { Invitation, Person, PersonFilter, Upstream } from '../../src/upstream/port';

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

/** A change in a person's life, so long after the invitation. */
export interface Change {
  readonly afterMs: number;
  readonly status?: string;
  /** Documents that upstream lists from then on; a row with a known id replaces it. */
  readonly reports?: readonly ListedReport[];
  /** Upstream knows nobody, until another turn comes. */
  readonly gone?: boolean;
}

/** A call, by the server's clock and by the machine's (`performance.now()`). */
interface Call {
  readonly route: Route;
  /** The person or the document (`reportId.format`). */
  readonly of: string;
  readonly atMs: number;
  readonly realMs: number;
}

interface FakePerson {
  readonly humanId: string;
  readonly clientUserId: string;
  readonly email: string;
  readonly invitedAtMs: number;
  /** When upstream begins to tell of the person: a create may take effect after its answer was lost. */
  readonly visibleAtMs: number;
  deleted: boolean;
}

/** What a call throws instead of answering. */
interface Fault {
  readonly route: Route;
  readonly error: Error;
  /** How often; without limit where nothing is said. */
  times?: number;
  /** Lets the call have its effect first: the answer is lost, not the request. */
  readonly after?: boolean;
  /** Only for this person or this document (`reportId.format`). */
  readonly of?: string;
  /** Only at such times by the server's clock. */
  readonly when?: (nowMs: number) => boolean;
}

/** As few as upstream may give: smaller pages are the last. */
const PAGE_SIZE = 10;

/**
 * Human API as a unit test wants it: people live by a script on the test server's clock. It keeps what it was asked, in order, and breaks on
 * request. The real client is proven elsewhere, against HTTP.
 */
export class FakeUpstream implements Upstream {
  readonly people: FakePerson[] = [];
  /** What was asked, in order. */
  readonly calls: Call[] = [];
  readonly faults: Fault[] = [];
  /** Rewrites what a read or a look-up tells, e.g. to lag behind. */
  editPerson: ((user: Person, nowMs: number) => Person) | null = null;
  /** Rewrites the whole reply of a look-up. */
  editLookUp: ((users: Person[]) => Person[]) | null = null;
  /** Holds a call until the promise resolves; what it is to do, it does afterwards. */
  readonly holds = new Map<Route, Promise<void>>();
  /** Formats that reports do not come in, as `type:format`. */
  notOffered: readonly string[] = [];
  /** Bytes of a document (`reportId.format`) where they are to be others than its name and version. */
  readonly bytes = new Map<string, string>();
  /** How long after a create the person begins to show. */
  commitDelayMs = 0;

  constructor(private readonly script: readonly Change[] = []) {}

  callsTo(route: Route): Call[] {
    return this.calls.filter((call) => call.route === route);
  }

  count(route: Route): number {
    return this.callsTo(route).length;
  }

  /** Waits, in real time, until a route was called so often: virtual time stands still while a call is held. */
  async waitForCall(route: Route, times = 1): Promise<void> {
    while (this.count(route) < times) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Holds every call of a route until the returned function is called. */
  hold(route: Route): () => void {
    let release = () => {};
    this.holds.set(
      route,
      new Promise<void>((resolve) => {
        release = () => {
          this.holds.delete(route);
          resolve();
        };
      }),
    );
    return release;
  }

  /** Somebody who was invited at `atMs`, by us or another way. */
  enrol(clientUserId: string, email: string, atMs: number): FakePerson {
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

  /** As the create was sent, each. */
  readonly invitations: Invitation[] = [];
  /** What a create answers as the person's link; null: none. */
  inviteLink: string | null = null;

  invite = (invitation: Invitation): Promise<Person> => {
    const { clientUserId, clientUserEmail } = invitation;
    this.invitations.push(invitation);
    return this.answer('invite', clientUserId, () => ({
      ...this.toPerson(this.enrol(clientUserId, clientUserEmail, now())),
      inviteLink: this.inviteLink,
    }));
  };

  findPeople = (by: PersonFilter): Promise<Person[]> =>
    this.answer('findPeople', 'clientUserId' in by ? by.clientUserId : by.subjectId, () => {
      const users = this.people
        .filter((person) => this.isVisible(person))
        .filter((person) =>
          'clientUserId' in by ? person.clientUserId === by.clientUserId : person.humanId === by.subjectId,
        )
        .map((person) => this.toPerson(person));
      return this.editLookUp ? this.editLookUp(users) : users;
    });

  listPeople: Upstream['listPeople'] = (offset) =>
    this.answer('listPeople', String(offset), () => {
      const everybody = this.people.filter((person) => this.isVisible(person)).map((person) => this.toPerson(person));
      const users = everybody.slice(offset, offset + PAGE_SIZE);
      return { people: users, received: users.length };
    });

  readStatus = (humanId: string): Promise<Person> =>
    this.answer('readStatus', humanId, () => {
      const person = this.people.find((somebody) => somebody.humanId === humanId && this.isVisible(somebody));
      if (!person) throw new NotFound(facts(404));
      return this.toPerson(person);
    });

  withdraw = (humanId: string): Promise<'deleted' | 'already-gone'> =>
    this.answer('withdraw', humanId, () => {
      const person = this.people.find((somebody) => somebody.humanId === humanId && !somebody.deleted);
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

  proveCredentials = (): Promise<void> => this.answer('proveCredentials', 'us', () => undefined);

  close = async (): Promise<void> => {};

  private async answer<T>(route: Route, of: string, honestly: () => T): Promise<T> {
    this.calls.push({ route, of, atMs: now(), realMs: performance.now() });
    await this.holds.get(route);
    const fault = this.faults.find(
      (candidate) =>
        candidate.route === route &&
        (candidate.times ?? 1) > 0 &&
        (candidate.of ?? of) === of &&
        (candidate.when?.(now()) ?? true),
    );
    if (!fault) return honestly();
    if (fault.times !== undefined) fault.times -= 1;
    if (fault.after) honestly();
    throw fault.error;
  }

  private pastChanges(person: FakePerson): Change[] {
    return this.script.filter(({ afterMs }) => now() >= person.invitedAtMs + afterMs);
  }

  private isVisible(person: FakePerson): boolean {
    return !person.deleted && now() >= person.visibleAtMs && this.pastChanges(person).at(-1)?.gone !== true;
  }

  private toPerson(person: FakePerson): Person {
    const turns = this.pastChanges(person).filter(({ status }) => status !== undefined);
    const last = turns.at(-1);
    const user: Person = {
      clientUserId: person.clientUserId,
      subjectId: person.humanId,
      email: person.email,
      status: last?.status ?? 'Invited',
      updatedAtMs: person.invitedAtMs + (last?.afterMs ?? 0),
      inviteLink: null,
    };
    return this.editPerson ? this.editPerson(user, now()) : user;
  }

  private findConnected(clientUserId: string): FakePerson {
    const person = this.people.find((somebody) => somebody.clientUserId === clientUserId && this.isVisible(somebody));
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

/**
 * Returns the ms that the time-skipping server skipped between two calls. Its clock also runs with the machine's while an attempt is under way, so
 * the plain difference of the times grows with each stall.
 */
export function skippedMs(from: Call | undefined, to: Call | undefined): number {
  if (!from || !to) throw new Error('expected two calls');
  return to.atMs - from.atMs - (to.realMs - from.realMs);
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

/** A provider's usual two reports. */
export function provider(name: string): ListedReport[] {
  return [row(`u-${name}`, 'unity', name), row(`c-${name}`, 'ccdraw', name)];
}

export function facts(status: number | null): CallFacts {
  return { method: 'GET', route: '/scripted', status, requestId: null };
}

/** The test server's time: activities are the only callers. */
function now(): number {
  return activityInfo().currentAttemptScheduledTimestampMs;
}

async function* oneChunk(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
