import { type Cancel, type Clock, type StorySpeed, toRealMs } from './clock';
import type { Log } from './log';
import { type Notice, type NoticeOrBatch, reportNotice, statusNotice } from './notices';
import type { NotificationSender } from './notification-sender';
import type { People } from './people';
import { findPersona } from './personas/catalogue';
import { immediately, type Step, type StoryEvent, setStatus } from './personas/script';
import type { Person, Report } from './state';

/** Runs the scripts of people step by step and sends a notification of each change. */
export class ScriptRunner {
  private readonly timers = new Map<Person, Cancel>();

  constructor(
    private readonly clock: Clock,
    private readonly people: People,
    private readonly sender: NotificationSender,
    private readonly log: Log,
    private readonly storySpeed: () => StorySpeed,
  ) {}

  /** Runs a person's script from its next step, to its end or until the person is deleted. */
  resume(person: Person): void {
    let step = this.nextStep(person);
    for (; step?.afterMs === 0; step = this.nextStep(person)) this.runStep(person, step);
    if (step) this.schedule(person, step);
    else person.nextStep = null;
    this.people.save(person);
  }

  /** Replaces the rest of the person's script. */
  replaceScript(person: Person, steps: readonly Step[]): void {
    this.stop(person);
    person.ownScript = steps;
    person.nextStep = 0;
    this.resume(person);
  }

  /** Sets a status and ends the script. */
  overrideStatus(person: Person, value: string, notify: boolean): void {
    if (notify) {
      this.replaceScript(person, [immediately(setStatus(value))]);
      return;
    }
    this.stop(person);
    this.setStatus(person, value);
    this.people.save(person);
  }

  /** Ends the script of a person. */
  stop(person: Person): void {
    this.timers.get(person)?.();
    this.timers.delete(person);
    person.nextStep = null;
    person.nextStepAtMs = null;
  }

  toRealMs(storyMs: number): number {
    return toRealMs(storyMs, this.storySpeed());
  }

  /** Scales running waits to the current speed. */
  changeSpeed(before: StorySpeed): void {
    const nowMs = this.clock.nowMs();
    for (const person of [...this.timers.keys()]) {
      const step = this.nextStep(person);
      if (step?.time !== 'story' || person.nextStepAtMs === null) continue;
      const share = (person.nextStepAtMs - nowMs) / toRealMs(step.afterMs, before);
      person.nextStepAtMs = nowMs + share * this.toRealMs(step.afterMs);
      this.timers.get(person)?.();
      this.resume(person);
    }
  }

  private nextStep(person: Person): Step | undefined {
    if (person.nextStep === null) return undefined;
    return (person.ownScript ?? findPersona(person.persona)?.steps)?.[person.nextStep];
  }

  private schedule(person: Person, step: Step): void {
    // A time that is set already was set before a restart.
    person.nextStepAtMs ??= this.clock.nowMs() + (step.time === 'real' ? step.afterMs : this.toRealMs(step.afterMs));
    const wake = this.clock.at(person.nextStepAtMs, () => {
      this.timers.delete(person);
      this.runStep(person, step);
      this.resume(person);
    });
    this.timers.set(person, wake);
  }

  private runStep(person: Person, step: Step): void {
    const bodies = this.perform(person, step.happening);
    if (person.nextStep !== null) person.nextStep += 1;
    person.nextStepAtMs = null;
    // Saved before it is sent, so that a restart never repeats a step whose notification was sent.
    this.people.save(person);
    for (const body of bodies) this.sender.send(person, body);
  }

  private perform(person: Person, happening: StoryEvent): NoticeOrBatch[] {
    switch (happening.kind) {
      case 'status':
        this.setStatus(person, happening.value);
        return [statusNotice(person)];
      case 'connection':
        this.people.connect(person, happening.organization);
        return [];
      case 'reports': {
        const { organization, types, telling, scannedPages } = happening;
        const notices = types.map((type) =>
          this.createReportNotice(person, this.people.addReport(person, { type, organization, scannedPages })),
        );
        if (telling === 'none') return [];
        return telling === 'together' ? [notices] : notices;
      }
      case 'revision': {
        const revised = person.reports.filter(
          ({ type, organization }) => type === happening.type && organization?.id === happening.organization?.id,
        );
        return revised.map((report) => {
          this.people.reviseReport(person, report);
          return this.createReportNotice(person, report);
        });
      }
      case 'disappearance':
        this.people.remove(person);
        this.log('disappeared', { clientUserId: person.clientUserId, humanId: person.humanId });
        return [];
    }
  }

  private setStatus(person: Person, value: string): void {
    this.people.setStatus(person, value);
    this.log('status', { clientUserId: person.clientUserId, value });
  }

  private createReportNotice(person: Person, report: Report): Notice {
    const { type, organization, id, revision } = report;
    const subject = organization?.name ?? 'the whole person';
    this.log('report', { clientUserId: person.clientUserId, type, of: subject, reportId: id, version: revision });
    return reportNotice(person, report);
  }
}
