import { Agent, type Dispatcher } from 'undici';
import type { AttemptResult } from '../domain/event-log';
import { guardedLookup, PrivateAddress, rejectPrivateHost } from './private-addresses';
import type { Endpoint, EventsSettings } from './settings';
import { signEvent } from './signature';

/** Sends an event once. Every failure is a result. */
export interface EventSender {
  send(endpoint: Endpoint, event: { readonly id: string; readonly body: string }): Promise<AttemptResult>;
  close(): Promise<void>;
}

interface SenderOptions {
  readonly timeoutMs?: number;
  readonly lookup?: Parameters<typeof guardedLookup>[1];
  readonly nowMs?: () => number;
}

/** For everything: the connection, the request, the answer. */
const TIMEOUT_MS = 15_000;
/** The most concurrent requests to one endpoint of a process. */
const MAX_CONNECTIONS = 50;
/** An answer has no content that counts; a larger one ends the connection. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** The statuses whose Retry-After counts. */
const WAITING_STATUSES = [429, 503];

/** What became of a request, by the code of undici, of the socket or of DNS. */
const FAILURES: readonly (readonly [failure: string, codes: RegExp])[] = [
  ['private-address', /^PRIVATE_ADDRESS$/],
  ['timeout', /TIMEOUT|TimeoutError|AbortError|ETIMEDOUT|ABORT/],
  ['connection-refused', /^ECONNREFUSED$/],
  ['dns', /^(ENOTFOUND|EAI_\w+)$/],
  ['tls', /CERT|TLS|SSL|ERR_SSL|SELF_SIGNED|UNABLE_TO|ALTNAME/],
  ['invalid-answer', /^HPE_|HTTPParserError|UND_ERR_HEADERS_OVERFLOW/],
  ['connection-closed', /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/],
  ['unreachable', /^E(HOST|NET)UNREACH$/],
];

export function createEventSender(
  { secrets, allowPrivate }: Pick<EventsSettings, 'secrets' | 'allowPrivate'>,
  { timeoutMs = TIMEOUT_MS, lookup, nowMs = Date.now }: SenderOptions = {},
): EventSender {
  const agent = new Agent({
    connections: MAX_CONNECTIONS,
    pipelining: 1,
    connect: { timeout: timeoutMs, lookup: guardedLookup(allowPrivate, lookup) },
    maxResponseSize: MAX_ANSWER_BYTES,
  });
  return {
    async send({ url }, event) {
      const startMs = nowMs();
      const toResult = (status: number | null, failure: string | null, retryAfterMs: number | null): AttemptResult => ({
        at: new Date(startMs).toISOString(),
        status,
        failure,
        durationMs: nowMs() - startMs,
        retryAfterMs,
      });
      try {
        const { origin, pathname, search, hostname } = new URL(url);
        rejectPrivateHost(hostname, allowPrivate);
        const signal = AbortSignal.timeout(timeoutMs);
        const headers = {
          'content-type': 'application/json',
          'user-agent': 'Chartway',
          ...signEvent(event, secrets, startMs),
        };
        const request = { origin, path: `${pathname}${search}`, method: 'POST', headers, body: event.body, signal };
        const answer = await agent.request(request as Dispatcher.RequestOptions);
        const { statusCode } = answer;
        // The status decides; a body that is cut off or too long changes nothing.
        await answer.body.dump({ limit: MAX_ANSWER_BYTES, signal }).catch(() => undefined);
        if (statusCode >= 200 && statusCode < 300) return toResult(statusCode, null, null);
        const failure = statusCode >= 300 && statusCode < 400 ? 'redirect' : 'status';
        return toResult(statusCode, failure, retryAfterMs(answer, nowMs()));
      } catch (error) {
        return toResult(null, failureOf(error), null);
      }
    },
    close: () => agent.close(),
  };
}

/** A number of seconds or a date; null if it does not count. */
function retryAfterMs({ statusCode, headers }: Dispatcher.ResponseData, nowMs: number): number | null {
  const text = headers['retry-after'];
  if (!WAITING_STATUSES.includes(statusCode) || typeof text !== 'string') return null;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

/** A code without values of the request or the answer. */
function failureOf(error: unknown): string {
  if (error instanceof PrivateAddress) return 'private-address';
  const { code, name, cause } = (error ?? {}) as { code?: unknown; name?: unknown; cause?: unknown };
  const text = [code, name].find((value) => typeof value === 'string') ?? '';
  const found = FAILURES.find(([, codes]) => codes.test(String(text)))?.[0];
  if (found !== undefined) return found;
  return cause === undefined ? 'failed' : failureOf(cause);
}
