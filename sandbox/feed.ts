import type { Log } from './log';

/** Whether notices still go to one receiver: the vendor may switch them off for one that keeps failing. */
export class Feed {
  private on = true;
  private failures = 0;

  constructor(
    readonly url: URL,
    /** How many failures in a row switch it off; null: none do. */
    private readonly offAfterFailures: () => number | null,
    private readonly log: Log,
  ) {}

  get isOn(): boolean {
    return this.on;
  }

  /** A notice was answered with 200, or failed. */
  heard(well: boolean): void {
    this.failures = well ? 0 : this.failures + 1;
    const limit = this.offAfterFailures();
    if (this.on && limit !== null && this.failures >= limit) {
      this.on = false;
      this.log('feed-off', { to: this.url.origin, failures: this.failures }, 'warn');
    }
  }

  /** By hand, as the vendor's support does it. */
  turn(on: boolean): void {
    if (on !== this.on) this.log(on ? 'feed-on' : 'feed-off', { to: this.url.origin });
    this.on = on;
    this.failures = 0;
  }
}
