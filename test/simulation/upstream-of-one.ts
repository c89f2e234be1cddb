import { MINUTE_MS } from '../../src/domain/policy';
import type { ListedReport } from '../../src/domain/reports';
import { AccessDenied, BadDocument, NotFound, NotOffered, Unavailable } from '../../src/upstream/errors';
import type { Person, Upstream } from '../../src/upstream/port';
import { ModelUpstream, type Truth } from '../domain/model/upstream';
import { facts, type Route } from '../support/fake-upstream';
import type { Clock } from './clock';

/** How Human API fares beside what is true of the person. */
export interface Trouble {
  /** How many of a hundred calls are answered 503, before they had an effect or after. */
  readonly failing: number;
  /** How long a create takes to show. */
  readonly commitMs: number;
  /** By how much its clock is ahead of ours. */
  readonly skewMs: number;
  readonly luck: () => number;
}

interface Created {
  readonly humanId: string;
  readonly visibleAtMs: number;
  /** How many had been created before, unless others had deleted them: then a second invitation is what anybody would send. */
  readonly besides: number;
  deletedAtMs: number | null;
}

/** A call as it was answered: what a read told, or null for nobody; undefined where no answer came. */
export interface Answered {
  readonly route: Route;
  readonly atMs: number;
  readonly answered: boolean;
  readonly status?: string | null;
}

/** Long enough for the invitation to be answered, and looked up after an ambiguous answer. */
const GONE_AFTER_MS = 10 * MINUTE_MS;

/** Human API with one person in it, who lives as the truth says from the moment of the invitation. */
export class UpstreamOfOne implements Upstream {
  readonly created: Created[] = [];
  readonly calls: Answered[] = [];
  private readonly model: ModelUpstream;

  constructor(
    private readonly clock: Clock,
    private readonly truth: Truth,
    private readonly trouble: Trouble,
    private readonly person: { readonly clientUserId: string; readonly clientUserEmail: string },
  ) {
    this.model = new ModelUpstream({ ...truth, goneAtMs: null });
  }

  invite = (): Promise<Person> =>
    this.answer('invite', () => {
      const { nowMs } = this.clock;
      const humanId = `h-${this.created.length + 1}`;
      const visibleAtMs = nowMs + this.trouble.commitMs;
      const besides = this.goneMs() <= nowMs ? 0 : this.created.length;
      this.created.push({ humanId, visibleAtMs, besides, deletedAtMs: null });
      return this.userOf(humanId);
    });

  findPeople = (): Promise<Person[]> =>
    this.answer('findPeople', () => this.there().map(({ humanId }) => this.userOf(humanId)));

  /** The sweep's; no applicant asks for it. */
  listPeople: Upstream['listPeople'] = async () => ({ people: [], received: 0 });

  readStatus = (humanId: string): Promise<Person> =>
    this.answer('readStatus', () => {
      if (!this.there().some((created) => created.humanId === humanId)) throw new NotFound(facts(404));
      return this.userOf(humanId);
    });

  withdraw = (humanId: string): Promise<'deleted' | 'already-gone'> =>
    this.answer('withdraw', () => {
      const created = this.there().find((somebody) => somebody.humanId === humanId);
      if (created) created.deletedAtMs = this.clock.nowMs;
      return created ? 'deleted' : 'already-gone';
    });

  listReports = (): Promise<ListedReport[]> => this.answer('listReports', () => this.rows());

  openReport: Upstream['openReport'] = (_clientUserId, reportId, format) =>
    this.answer('openReport', () => {
      const row = this.rows().find(({ id }) => id === reportId);
      if (!row) throw new NotFound(facts(404));
      const fetched = this.model.fetch(row, format === 'html' ? 'json' : format, this.clock.nowMs);
      if (fetched.kind === 'not-offered') throw new NotOffered(facts(415));
      if (fetched.kind === 'gone') throw new NotFound(facts(404));
      if (fetched.kind === 'broken') throw new BadDocument(facts(200), 'no end');
      if (fetched.kind !== 'stored') throw new Unavailable(facts(503), 'scripted');
      const bytes = Buffer.from(fetched.document.sha256);
      return {
        contentType: 'text/plain',
        contentLength: bytes.length,
        stream: oneChunk(bytes),
        discard: async () => {},
      };
    });

  proveCredentials = (): Promise<void> => this.answer('proveCredentials', () => undefined);

  close = async (): Promise<void> => {};

  /** Everybody who is not deleted, by us or by others. */
  left(): readonly Created[] {
    return this.goneMs() <= this.clock.nowMs ? [] : this.created.filter(({ deletedAtMs }) => deletedAtMs === null);
  }

  /** Nobody is deleted before they were invited, which may be late: then it is soon after. */
  private goneMs(): number {
    const [invited] = this.created;
    return Math.max(this.truth.goneAtMs ?? Infinity, (invited?.visibleAtMs ?? 0) + GONE_AFTER_MS);
  }

  private there(): Created[] {
    return this.left().filter(({ visibleAtMs }) => visibleAtMs <= this.clock.nowMs);
  }

  private rows(): ListedReport[] {
    const listed = this.there().length > 0 ? this.model.list(this.clock.nowMs) : null;
    if (!listed) throw new AccessDenied(facts(403));
    return [...listed];
  }

  private userOf(humanId: string): Person {
    const told = this.model.person(this.clock.nowMs);
    if (!told) throw new NotFound(facts(404));
    const { clientUserId, clientUserEmail } = this.person;
    const updatedAtMs = told.updatedAtMs === null ? null : told.updatedAtMs + this.trouble.skewMs;
    return {
      ...{ clientUserId, subjectId: humanId, email: clientUserEmail },
      ...{ status: told.status, updatedAtMs, inviteLink: null },
    };
  }

  private async answer<T>(route: Route, honestly: () => T): Promise<T> {
    const atMs = this.clock.nowMs;
    const call: { route: Route; atMs: number; answered: boolean; status?: string | null } = {
      route,
      atMs,
      answered: false,
    };
    this.calls.push(call);
    const down = this.truth.outages.some(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs);
    const lot = this.trouble.luck() * 100;
    if (down || lot < this.trouble.failing / 2) throw new Unavailable(facts(down ? null : 503), 'scripted');
    try {
      const value = honestly();
      if (lot < this.trouble.failing) throw new Unavailable(facts(null), 'scripted', { callMayBeAlive: lot % 1 < 0.5 });
      call.answered = true;
      if (route === 'readStatus') call.status = (value as Person).status;
      return value;
    } catch (error) {
      if (error instanceof NotFound) {
        call.answered = true;
        call.status = null;
      }
      throw error;
    }
  }
}

async function* oneChunk(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
