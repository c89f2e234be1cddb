import type { Log } from './log';

/** Whether notifications go to one receiver: the vendor may switch them off for a receiver that keeps failing. */
export class NotificationFeed {
  private on = true;
  private failures = 0;

  constructor(
    readonly url: URL,
    /** Number of consecutive failures that switches the feed off; null: never. */
    private readonly offAfterFailures: () => number | null,
    private readonly log: Log,
  ) {}

  get isOn(): boolean {
    return this.on;
  }

  recordResult(isDelivered: boolean): void {
    this.failures = isDelivered ? 0 : this.failures + 1;
    const limit = this.offAfterFailures();
    if (this.on && limit !== null && this.failures >= limit) {
      this.on = false;
      this.log('feed-off', { to: this.url.origin, failures: this.failures }, 'warn');
    }
  }

  /** Switches the feed by hand, as the vendor's support does. */
  switchTo(on: boolean): void {
    if (on !== this.on) this.log(on ? 'feed-on' : 'feed-off', { to: this.url.origin });
    this.on = on;
    this.failures = 0;
  }
}
