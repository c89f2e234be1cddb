import type { Clock } from './clock';
import { NoticeFaults, type Post } from './faults/notice-faults';
import { Feed } from './feed';
import type { Log } from './log';
import type { Notice } from './notices';
import type { Rules } from './scenario/rules';
import type { NoticeFault } from './scenario/schema';
import { type Signing, signed } from './signature';
import type { Person } from './state';

/** The vendor gives a receiver three seconds and then discards the notice. */
const ANSWER_WITHIN_MS = 3_000;

/** Where notices go and how they are vouched for. */
export interface Webhook {
  readonly urls: readonly URL[];
  /** Sent as the Basic password; null: no Authorization header. */
  readonly secret: string | null;
  /** How notices are signed; null: no signature headers. */
  readonly signing: Signing | null;
  /** Time limit of an answer, in ms; absent: 3 s. Tests set it, because a busy machine must not discard a notice. */
  readonly answerWithinMs?: number;
}

/** Posts notices as the vendor does: once, to every URL, never again, and nobody waits for it. */
export class Courier {
  private readonly underway = new Set<Promise<void>>();
  private readonly faults: NoticeFaults;
  /** One a receiver, in the order of the URLs. */
  readonly feeds: readonly Feed[];

  constructor(
    private readonly webhook: Webhook,
    private readonly clock: Clock,
    private readonly log: Log,
    scenario: { readonly rules: () => Rules<NoticeFault>; readonly offAfterFailures: () => number | null },
  ) {
    this.feeds = webhook.urls.map((url) => new Feed(url, scenario.offAfterFailures, log));
    this.faults = new NoticeFaults(clock, log, scenario.rules, (inTurn) => this.post(inTurn));
  }

  /** Sends one object, or several in one array. Returns at once; what failed is counted with the person and logged. */
  send(person: Person, told: Notice | readonly Notice[]): void {
    const together = Array.isArray(told);
    this.faults.pass(person, { people: [person], notices: together ? told : [told as Notice], together });
  }

  /** Resolves when every post has been answered or given up. */
  async idle(): Promise<void> {
    while (this.underway.size > 0) await Promise.all(this.underway);
  }

  /** Lets go of the notices that the scenario holds back: they are lost. */
  forget(): void {
    this.faults.forget();
  }

  private post(inTurn: readonly Post[]): void {
    for (const feed of this.feeds) {
      const delivery = this.postTo(feed, inTurn).finally(() => this.underway.delete(delivery));
      this.underway.add(delivery);
    }
  }

  private async postTo(feed: Feed, inTurn: readonly Post[]): Promise<void> {
    for (const { people, notices, together } of inTurn) {
      for (const notice of notices) this.tell(people, notice, feed);
      if (!feed.isOn) continue;
      const failure = await this.deliver(feed.url, JSON.stringify(together ? notices : notices[0]));
      feed.heard(failure === null);
      for (const person of people) {
        person.notices[failure === null ? 'delivered' : 'failed'] += 1;
        // The origin only: the path of a webhook may be its secret.
        if (failure !== null)
          this.log('notice-failed', { to: feed.url.origin, humanId: person.humanId, failure }, 'warn');
      }
    }
  }

  private tell(people: readonly Person[], notice: Notice, { isOn, url }: Feed): void {
    const about = people.find(({ humanId }) => humanId === notice['humanId'])?.clientUserId ?? '';
    const says = notice['value'] ?? `${notice['type']} ${notice['action']}`;
    this.log(isOn ? 'notice' : 'notice-withheld', { to: url.origin, clientUserId: about, says }, 'debug');
  }

  /** Null when the receiver said 200 in time, else what happened instead. Never throws. */
  private async deliver(url: URL, payload: string): Promise<string | null> {
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: this.headers(payload),
        body: payload,
        redirect: 'manual',
        signal: AbortSignal.timeout(this.webhook.answerWithinMs ?? ANSWER_WITHIN_MS),
      });
      await answer.arrayBuffer();
      return answer.status === 200 ? null : `answered ${answer.status}`;
    } catch (error) {
      return failureOf(error);
    }
  }

  private headers(payload: string): Record<string, string> {
    const { secret, signing } = this.webhook;
    return {
      'content-type': 'application/json',
      ...(secret !== null && {
        authorization: `Basic ${Buffer.from(`human-api:${secret}`).toString('base64')}`,
      }),
      ...(signing !== null && signed(payload, signing, this.clock.nowMs())),
    };
  }
}

/** The code or the name of what stopped a post. fetch wraps a socket's error in one of its own that says nothing. */
function failureOf(error: unknown): string {
  const { cause = error } = Object(error) as { cause?: unknown };
  const { code, name } = Object(cause) as { code?: unknown; name?: unknown };
  return String(typeof code === 'string' ? code : name);
}
