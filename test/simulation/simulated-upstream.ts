import { MINUTE_MS } from '../../src/domain/policy';
import type { ListedReport } from '../../src/domain/reports';
import { AccessDenied, BadDocument, NotFound, NotOffered, Unavailable } from '../../src/upstream/errors';
import type { Person, Upstream } from '../../src/upstream/port';
import { ModelUpstream, type Truth } from '../domain/model/upstream';
import { DOWN, facts, type Route } from '../support/fake-upstream';
import type { Clock } from './clock';

/** Faults of Human API. */
export interface UpstreamFaults {
  /** The percentage of calls that fail, before or after their effect. */
  readonly failing: number;
  /** The time until a created person is visible. */
  readonly commitMs: number;
  /** How far its clock is ahead. */
  readonly skewMs: number;
  readonly random: () => number;
}

interface CreatedPerson {
  readonly humanId: string;
  readonly visibleAtMs: number;
  /** How many people existed at the create; more than 0 means that a person was invited twice. */
  readonly existing: number;
  deletedAtMs: number | null;
}

/** A call. `status`: the answer of a read, null if the person does not exist, undefined without an answer. */
export interface RecordedCall {
  readonly route: Route;
  readonly atMs: number;
  readonly answered: boolean;
  readonly status?: string | null;
}

/** Enough for the answer to an invitation, and for the look-ups after an ambiguous one. */
const GONE_AFTER_MS = 10 * MINUTE_MS;

/** Human API with one person, whose status follows the truth from the invitation on. */
export class SimulatedUpstream implements Upstream {
  readonly created: CreatedPerson[] = [];
  readonly calls: RecordedCall[] = [];
  private readonly model: ModelUpstream;

  constructor(
    private readonly clock: Clock,
    private readonly truth: Truth,
    private readonly faults: UpstreamFaults,
    private readonly person: { readonly clientUserId: string; readonly clientUserEmail: string },
  ) {
    this.model = new ModelUpstream({ ...truth, goneAtMs: null });
  }

  invite = (): Promise<Person> =>
    this.answer('invite', () => {
      const { nowMs } = this.clock;
      const humanId = `h-${this.created.length + 1}`;
      const visibleAtMs = nowMs + this.faults.commitMs;
      const existing = this.goneAtMs() <= nowMs ? 0 : this.created.length;
      this.created.push({ humanId, visibleAtMs, existing, deletedAtMs: null });
      return this.toUser(humanId);
    });

  findPeople = (): Promise<Person[]> =>
    this.answer('findPeople', () => this.visible().map(({ humanId }) => this.toUser(humanId)));

  /** The sweep's; no applicant asks for it. */
  listPeople: Upstream['listPeople'] = async () => ({ people: [], received: 0 });

  readStatus = (humanId: string): Promise<Person> =>
    this.answer('readStatus', () => {
      if (!this.visible().some((created) => created.humanId === humanId)) throw new NotFound(facts(404));
      return this.toUser(humanId);
    });

  withdraw = (humanId: string): Promise<'deleted' | 'already-gone'> =>
    this.answer('withdraw', () => {
      const created = this.visible().find((person) => person.humanId === humanId);
      if (created) created.deletedAtMs = this.clock.nowMs;
      return created ? 'deleted' : 'already-gone';
    });

  listReports = (): Promise<ListedReport[]> => this.answer('listReports', () => this.listRows());

  openReport: Upstream['openReport'] = (_clientUserId, reportId, format) =>
    this.answer('openReport', () => {
      const row = this.listRows().find(({ id }) => id === reportId);
      if (!row) throw new NotFound(facts(404));
      const fetched = this.model.fetch(row, format === 'html' ? 'json' : format, this.clock.nowMs);
      if (fetched.kind === 'not-offered') throw new NotOffered(facts(415));
      if (fetched.kind === 'gone') throw new NotFound(facts(404));
      if (fetched.kind === 'broken') throw new BadDocument(facts(200), 'no end');
      if (fetched.kind !== 'stored') throw DOWN;
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

  /** The people that no one has deleted. */
  remaining(): readonly CreatedPerson[] {
    return this.goneAtMs() <= this.clock.nowMs ? [] : this.created.filter(({ deletedAtMs }) => deletedAtMs === null);
  }

  /** A person is deleted after the invitation, however late that is. */
  private goneAtMs(): number {
    const [invited] = this.created;
    return Math.max(this.truth.goneAtMs ?? Infinity, (invited?.visibleAtMs ?? 0) + GONE_AFTER_MS);
  }

  private visible(): CreatedPerson[] {
    return this.remaining().filter(({ visibleAtMs }) => visibleAtMs <= this.clock.nowMs);
  }

  private listRows(): ListedReport[] {
    const listed = this.visible().length > 0 ? this.model.list(this.clock.nowMs) : null;
    if (!listed) throw new AccessDenied(facts(403));
    return [...listed];
  }

  private toUser(humanId: string): Person {
    const person = this.model.person(this.clock.nowMs);
    if (!person) throw new NotFound(facts(404));
    const { clientUserId, clientUserEmail } = this.person;
    const updatedAtMs = person.updatedAtMs === null ? null : person.updatedAtMs + this.faults.skewMs;
    return {
      clientUserId,
      subjectId: humanId,
      email: clientUserEmail,
      status: person.status,
      updatedAtMs,
      inviteLink: null,
    };
  }

  private async answer<T>(route: Route, compute: () => T): Promise<T> {
    const atMs = this.clock.nowMs;
    const call: { route: Route; atMs: number; answered: boolean; status?: string | null } = {
      route,
      atMs,
      answered: false,
    };
    this.calls.push(call);
    const down = this.truth.outages.some(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs);
    const draw = this.faults.random() * 100;
    if (down || draw < this.faults.failing / 2) throw new Unavailable(facts(down ? null : 503), 'scripted');
    try {
      const value = compute();
      if (draw < this.faults.failing)
        throw new Unavailable(facts(null), 'scripted', { callMayBeAlive: draw % 1 < 0.5 });
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
