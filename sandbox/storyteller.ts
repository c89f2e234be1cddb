import { type Cancel, type Clock, type Pace, realMs } from './clock';
import type { Courier } from './courier';
import type { Log } from './log';
import { type Notice, reportNotice, statusNotice } from './notices';
import type { People } from './people';
import { personaNamed } from './personas/catalogue';
import { atOnce, becomes, type Happening, type Step } from './personas/script';
import type { Person, Report } from './state';

/** What a step gives the webhooks to know: a single notice, or several in one array. */
type Telling = Notice | readonly Notice[];

/** Lets people live their script, step by step, and has every change told to the webhooks. */
export class Storyteller {
  private readonly waiting = new Map<Person, Cancel>();

  constructor(
    private readonly clock: Clock,
    private readonly people: People,
    private readonly courier: Courier,
    private readonly log: Log,
    private readonly pace: () => Pace,
  ) {}

  /** Takes up a person's script where it stands, and goes on to its end or until the person is deleted. */
  tell(person: Person): void {
    let step = this.nextOf(person);
    for (; step?.afterMs === 0; step = this.nextOf(person)) this.take(person, step);
    if (step) this.waitFor(person, step);
    else person.nextStep = null;
    this.people.keep(person);
  }

  /** Something else happens instead of the rest of the person's script. */
  play(person: Person, steps: readonly Step[]): void {
    this.stop(person);
    person.ownScript = steps;
    person.nextStep = 0;
    this.tell(person);
  }

  /** Sets a status by hand, which ends the script: what is set stays. */
  override(person: Person, value: string, notify: boolean): void {
    if (notify) {
      this.play(person, [atOnce(becomes(value))]);
      return;
    }
    this.stop(person);
    this.become(person, value);
    this.people.keep(person);
  }

  /** Ends the script of a person: nothing more happens by itself. */
  stop(person: Person): void {
    this.waiting.get(person)?.();
    this.waiting.delete(person);
    person.nextStep = null;
    person.nextStepAtMs = null;
  }

  /** How long a wait of a story takes in real time, in milliseconds. */
  realMs(storyMs: number): number {
    return realMs(storyMs, this.pace());
  }

  /** The pace is another one now: what is waited for comes earlier or later in proportion. */
  repace(before: Pace): void {
    const nowMs = this.clock.nowMs();
    for (const person of [...this.waiting.keys()]) {
      const step = this.nextOf(person);
      if (step?.time !== 'story' || person.nextStepAtMs === null) continue;
      const share = (person.nextStepAtMs - nowMs) / realMs(step.afterMs, before);
      person.nextStepAtMs = nowMs + share * this.realMs(step.afterMs);
      this.waiting.get(person)?.();
      this.tell(person);
    }
  }

  private nextOf(person: Person): Step | undefined {
    if (person.nextStep === null) return undefined;
    return (person.ownScript ?? personaNamed(person.persona)?.steps)?.[person.nextStep];
  }

  private waitFor(person: Person, step: Step): void {
    // A time that is set already is one from before a restart.
    person.nextStepAtMs ??= this.clock.nowMs() + (step.time === 'real' ? step.afterMs : this.realMs(step.afterMs));
    const wake = this.clock.at(person.nextStepAtMs, () => {
      this.waiting.delete(person);
      this.take(person, step);
      this.tell(person);
    });
    this.waiting.set(person, wake);
  }

  private take(person: Person, step: Step): void {
    const tellings = this.perform(person, step.happening);
    if (person.nextStep !== null) person.nextStep += 1;
    person.nextStepAtMs = null;
    // Written down as one, and before anybody hears of it: a step that was told is never lived twice.
    this.people.keep(person);
    for (const telling of tellings) this.courier.send(person, telling);
  }

  private perform(person: Person, happening: Happening): Telling[] {
    switch (happening.kind) {
      case 'status':
        this.become(person, happening.value);
        return [statusNotice(person)];
      case 'connection':
        this.people.connect(person, happening.organization);
        return [];
      case 'reports': {
        const { organization, types, telling, scannedPages } = happening;
        const notices = types.map((type) =>
          this.announce(person, this.people.addReport(person, { type, organization, scannedPages })),
        );
        if (telling === 'none') return [];
        return telling === 'together' ? [notices] : notices;
      }
      case 'revision': {
        const fits = person.reports.filter(
          ({ type, organization }) => type === happening.type && organization?.id === happening.organization?.id,
        );
        return fits.map((report) => {
          this.people.reviseReport(person, report);
          return this.announce(person, report);
        });
      }
      case 'disappearance':
        this.people.remove(person);
        this.log('disappeared', { clientUserId: person.clientUserId, humanId: person.humanId });
        return [];
    }
  }

  private become(person: Person, value: string): void {
    this.people.become(person, value);
    this.log('status', { clientUserId: person.clientUserId, value });
  }

  private announce(person: Person, report: Report): Notice {
    const { type, organization, id, revision } = report;
    const of = organization?.name ?? 'the whole person';
    this.log('report', { clientUserId: person.clientUserId, type, of, reportId: id, version: revision });
    return reportNotice(person, report);
  }
}
