import type { Clock } from './clock';
import { Refusal } from './envelopes';
import type { People } from './people';
import { atOnce, becomes, deliversTogether, inRealTime, minutes, type Step } from './personas/script';
import type { Organization, Person, Source } from './state';
import type { Storyteller } from './storyteller';

/** How a provider treats somebody who connects it. */
export interface Terms extends Pick<Source, 'organization' | 'gives' | 'demands'> {
  /** Story time from the sign-in, or from the met demand, until its reports are there. */
  readonly deliversAfterMs: number;
}

/** Story time between the last delivery and the status that sums up. */
const SUMMED_UP_AFTER_MS = minutes(1);

/**
 * What somebody can do who plays an invited person by hand. Every action ends the persona's script for good, changes the status at once and
 * has it told to the webhooks; what the providers deliver follows. An action that does not fit what the person did before throws a
 * {@link Refusal} (409) that says why, in words for that person, and changes nothing.
 */
export class Actions {
  constructor(
    private readonly people: People,
    private readonly storyteller: Storyteller,
    private readonly clock: Clock,
  ) {}

  /** The person whose invitation has that token. Throws a {@link Refusal} (404) for nobody and for somebody who was deleted. */
  invited(token: string): Person {
    const person = this.people.byInvitation(token);
    if (!person) throw new Refusal(404, 'This invitation does not exist, or was withdrawn.');
    return person;
  }

  /** The invitation is opened: Engaged, if it was still only Invited; else nothing happens. */
  open(person: Person): void {
    if (person.status === 'Invited') this.storyteller.play(person, [atOnce(becomes('Engaged'))]);
  }

  /**
   * Connects providers, also beside others and after a disconnection. Syncing (Attn Required while one of them demands something), then the
   * reports of each, then All Synced, or Some Synced where one gives nothing. Those connected already are passed over; none left is refused,
   * and so is a person who declined.
   */
  connect(person: Person, providers: readonly Terms[]): void {
    if (person.status === 'Declined') throw new Refusal(409, 'You have declined; nothing can be connected any more.');
    const fresh = providers.filter(({ organization }) => !this.sourceOf(person, organization));
    if (fresh.length === 0) throw new Refusal(409, 'Choose at least one provider that is not connected yet.');
    for (const terms of fresh) person.sources.push({ ...terms, deliversAtMs: null });
    this.goOn(person);
  }

  /** A connected provider demands something, now: Attn Required until it is met. Refused where it is not connected. */
  demand(person: Person, organization: Organization): void {
    const source = this.sourceOf(person, organization);
    if (!source) throw new Refusal(409, `${organization.name} is not connected.`);
    source.demands = true;
    this.goOn(person);
  }

  /** What a provider demanded is done: Syncing, and so on. Refused where it demands nothing. */
  meetDemand(person: Person, organization: Organization): void {
    const source = this.sourceOf(person, organization);
    if (!source?.demands) throw new Refusal(409, `${organization.name} does not ask anything of you.`);
    source.demands = false;
    this.goOn(person);
  }

  /** Refuses the invitation: Declined. Refused once a provider is connected, and for a second time. */
  decline(person: Person): void {
    if (person.status === 'Declined') throw new Refusal(409, 'You have declined already.');
    if (person.sources.length > 0) throw new Refusal(409, 'Providers are connected: disconnect them instead.');
    this.storyteller.play(person, [atOnce(becomes('Declined'))]);
  }

  /** Cuts every provider: Disconnected. What was delivered stays. Refused where none is connected. */
  disconnect(person: Person): void {
    if (person.sources.length === 0) throw new Refusal(409, 'No provider is connected.');
    this.storyteller.play(person, [atOnce(becomes('Disconnected'))]);
  }

  /** Cuts one provider: Disconnected if it was the last one, else it goes on with the others. Refused where it is not connected. */
  disconnectOne(person: Person, organization: Organization): void {
    const source = this.sourceOf(person, organization);
    if (!source) throw new Refusal(409, `${organization.name} is not connected.`);
    person.sources = person.sources.filter((other) => other !== source);
    if (person.sources.length > 0) this.goOn(person);
    else this.storyteller.play(person, [atOnce(becomes('Disconnected'))]);
  }

  private sourceOf(person: Person, { id }: Organization): Source | undefined {
    return person.sources.find(({ organization }) => organization.id === id);
  }

  /** What follows from the providers as they are connected now. */
  private goOn(person: Person): void {
    const demanding = person.sources.some(({ demands }) => demands);
    const steps: Step[] = [atOnce(becomes(demanding ? 'Attn Required' : 'Syncing'))];
    let lastMs = this.clock.nowMs();
    for (const { atMs, source } of this.deliveries(person)) {
      const waitMs = Math.max(atMs - lastMs, 0);
      steps.push(inRealTime(waitMs, deliversTogether(source.organization, ...source.gives)));
      lastMs += waitMs;
    }
    const given = person.sources.filter((source) => source.gives.length > 0 || hasDelivered(person, source));
    if (!demanding && given.length > 0) {
      const waitMs = this.storyteller.realMs(SUMMED_UP_AFTER_MS);
      steps.push(inRealTime(waitMs, becomes(given.length === person.sources.length ? 'All Synced' : 'Some Synced')));
    }
    this.storyteller.play(person, steps);
  }

  /** The providers that have yet to deliver and may, with the time: it stays when others are connected meanwhile. */
  private deliveries(person: Person): { readonly source: Source; readonly atMs: number }[] {
    return person.sources
      .filter((source) => !source.demands && source.gives.length > 0 && !hasDelivered(person, source))
      .map((source) => {
        source.deliversAtMs ??= this.clock.nowMs() + this.storyteller.realMs(source.deliversAfterMs);
        return { source, atMs: source.deliversAtMs };
      })
      .sort((one, other) => one.atMs - other.atMs);
  }
}

function hasDelivered({ reports }: Person, { organization }: Source): boolean {
  return reports.some((report) => report.organization?.id === organization.id);
}
