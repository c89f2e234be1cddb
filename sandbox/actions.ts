import type { Clock } from './clock';
import { ErrorAnswer } from './error-answer';
import type { People } from './people';
import { afterRealTime, deliverTogether, immediately, minutes, type Step, setStatus } from './personas/script';
import type { ScriptRunner } from './script-runner';
import type { Organization, Person, Source } from './state';

/** How a provider behaves after a person connects it. */
export interface ConnectBehaviour extends Pick<Source, 'organization' | 'gives' | 'demands'> {
  /** Story time from the sign-in, or from the completed demand, to the delivery. */
  readonly deliversAfterMs: number;
}

/** Story time between the last delivery and the final status. */
const FINAL_STATUS_AFTER_MS = minutes(1);

/**
 * The actions of an invited person that a user plays by hand. Each action ends the persona's script, changes the status and notifies the
 * webhooks; deliveries follow. An action that the state does not allow throws {@link ErrorAnswer} (409) with a message for the user and
 * changes nothing.
 */
export class Actions {
  constructor(
    private readonly people: People,
    private readonly scriptRunner: ScriptRunner,
    private readonly clock: Clock,
  ) {}

  /** The person with this invitation token. Throws {@link ErrorAnswer} (404) if it is unknown or deleted. */
  personByToken(token: string): Person {
    const person = this.people.byInvitation(token);
    if (!person) throw new ErrorAnswer(404, 'This invitation does not exist, or was withdrawn.');
    return person;
  }

  /** Opens the invitation: Invited becomes Engaged; other statuses stay. */
  open(person: Person): void {
    if (person.status === 'Invited') this.scriptRunner.replaceScript(person, [immediately(setStatus('Engaged'))]);
  }

  /**
   * Connects more providers. The status becomes Syncing (Attn Required while one of them has a demand), then reports arrive, then All Synced,
   * or Some Synced if a provider delivers nothing. Skips connected providers. Throws if none is left or the person declined.
   */
  connect(person: Person, providers: readonly ConnectBehaviour[]): void {
    if (person.status === 'Declined') throw new ErrorAnswer(409, 'You have declined and cannot connect a provider.');
    const added = providers.filter(({ organization }) => !this.findSource(person, organization));
    if (added.length === 0) throw new ErrorAnswer(409, 'Choose at least one provider that is not connected yet.');
    for (const behaviour of added) person.sources.push({ ...behaviour, deliversAtMs: null });
    this.continueScript(person);
  }

  /** A connected provider demands something: Attn Required until it is met. Throws if the provider is not connected. */
  demand(person: Person, organization: Organization): void {
    const source = this.findSource(person, organization);
    if (!source) throw new ErrorAnswer(409, `${organization.name} is not connected.`);
    source.demands = true;
    this.continueScript(person);
  }

  /** Completes a demand: Syncing, then deliveries. Throws if the provider demands nothing. */
  meetDemand(person: Person, organization: Organization): void {
    const source = this.findSource(person, organization);
    if (!source?.demands) throw new ErrorAnswer(409, `${organization.name} does not require an action.`);
    source.demands = false;
    this.continueScript(person);
  }

  /** Declines the invitation. Throws if a provider is connected or the person declined before. */
  decline(person: Person): void {
    if (person.status === 'Declined') throw new ErrorAnswer(409, 'You have declined already.');
    if (person.sources.length > 0) throw new ErrorAnswer(409, 'Providers are connected. Disconnect them first.');
    this.scriptRunner.replaceScript(person, [immediately(setStatus('Declined'))]);
  }

  /** Disconnects all providers. Delivered reports stay. Throws if none is connected. */
  disconnect(person: Person): void {
    if (person.sources.length === 0) throw new ErrorAnswer(409, 'No provider is connected.');
    this.scriptRunner.replaceScript(person, [immediately(setStatus('Disconnected'))]);
  }

  /** Disconnects one provider; the status becomes Disconnected if it was the last. Throws if it is not connected. */
  disconnectOne(person: Person, organization: Organization): void {
    const source = this.findSource(person, organization);
    if (!source) throw new ErrorAnswer(409, `${organization.name} is not connected.`);
    person.sources = person.sources.filter((other) => other !== source);
    if (person.sources.length > 0) this.continueScript(person);
    else this.scriptRunner.replaceScript(person, [immediately(setStatus('Disconnected'))]);
  }

  private findSource(person: Person, { id }: Organization): Source | undefined {
    return person.sources.find(({ organization }) => organization.id === id);
  }

  /** Replaces the script by what the connected providers do next. */
  private continueScript(person: Person): void {
    const hasDemand = person.sources.some(({ demands }) => demands);
    const steps: Step[] = [immediately(setStatus(hasDemand ? 'Attn Required' : 'Syncing'))];
    let lastMs = this.clock.nowMs();
    for (const { atMs, source } of this.pendingDeliveries(person)) {
      const waitMs = Math.max(atMs - lastMs, 0);
      steps.push(afterRealTime(waitMs, deliverTogether(source.organization, ...source.gives)));
      lastMs += waitMs;
    }
    const delivering = person.sources.filter((source) => source.gives.length > 0 || hasDelivered(person, source));
    if (!hasDemand && delivering.length > 0) {
      const waitMs = this.scriptRunner.toRealMs(FINAL_STATUS_AFTER_MS);
      steps.push(
        afterRealTime(waitMs, setStatus(delivering.length === person.sources.length ? 'All Synced' : 'Some Synced')),
      );
    }
    this.scriptRunner.replaceScript(person, steps);
  }

  /** The providers that will deliver, with their times. A time stays the same when another provider is connected. */
  private pendingDeliveries(person: Person): { readonly source: Source; readonly atMs: number }[] {
    return person.sources
      .filter((source) => !source.demands && source.gives.length > 0 && !hasDelivered(person, source))
      .map((source) => {
        source.deliversAtMs ??= this.clock.nowMs() + this.scriptRunner.toRealMs(source.deliversAfterMs);
        return { source, atMs: source.deliversAtMs };
      })
      .sort((one, other) => one.atMs - other.atMs);
  }
}

function hasDelivered({ reports }: Person, { organization }: Source): boolean {
  return reports.some((report) => report.organization?.id === organization.id);
}
