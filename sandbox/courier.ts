import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from './clock';
import type { Log } from './log';
import type { Notice } from './notices';
import type { Person } from './state';

/** The vendor gives a receiver three seconds and then discards the notice. */
const ANSWER_WITHIN_MS = 3_000;

/** Where notices go and how they are vouched for. */
export interface Webhook {
  readonly urls: readonly URL[];
  /** Sent as the Basic password; null: no Authorization header. */
  readonly secret: string | null;
  /** The client secret, when notices are to be signed with it; null: no signature headers. */
  readonly signingSecret: string | null;
}

/** Posts notices as the vendor does: once, to every URL, never again, and nobody waits for it. */
export class Courier {
  private readonly underway = new Set<Promise<void>>();

  constructor(
    private readonly webhook: Webhook,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Sends one object, or several in one array. Returns at once; what failed is counted with the person and logged. */
  send(person: Person, notices: Notice | readonly Notice[]): void {
    const payload = JSON.stringify(notices);
    for (const url of this.webhook.urls) {
      const delivery = this.deliver(url, payload).then((failure) => {
        this.underway.delete(delivery);
        if (failure === null) person.notices.delivered += 1;
        else {
          person.notices.failed += 1;
          // The origin only: the path of a webhook may be its secret.
          this.log('notice-failed', { to: url.origin, humanId: person.humanId, failure });
        }
      });
      this.underway.add(delivery);
    }
  }

  /** Resolves when every post has been answered or given up. */
  async idle(): Promise<void> {
    while (this.underway.size > 0) await Promise.all(this.underway);
  }

  /** Null when the receiver said 200 in time, else what happened instead. Never throws. */
  private async deliver(url: URL, payload: string): Promise<string | null> {
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: this.headers(payload),
        body: payload,
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      await answer.arrayBuffer();
      return answer.status === 200 ? null : `answered ${answer.status}`;
    } catch (error) {
      return failureOf(error);
    }
  }

  private headers(payload: string): Record<string, string> {
    const { secret, signingSecret } = this.webhook;
    return {
      'content-type': 'application/json',
      ...(secret !== null && {
        authorization: `Basic ${Buffer.from(`human-api:${secret}`).toString('base64')}`,
      }),
      ...(signingSecret !== null && signature(payload, signingSecret, this.clock.nowMs())),
    };
  }
}

/** The code or the name of what stopped a post. fetch wraps a socket's error in one of its own that says nothing. */
function failureOf(error: unknown): string {
  const { cause = error } = Object(error) as { cause?: unknown };
  const { code, name } = Object(cause) as { code?: unknown; name?: unknown };
  return String(typeof code === 'string' ? code : name);
}

/**
 * HMAC-SHA1 over payload, timestamp and nonce, without separators, in lower-case hex. How the last two travel is not
 * documented: their headers are named after the one that is, and the timestamp is in milliseconds.
 */
function signature(payload: string, clientSecret: string, nowMs: number): Record<string, string> {
  const timestamp = String(nowMs);
  const nonce = randomBytes(16).toString('hex');
  return {
    'x-humanapi-signature': createHmac('sha1', clientSecret)
      .update(payload + timestamp + nonce)
      .digest('hex'),
    'x-humanapi-timestamp': timestamp,
    'x-humanapi-nonce': nonce,
  };
}
