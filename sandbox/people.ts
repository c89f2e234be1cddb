import { randomBytes } from 'node:crypto';
import type { Clock } from './clock';
import { ErrorAnswer } from './error-answer';
import type { StateJournal } from './journal';
import type { SeededRandom } from './seeded-random';
import type { Organization, Person, PersonDetails, Report, SandboxState } from './state';

/** Statuses that require an authorised provider. */
const CONNECTED_STATUSES: ReadonlySet<string> = new Set(['Syncing', 'Some Synced', 'All Synced']);

/** All invited people, deleted people included, with the changes of their state. */
export class People {
  private readonly byHumanId = new Map<string, Person>();
  private readonly byToken = new Map<string, Person>();
  private readonly active = new Map<string, Person>();
  /** Number of invitations by clientUserId, deleted people included. */
  private readonly invitations = new Map<string, number>();

  constructor(
    private readonly state: SandboxState,
    private readonly clock: Clock,
    private readonly random: () => SeededRandom,
    private readonly journal: StateJournal,
  ) {
    for (const person of state.people) this.index(person);
  }

  /** Creates an invited person. Throws {@link ErrorAnswer} (409) if the clientUserId is taken, even with another e-mail. */
  invite(details: PersonDetails, persona: string): Person {
    if (this.active.has(details.clientUserId)) {
      throw new ErrorAnswer(409, 'A user with this clientUserId exists already; look it up.');
    }
    const now = new Date(this.clock.nowMs()).toISOString();
    const person: Person = {
      ...details,
      humanId: this.random().hex(`person/${details.clientUserId}/${this.timesInvited(details.clientUserId)}`, 32),
      // A secret, because its holder can act as this person: it must not depend on the seed.
      invitationToken: randomBytes(20).toString('hex'),
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
      status: 'Invited',
      connected: false,
      persona,
      ownScript: null,
      nextStep: details.autoInvite ? 0 : null,
      nextStepAtMs: null,
      sources: [],
      reports: [],
      notices: { delivered: 0, failed: 0 },
    };
    this.state.people.push(person);
    this.index(person);
    this.save(person);
    return person;
  }

  /** All people, deleted people included, in order of invitation. */
  all(): readonly Person[] {
    return this.state.people;
  }

  /** The matching people that are not deleted, in order of invitation. */
  find(filter: { clientUserId?: string | undefined; humanId?: string | undefined }): Person[] {
    if (filter.humanId === undefined && filter.clientUserId === undefined) return [...this.active.values()];
    const candidates = [
      filter.humanId === undefined ? undefined : this.byHumanId.get(filter.humanId),
      filter.clientUserId === undefined ? undefined : this.active.get(filter.clientUserId),
    ].filter((person) => person !== undefined);
    const matches = (person: Person) =>
      person.deletedAt === null &&
      (filter.humanId ?? person.humanId) === person.humanId &&
      (filter.clientUserId ?? person.clientUserId) === person.clientUserId;
    return [...new Set(candidates)].filter(matches);
  }

  /** A page of the people that are not deleted, in order of invitation. */
  page(offset: number, size: number): Person[] {
    const page: Person[] = [];
    let at = 0;
    for (const person of this.active.values()) {
      if (at >= offset + size) break;
      if (at >= offset) page.push(person);
      at += 1;
    }
    return page;
  }

  /** The person with this humanId, deleted or not. */
  byHumanIdEver(humanId: string): Person | undefined {
    return this.byHumanId.get(humanId);
  }

  /** Writes the person to the journal. Call it after each complete change. */
  save(person: Person): void {
    this.journal.person(person);
  }

  /** Removes all people. */
  clear(): void {
    this.state.people.length = 0;
    for (const index of [this.byHumanId, this.byToken, this.active, this.invitations]) index.clear();
  }

  /** The person with this humanId. Throws {@link ErrorAnswer} (404) if it does not exist or was deleted. */
  require(humanId: string): Person {
    const [person] = this.find({ humanId });
    if (!person) throw new ErrorAnswer(404, 'No user has this humanId.');
    return person;
  }

  /** The person with this invitation token; null if unknown or deleted. */
  byInvitation(token: string): Person | null {
    const person = this.byToken.get(token);
    return person && person.deletedAt === null ? person : null;
  }

  /** Deletes permanently: no further script steps, notifications or tokens. */
  remove(person: Person): void {
    person.deletedAt = this.nextTimestamp(person);
    person.nextStep = null;
    person.nextStepAtMs = null;
    this.active.delete(person.clientUserId);
  }

  /** Sets the status. `Disconnected` removes all sources. */
  setStatus(person: Person, status: string): void {
    person.status = status;
    person.connected ||= CONNECTED_STATUSES.has(status);
    if (status === 'Disconnected') person.sources = [];
    person.updatedAt = this.nextTimestamp(person);
  }

  /** Connects a provider. Idempotent. */
  connect(person: Person, organization: Organization): void {
    if (!person.sources.some((source) => source.organization.id === organization.id))
      person.sources.push({ organization, gives: [], deliversAfterMs: 0, demands: false, deliversAtMs: null });
    person.connected = true;
  }

  /** Adds a report and connects its provider. `organization` null: a report about the whole person. */
  addReport(person: Person, details: Pick<Report, 'type' | 'organization' | 'scannedPages'>): Report {
    if (details.organization) this.connect(person, details.organization);
    const now = this.nextTimestamp(person);
    const id = this.random().hex(`report/${person.humanId}/${person.reports.length}`, 24);
    const report: Report = { id, ...details, createdAt: now, updatedAt: now, revision: 1 };
    person.reports.push(report);
    return report;
  }

  /** Creates a newer version of a report under the same id. */
  reviseReport(person: Person, report: Report): void {
    report.updatedAt = this.nextTimestamp(person);
    report.revision += 1;
  }

  /** The current time, but later than all dates of this person, so that all their dates differ. */
  private nextTimestamp(person: Person): string {
    const dates = [person.updatedAt, ...person.reports.map((report) => report.updatedAt)].map((date) =>
      Date.parse(date),
    );
    return new Date(Math.max(this.clock.nowMs(), Math.max(...dates) + 1)).toISOString();
  }

  private timesInvited(clientUserId: string): number {
    return this.invitations.get(clientUserId) ?? 0;
  }

  private index(person: Person): void {
    this.byHumanId.set(person.humanId, person);
    this.invitations.set(person.clientUserId, this.timesInvited(person.clientUserId) + 1);
    this.byToken.set(person.invitationToken, person);
    if (person.deletedAt === null) this.active.set(person.clientUserId, person);
  }
}
