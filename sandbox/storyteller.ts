import { type Cancel, type Clock, type Pace, realMs } from './clock';
import type { Courier } from './courier';
import { type Notice, reportNotice, statusNotice } from './notices';
import type { People } from './people';
import { PERSONAS } from './personas/catalogue';
import { atOnce, becomes, type Happening, type Step } from './personas/script';
import type { Person } from './state';

/** What a step gives the webhooks to know: a single notice, or several in one array. */
type Telling = Notice | readonly Notice[];

/** Lets people live their script, step by step, and has every change told to the webhooks. */
export class Storyteller {
  private readonly waiting = new Map<Person, Cancel>();

  constructor(
    private readonly clock: Clock,
    private readonly people: People,
    private readonly courier: Courier,
    private pace: Pace,
  ) {}

  /** Takes up a person's script where it stands, and goes on to its end or until the person is deleted. */
  tell(person: Person): void {
    const step = this.nextOf(person);
    if (!step) {
      person.nextStep = null;
      person.nextStepAtMs = null;
      return;
    }
    if (step.afterMs === 0) {
      this.take(person, step);
      return;
    }
    person.nextStepAtMs ??= this.clock.nowMs() + (step.time === 'real' ? step.afterMs : this.realMs(step.afterMs));
    const wake = this.clock.at(person.nextStepAtMs, () => {
      this.waiting.delete(person);
      this.take(person, step);
    });
    this.waiting.set(person, wake);
  }

  /** Something else happens instead of the rest of the person's script. */
  play(person: Person, steps: readonly Step[]): void {
    this.stop(person);
    person.ownScript = steps;
    person.nextStep = 0;
    this.tell(person);
  }

  /** How long a wait of a story takes in real time, in milliseconds. */
  realMs(storyMs: number): number {
    return realMs(storyMs, this.pace);
  }

  /** Ends the script of a person: nothing more happens by itself. */
  stop(person: Person): void {
    this.waiting.get(person)?.();
    this.waiting.delete(person);
    person.nextStep = null;
    person.nextStepAtMs = null;
  }

  /** Sets a status by hand, which ends the script: what is set stays. */
  override(person: Person, value: string, notify: boolean): void {
    this.stop(person);
    if (notify) this.play(person, [atOnce(becomes(value))]);
    else this.people.become(person, value);
  }

  private nextOf(person: Person): Step | undefined {
    if (person.nextStep === null) return undefined;
    const steps = person.ownScript ?? PERSONAS.find(({ name }) => name === person.persona)?.steps;
    return steps?.[person.nextStep];
  }

  private take(person: Person, step: Step): void {
    const tellings = this.perform(person, step.happening);
    person.nextStep = person.nextStep === null ? null : person.nextStep + 1;
    person.nextStepAtMs = null;
    for (const telling of tellings) this.courier.send(person, telling);
    this.tell(person);
  }

  private perform(person: Person, happening: Happening): Telling[] {
    switch (happening.kind) {
      case 'status':
        this.people.become(person, happening.value);
        return [statusNotice(person)];
      case 'connection':
        this.people.connect(person, happening.organization);
        return [];
      case 'reports': {
        const { organization, types, together, scannedPages } = happening;
        const notices = types.map((type) =>
          reportNotice(person, this.people.addReport(person, { type, organization, scannedPages })),
        );
        return together ? [notices] : notices;
      }
      case 'revision': {
        const fits = person.reports.filter(
          ({ type, organization }) => type === happening.type && organization?.id === happening.organization?.id,
        );
        return fits.map((report) => {
          this.people.reviseReport(person, report);
          return reportNotice(person, report);
        });
      }
      case 'disappearance':
        this.people.remove(person);
        return [];
    }
  }
}
