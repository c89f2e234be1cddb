import { randomBytes } from 'node:crypto';
import type { Chance } from './chance';
import type { Clock } from './clock';
import { Refusal } from './envelopes';
import type { Keeper } from './journal';
import type { Organization, Person, PersonDetails, Report, SandboxState } from './state';

/** Statuses that only somebody with an authorised provider can have. */
const CONNECTED: ReadonlySet<string> = new Set(['Syncing', 'Some Synced', 'All Synced']);

/** Everybody who was ever invited, and all that can happen to them. */
export class People {
  private readonly byHumanId = new Map<string, Person>();
  private readonly byToken = new Map<string, Person>();
  private readonly active = new Map<string, Person>();
  /** How often each clientUserId was invited, withdrawn ones included. */
  private readonly invitations = new Map<string, number>();

  constructor(
    private readonly state: SandboxState,
    private readonly clock: Clock,
    private readonly chance: () => Chance,
    private readonly keeper: Keeper,
  ) {
    for (const person of state.people) this.index(person);
  }

  /** A new person, invited. Throws a {@link Refusal} (409) when the clientUserId is taken, whatever the e-mail. */
  invite(details: PersonDetails, persona: string): Person {
    if (this.active.has(details.clientUserId)) {
      throw new Refusal(409, 'There is already a user with this clientUserId; look it up.');
    }
    const now = new Date(this.clock.nowMs()).toISOString();
    const person: Person = {
      ...details,
      humanId: this.chance().hex(`person/${details.clientUserId}/${this.timesInvited(details.clientUserId)}`, 32),
      // Whoever knows it acts as this person: no seed may tell it.
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
    this.keep(person);
    return person;
  }

  /** Everybody, deleted ones included, in order of invitation. */
  everybody(): readonly Person[] {
    return this.state.people;
  }

  /** The people who fit and are not deleted, in order of invitation. */
  find(wanted: { clientUserId?: string | undefined; humanId?: string | undefined }): Person[] {
    if (wanted.humanId === undefined && wanted.clientUserId === undefined) return [...this.active.values()];
    const candidates = [
      wanted.humanId === undefined ? undefined : this.byHumanId.get(wanted.humanId),
      wanted.clientUserId === undefined ? undefined : this.active.get(wanted.clientUserId),
    ].filter((person) => person !== undefined);
    const fits = (person: Person) =>
      person.deletedAt === null &&
      (wanted.humanId ?? person.humanId) === person.humanId &&
      (wanted.clientUserId ?? person.clientUserId) === person.clientUserId;
    return [...new Set(candidates)].filter(fits);
  }

  /** A page of everybody who is not deleted, in order of invitation. */
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

  /** The person who ever had that humanId, deleted or not. */
  everHad(humanId: string): Person | undefined {
    return this.byHumanId.get(humanId);
  }

  /** Writes down a person as they are now, where the sandbox remembers. Every change of them ends in this, once it is complete. */
  keep(person: Person): void {
    this.keeper.person(person);
  }

  /** As if nobody had ever been invited. */
  forget(): void {
    this.state.people.length = 0;
    for (const index of [this.byHumanId, this.byToken, this.active, this.invitations]) index.clear();
  }

  /** The person with that humanId. Throws a {@link Refusal} (404) when there is none, or none any more. */
  require(humanId: string): Person {
    const [person] = this.find({ humanId });
    if (!person) throw new Refusal(404, 'There is no user with this humanId.');
    return person;
  }

  /** The person with that invitation; null for nobody and for somebody who was deleted. */
  byInvitation(token: string): Person | null {
    const person = this.byToken.get(token);
    return person && person.deletedAt === null ? person : null;
  }

  /** Deletes for good: no story, no notice, no token from here on. */
  remove(person: Person): void {
    person.deletedAt = this.tick(person);
    person.nextStep = null;
    person.nextStepAtMs = null;
    this.active.delete(person.clientUserId);
  }

  /** A new status; connecting a provider for the first time is remembered, and disconnecting cuts all. */
  become(person: Person, status: string): void {
    person.status = status;
    person.connected ||= CONNECTED.has(status);
    if (status === 'Disconnected') person.sources = [];
    person.updatedAt = this.tick(person);
  }

  /** A provider is connected; a second time changes nothing. */
  connect(person: Person, organization: Organization): void {
    const known = person.sources.some((source) => source.organization.id === organization.id);
    if (!known)
      person.sources.push({ organization, gives: [], deliversAfterMs: 0, demands: false, deliversAtMs: null });
    person.connected = true;
  }

  /** A new report, which its provider can only give once it is connected. `organization` null: a report of the whole person. */
  addReport(person: Person, made: Pick<Report, 'type' | 'organization' | 'scannedPages'>): Report {
    if (made.organization) this.connect(person, made.organization);
    const now = this.tick(person);
    const id = this.chance().hex(`report/${person.humanId}/${person.reports.length}`, 24);
    const report: Report = { id, ...made, createdAt: now, updatedAt: now, revision: 1 };
    person.reports.push(report);
    return report;
  }

  /** A newer version of a report, under the same id. */
  reviseReport(person: Person, report: Report): void {
    report.updatedAt = this.tick(person);
    report.revision += 1;
  }

  /** The wall clock, but later than anything else that happened to this person: no two of their dates are the same. */
  private tick(person: Person): string {
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
