import type { Clock } from './clock';
import { NoticeFaults, type WebhookPost } from './faults/notice-faults';
import type { Log } from './log';
import type { Notice, NoticeOrBatch } from './notices';
import { NotificationFeed } from './notification-feed';
import type { Rules } from './scenario/rules';
import type { NoticeFault } from './scenario/schema';
import { type Signing, signatureHeaders } from './signature';
import type { Person } from './state';

/** The vendor discards a notification that is not answered within three seconds. */
const ANSWER_TIMEOUT_MS = 3_000;

/** The receivers of notifications and how notifications are authenticated. */
export interface WebhookSettings {
  readonly urls: readonly URL[];
  /** Sent as the Basic password; null: no Authorization header. */
  readonly secret: string | null;
  /** Null: no signature headers. */
  readonly signing: Signing | null;
  /** Default: 3 s. Tests set a longer limit, because a busy machine must not discard a notification. */
  readonly answerTimeoutMs?: number;
}

/** Posts notifications as the vendor does: once to each URL, without a retry, in the background. */
export class NotificationSender {
  private readonly pending = new Set<Promise<void>>();
  private readonly faults: NoticeFaults;
  /** One per receiver, in the order of the URLs. */
  readonly feeds: readonly NotificationFeed[];

  constructor(
    private readonly webhook: WebhookSettings,
    private readonly clock: Clock,
    private readonly log: Log,
    scenario: { readonly rules: () => Rules<NoticeFault>; readonly offAfterFailures: () => number | null },
  ) {
    this.feeds = webhook.urls.map((url) => new NotificationFeed(url, scenario.offAfterFailures, log));
    this.faults = new NoticeFaults(clock, log, scenario.rules, (posts) => this.postAll(posts));
  }

  /** Sends one object, or several in one array. Returns at once; failures are counted with the person and logged. */
  send(person: Person, body: NoticeOrBatch): void {
    const asArray = Array.isArray(body);
    this.faults.pass(person, { people: [person], notices: asArray ? body : [body as Notice], asArray });
  }

  /** Resolves when no post is in flight. */
  async idle(): Promise<void> {
    while (this.pending.size > 0) await Promise.all(this.pending);
  }

  /** Discards the notifications that the scenario holds back. */
  discardHeld(): void {
    this.faults.discardHeld();
  }

  private postAll(posts: readonly WebhookPost[]): void {
    for (const feed of this.feeds) {
      const delivery = this.postTo(feed, posts).finally(() => this.pending.delete(delivery));
      this.pending.add(delivery);
    }
  }

  private async postTo(feed: NotificationFeed, posts: readonly WebhookPost[]): Promise<void> {
    for (const { people, notices, asArray: together } of posts) {
      for (const notice of notices) this.logNotice(people, notice, feed);
      if (!feed.isOn) continue;
      const failure = await this.deliver(feed.url, JSON.stringify(together ? notices : notices[0]));
      feed.recordResult(failure === null);
      for (const person of people) {
        person.notices[failure === null ? 'delivered' : 'failed'] += 1;
        // Only the origin, because the path of a webhook may be a secret.
        if (failure !== null)
          this.log('notice-failed', { to: feed.url.origin, humanId: person.humanId, failure }, 'warn');
      }
    }
  }

  private logNotice(people: readonly Person[], notice: Notice, { isOn, url }: NotificationFeed): void {
    const clientUserId = people.find(({ humanId }) => humanId === notice['humanId'])?.clientUserId ?? '';
    const content = notice['value'] ?? `${notice['type']} ${notice['action']}`;
    this.log(isOn ? 'notice' : 'notice-withheld', { to: url.origin, clientUserId, says: content }, 'debug');
  }

  /** Returns null if the receiver answered 200 in time, else the reason of the failure. Never throws. */
  private async deliver(url: URL, payload: string): Promise<string | null> {
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: this.headers(payload),
        body: payload,
        redirect: 'manual',
        signal: AbortSignal.timeout(this.webhook.answerTimeoutMs ?? ANSWER_TIMEOUT_MS),
      });
      await answer.arrayBuffer();
      return answer.status === 200 ? null : `answered ${answer.status}`;
    } catch (error) {
      return describeFailure(error);
    }
  }

  private headers(payload: string): Record<string, string> {
    const { secret, signing } = this.webhook;
    return {
      'content-type': 'application/json',
      ...(secret !== null && {
        authorization: `Basic ${Buffer.from(`human-api:${secret}`).toString('base64')}`,
      }),
      ...(signing !== null && signatureHeaders(payload, signing, this.clock.nowMs())),
    };
  }
}

/** The code or name of the error. fetch wraps a socket error in a generic one. */
function describeFailure(error: unknown): string {
  const { cause = error } = Object(error) as { cause?: unknown };
  const { code, name } = Object(cause) as { code?: unknown; name?: unknown };
  return String(typeof code === 'string' ? code : name);
}
