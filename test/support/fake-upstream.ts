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

/** A change in a person's life, at a time after the invitation. */
export interface Turn {
  readonly afterMs: number;
  readonly status?: string;
  /** Reports that are listed from then on; a row with a known id replaces it. */
  readonly reports?: readonly ListedReport[];
  /** The person is not found until the next turn. */
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
  /** When the person begins to show: a create may take effect after its answer was lost. */
  readonly visibleAtMs: number;
  deleted: boolean;
}

/** An error that a call throws. */
interface Fault {
  readonly route: Route;
  readonly error: Error;
  /** How often. Default: without limit. */
  times?: number;
  /** The call takes effect first: only its answer is lost. */
  readonly after?: boolean;
  /** Only for this person or this document (`reportId.format`). */
  readonly of?: string;
  /** Only at these times by the server's clock. */
  readonly when?: (nowMs: number) => boolean;
}

/** The smallest page size: fewer rows are the last page. */
const PAGE_SIZE = 10;

/** An upstream for tests without HTTP: people live by a script on the test server's clock. It records calls, and fails on request. */
export class FakeUpstream implements Upstream {
  readonly people: FakePerson[] = [];
  /** In order. */
  readonly calls: Call[] = [];
  readonly faults: Fault[] = [];
  /** Changes the person in an answer, for example to lag behind. */
  tells: ((user: Person, nowMs: number) => Person) | null = null;
  /** Changes the reply of a look-up. */
  tellsOfAll: ((users: Person[]) => Person[]) | null = null;
  /** Holds a call before it takes effect until the promise resolves. */
  readonly holds = new Map<Route, Promise<void>>();
  /** Formats that reports do not have, as `type:format`. */
  notOffered: readonly string[] = [];
  /** Bytes of a document (`reportId.format`). Default: its name and version. */
  readonly bytes = new Map<string, string>();
  /** The time from a create until the person shows. */
  commitDelayMs = 0;

  constructor(private readonly script: readonly Turn[] = []) {}

  callsTo(route: Route): Call[] {
    return this.calls.filter((call) => call.route === route);
  }

  count(route: Route): number {
    return this.callsTo(route).length;
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

  /** Adds a person who was invited at `atMs`, by us or in another way. */
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

  /** The details of each create. */
  readonly invitations: Invitation[] = [];
  /** The person's link in the answer to a create; null: none. */
  inviteLink: string | null = null;

  invite = (invitation: Invitation): Promise<Person> => {
    const { clientUserId, clientUserEmail } = invitation;
    this.invitations.push(invitation);
    return this.answer('invite', clientUserId, () => ({
      ...this.describe(this.enrol(clientUserId, clientUserEmail, now())),
      inviteLink: this.inviteLink,
    }));
  };

  findPeople = (by: PersonFilter): Promise<Person[]> =>
    this.answer('findPeople', 'clientUserId' in by ? by.clientUserId : by.subjectId, () => {
      const users = this.people
        .filter((person) => this.isThere(person))
        .filter((person) =>
          'clientUserId' in by ? person.clientUserId === by.clientUserId : person.humanId === by.subjectId,
        )
        .map((person) => this.describe(person));
      return this.tellsOfAll ? this.tellsOfAll(users) : users;
    });

  listPeople: Upstream['listPeople'] = (offset) =>
    this.answer('listPeople', String(offset), () => {
      const everyone = this.people.filter((person) => this.isThere(person)).map((person) => this.describe(person));
      const users = everyone.slice(offset, offset + PAGE_SIZE);
      return { people: users, received: users.length };
    });

  readStatus = (humanId: string): Promise<Person> =>
    this.answer('readStatus', humanId, () => {
      const person = this.people.find((candidate) => candidate.humanId === humanId && this.isThere(candidate));
      if (!person) throw new NotFound(facts(404));
      return this.describe(person);
    });

  withdraw = (humanId: string): Promise<'deleted' | 'already-gone'> =>
    this.answer('withdraw', humanId, () => {
      const person = this.people.find((candidate) => candidate.humanId === humanId && !candidate.deleted);
      if (person) person.deleted = true;
      return person ? 'deleted' : 'already-gone';
    });

  listReports = (clientUserId: string): Promise<ListedReport[]> =>
    this.answer('listReports', clientUserId, () => this.reportsOf(this.connected(clientUserId)));

  openReport: Upstream['openReport'] = (clientUserId, reportId, format) =>
    this.answer('openReport', `${reportId}.${format}`, () => {
      const row = this.reportsOf(this.connected(clientUserId)).find(({ id }) => id === reportId);
      if (!row) throw new NotFound(facts(404));
      if (this.notOffered.includes(`${row.type}:${format}`)) throw new NotOffered(facts(415));
      const bytes = Buffer.from(this.bytes.get(`${reportId}.${format}`) ?? `${row.id} ${row.updatedAt} ${format}`);
      const contentType = format === 'json' ? 'application/json' : format === 'pdf' ? 'application/pdf' : 'text/html';
      return { contentType, contentLength: bytes.length, stream: oneChunk(bytes), discard: async () => {} };
    });

  proveCredentials = (): Promise<void> => this.answer('proveCredentials', 'us', () => undefined);

  close = async (): Promise<void> => {};

  private async answer<T>(route: Route, of: string, reply: () => T): Promise<T> {
    this.calls.push({ route, of, atMs: now(), realMs: performance.now() });
    await this.holds.get(route);
    const fault = this.faults.find(
      (candidate) =>
        candidate.route === route &&
        (candidate.times ?? 1) > 0 &&
        (candidate.of ?? of) === of &&
        (candidate.when?.(now()) ?? true),
    );
    if (!fault) return reply();
    if (fault.times !== undefined) fault.times -= 1;
    if (fault.after) reply();
    throw fault.error;
  }

  private turnsOf(person: FakePerson): Turn[] {
    return this.script.filter(({ afterMs }) => now() >= person.invitedAtMs + afterMs);
  }

  private isThere(person: FakePerson): boolean {
    return !person.deleted && now() >= person.visibleAtMs && this.turnsOf(person).at(-1)?.gone !== true;
  }

  private describe(person: FakePerson): Person {
    const turns = this.turnsOf(person).filter(({ status }) => status !== undefined);
    const last = turns.at(-1);
    const user: Person = {
      clientUserId: person.clientUserId,
      subjectId: person.humanId,
      email: person.email,
      status: last?.status ?? 'Invited',
      updatedAtMs: person.invitedAtMs + (last?.afterMs ?? 0),
      inviteLink: null,
    };
    return this.tells ? this.tells(user, now()) : user;
  }

  private connected(clientUserId: string): FakePerson {
    const person = this.people.find((candidate) => candidate.clientUserId === clientUserId && this.isThere(candidate));
    const hasConnected =
      person &&
      this.turnsOf(person).some(
        ({ status, reports }) => /sync/i.test(status ?? '') || status === 'Error' || (reports ?? []).length > 0,
      );
    if (!person || !hasConnected) throw new AccessDenied(facts(403));
    return person;
  }

  private reportsOf(person: FakePerson): ListedReport[] {
    const rows = new Map<string, ListedReport>();
    for (const turn of this.turnsOf(person)) for (const row of turn.reports ?? []) rows.set(row.id, row);
    return [...rows.values()];
  }
}

/**
 * The ms that the time-skipping server skipped between two calls. While an attempt runs, its clock runs with the machine's, so that the plain
 * difference grows with each stall.
 */
export function skippedMs(from: Call | undefined, to: Call | undefined): number {
  if (!from || !to) throw new Error('expected two calls');
  return to.atMs - from.atMs - (to.realMs - from.realMs);
}

/** A row of the list of reports. */
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
