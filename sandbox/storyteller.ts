import type { Clock } from './clock';
import type { Courier } from './courier';
import { reportNotice, statusNotice } from './notices';
import type { People } from './people';
import { PERSONAS } from './personas/catalogue';
import type { Happening } from './personas/script';
import type { Person } from './state';

/** Lets people live their persona's script, step by step, and has every change told to the webhooks. */
export class Storyteller {
  constructor(
    private readonly clock: Clock,
    private readonly people: People,
    private readonly courier: Courier,
  ) {}

  /** Takes up a person's story at its next step, and goes on to its end or until the person is deleted. */
  tell(person: Person): void {
    const at = person.nextStep;
    const step = at === null ? undefined : PERSONAS.find(({ name }) => name === person.persona)?.steps[at];
    if (at === null || !step) {
      person.nextStep = null;
      return;
    }
    this.clock.after(step.afterMs, () => {
      // Deleted meanwhile, or somebody set the status by hand: the script is over.
      if (person.nextStep !== at) return;
      this.perform(person, step.happening);
      person.nextStep = at + 1;
      this.tell(person);
    });
  }

  /** Sets a status by hand, which ends the script: what is set stays. */
  override(person: Person, value: string, notify: boolean): void {
    person.nextStep = null;
    this.people.become(person, value);
    if (notify) this.courier.send(person, statusNotice(person));
  }

  private perform(person: Person, happening: Happening): void {
    switch (happening.kind) {
      case 'status':
        this.people.become(person, happening.value);
        this.courier.send(person, statusNotice(person));
        break;
      case 'reports':
        this.deliver(person, happening);
        break;
      case 'revision':
        for (const report of person.reports) {
          if (report.type !== happening.type || report.organization?.id !== happening.organization?.id) continue;
          this.people.reviseReport(person, report);
          this.courier.send(person, reportNotice(person, report));
        }
    }
  }

  private deliver(person: Person, { organization, types, together }: Extract<Happening, { kind: 'reports' }>): void {
    const notices = types.map((type) => reportNotice(person, this.people.addReport(person, type, organization)));
    for (const body of together ? [notices] : notices) this.courier.send(person, body);
  }
}
