import { Refusal } from './envelopes';
import type { People } from './people';
import { atOnce, becomes, connects, deliversTogether, inRealTime, type Step } from './personas/script';
import { DEMANDED_ACTIONS, PROVIDERS, reportsOf } from './providers';
import type { Organization, Person } from './state';
import type { Storyteller } from './storyteller';

/** Long enough to see the step before, short enough to wait for. */
const NEXT_MS = 2_000;

/**
 * What somebody can do who plays an invited person by hand. Every action ends the persona's script for good, changes the status at once and
 * has it told to the webhooks; what the providers deliver follows within seconds of real time, whatever the speed. An action that does not
 * fit what the person did before throws a {@link Refusal} (409) that says why, in words for that person.
 */
export class Actions {
  constructor(
    private readonly people: People,
    private readonly storyteller: Storyteller,
  ) {}

  /** The person whose invitation has that token. Throws a {@link Refusal} (404) for nobody and for somebody who was deleted. */
  invited(token: string): Person {
    const person = this.people.byInvitation(token);
    if (!person) throw new Refusal(404, 'This invitation does not exist, or was withdrawn.');
    return person;
  }

  /** Every provider that can be connected, in the order in which they are shown. */
  providers(): readonly Organization[] {
    return PROVIDERS;
  }

  /** What a provider demands of the person before it delivers, as an imperative sentence; null for nothing. */
  demandOf(organization: Organization): string | null {
    return DEMANDED_ACTIONS[organization.id] ?? null;
  }

  /** The invitation is opened: Engaged, if it was still only Invited; else nothing happens. */
  open(person: Person): void {
    if (person.status === 'Invited') this.play(person, [atOnce(becomes('Engaged'))]);
  }

  /**
   * Connects providers, also after a disconnection and beside others: Syncing, then their reports one provider after the other, then All
   * Synced. Where one of them demands something: Attn Required, until {@link completeAction}. Throws a {@link Refusal} (409) for none at
   * all, or after a refusal.
   */
  connect(person: Person, organizations: readonly Organization[]): void {
    const known = new Set([...person.sources, ...person.awaitingAction].map(({ id }) => id));
    const fresh = organizations.filter(({ id }) => !known.has(id));
    if (fresh.length === 0) throw new Refusal(409, 'Choose at least one provider that is not connected yet.');
    if (person.status === 'Declined') throw new Refusal(409, 'You have declined; nothing can be connected any more.');
    const demanding = fresh.filter((organization) => this.demandOf(organization) !== null);
    if (demanding.length > 0) this.await(person, fresh);
    else this.retrieve(person, fresh);
  }

  /** A provider that is connected demands something, now: Attn Required until {@link completeAction}. Throws a {@link Refusal} (409) where it is not connected. */
  requireAction(person: Person, organization: Organization): void {
    if (!person.sources.some(({ id }) => id === organization.id))
      throw new Refusal(409, `${organization.name} is not connected.`);
    this.await(person, [organization]);
  }

  /** What the providers demanded is done: Syncing, and so on. Throws a {@link Refusal} (409) where nothing was demanded. */
  completeAction(person: Person): void {
    const waiting = person.awaitingAction;
    if (waiting.length === 0) throw new Refusal(409, 'There is nothing that you have to do.');
    person.awaitingAction = [];
    this.retrieve(person, waiting);
  }

  /** Refuses the invitation: Declined. Throws a {@link Refusal} (409) once a provider is connected, or for a second time. */
  decline(person: Person): void {
    if (person.status === 'Declined') throw new Refusal(409, 'You have declined already.');
    if (person.sources.length > 0) throw new Refusal(409, 'Providers are connected: disconnect them instead.');
    person.awaitingAction = [];
    this.play(person, [atOnce(becomes('Declined'))]);
  }

  /** Cuts every provider: Disconnected. What was delivered stays. Throws a {@link Refusal} (409) where none is connected. */
  disconnect(person: Person): void {
    if (person.sources.length === 0) throw new Refusal(409, 'No provider is connected.');
    person.awaitingAction = [];
    this.play(person, [atOnce(becomes('Disconnected'))]);
  }

  private await(person: Person, organizations: readonly Organization[]): void {
    person.awaitingAction = [...person.awaitingAction, ...organizations];
    this.play(person, [atOnce(becomes('Attn Required'))]);
  }

  private retrieve(person: Person, organizations: readonly Organization[]): void {
    const delivered = new Set(person.reports.map(({ organization }) => organization?.id));
    // Those connected before may still have been about to deliver.
    const connected = [...person.sources, ...organizations];
    const owing = connected.filter(
      ({ id }, at) => !delivered.has(id) && at === connected.findIndex((o) => o.id === id),
    );
    this.play(person, [
      ...organizations.map((organization) => atOnce(connects(organization))),
      atOnce(becomes('Syncing')),
      ...owing.map((organization) => inRealTime(NEXT_MS, deliversTogether(organization, ...reportsOf(organization)))),
      inRealTime(NEXT_MS, becomes('All Synced')),
    ]);
  }

  private play(person: Person, steps: readonly Step[]): void {
    this.storyteller.play(person, steps);
  }
}
