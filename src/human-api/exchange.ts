import type { Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import { type CallFacts, HumanApiError, RateLimited, Unavailable } from './errors';
import { networkFailure, timedOut } from './network-failure';
import { type Refusal, readRefusal } from './refusal';
import type { Reply } from './reply';
import { type ReportBody, reportBody } from './report-body';
import { type Call, messageOf, pathOf } from './request';
import { Holds, retryAfterMs } from './retry-after';

/** The three base URLs, each with the path prefix it may have, and the bounds of an exchange. */
interface ExchangeSettings {
  readonly baseUrls: Readonly<Record<Call['host'], string>>;
  readonly timeoutMs: number;
  readonly maxReportBytes: number;
}

/** A list of ten thousand reports is about 3 MB; beyond this an answer is not one we can use. */
const MAX_JSON_BYTES = 5 * 1024 * 1024;
/** An envelope is a few hundred bytes; the rest of a proxy's page is not worth reading. */
const MAX_REFUSAL_BYTES = 64 * 1024;
/** A host that takes no connection for this long is down, however patient we are with its answers. */
const LONGEST_CONNECT_MS = 10_000;
/** As many as a worker has activity slots by default, so that no call waits for a connection while others download. */
const MOST_CONNECTIONS = 100;

/** How to take what was asked for from an answer. */
interface Reading<Content> {
  readonly accepts: (status: number) => boolean;
  readonly read: (facts: CallFacts, answer: Dispatcher.ResponseData) => Promise<Content>;
}

/**
 * HTTP with Human API, written once: three configured base URLs and no other address, no redirects, no retries (Temporal retries),
 * bounded time and size, and no second call to a path while upstream's `Retry-After` for it runs.
 */
export class Exchange {
  readonly #settings: ExchangeSettings;
  readonly #now: () => number;
  readonly #dispatcher: Dispatcher;
  readonly #holds = new Holds();

  constructor(settings: ExchangeSettings, now: () => number, dispatcher?: Dispatcher) {
    this.#settings = settings;
    this.#now = now;
    const connect = { timeout: Math.min(settings.timeoutMs, LONGEST_CONNECT_MS) };
    this.#dispatcher = dispatcher ?? new Agent({ connections: MOST_CONNECTIONS, pipelining: 1, connect });
  }

  /** Asks and reads the whole answer; every 2xx is content. @throws RateLimited, Unavailable */
  ask(call: Call): Promise<Reply<Buffer>> {
    return this.#exchange(call, {
      accepts: (status) => status >= 200 && status < 300,
      read: async (facts, answer) => {
        const bytes = await firstBytes(answer.body, MAX_JSON_BYTES + 1);
        if (bytes.length <= MAX_JSON_BYTES) return bytes;
        throw new Unavailable(facts, `expected an answer of at most ${MAX_JSON_BYTES} bytes, more came`);
      },
    });
  }

  /** Asks and hands over the body of a 200 unread: the time-out bounds the wait for its beginning. @throws RateLimited, Unavailable */
  open(call: Call): Promise<Reply<ReportBody>> {
    return this.#exchange(call, {
      accepts: (status) => status === 200,
      read: async (facts, answer) => {
        const length = headerOf(answer, 'content-length');
        const contentLength = length === null ? null : Number(length);
        const contentType = headerOf(answer, 'content-type') ?? '';
        return reportBody(facts, { contentType, contentLength }, answer.body, this.#settings.maxReportBytes);
      },
    });
  }

  /** Ends every connection at once; calls under way fail as unavailable. */
  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  async #exchange<Content>(call: Call, { accepts, read }: Reading<Content>): Promise<Reply<Content>> {
    const { timeoutMs, baseUrls } = this.#settings;
    let facts: CallFacts = { method: call.method, route: call.route, status: null, requestId: null };
    const { origin, path, query } = pathOf(baseUrls[call.host], call, facts);
    const holdKey = `${call.method} ${origin}${path}`;
    const remainingMs = this.#holds.remainingMs(holdKey, this.#now());
    if (remainingMs !== null) throw new RateLimited(facts, remainingMs);

    const bound = new AbortController();
    const timer = setTimeout(() => bound.abort(), timeoutMs);
    let answer: Dispatcher.ResponseData | null = null;
    try {
      answer = await this.#dispatcher.request({
        ...messageOf(call),
        origin,
        path: path + query,
        signal: bound.signal,
        headersTimeout: 0, // The bound above covers the wait for the headers.
        bodyTimeout: timeoutMs, // A report is read after the bound, but its bytes must keep coming.
      });
      facts = { ...facts, status: answer.statusCode };
      if (accepts(answer.statusCode)) {
        refuseEncoded(facts, answer);
        return { facts, refusal: null, content: await read(facts, answer) };
      }
      this.#obeyRetryAfter(facts, answer, holdKey);
      const refusal = await refusalOf(answer);
      return { facts: { ...facts, requestId: refusal.requestId }, refusal, content: null };
    } catch (error) {
      answer?.body.on('error', () => {}).destroy();
      if (error instanceof HumanApiError) throw error;
      throw bound.signal.aborted ? timedOut(facts, timeoutMs) : networkFailure(facts, error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** 429, and 503 with a `Retry-After`: not to be asked again before, by anybody in this process. */
  #obeyRetryAfter(facts: CallFacts, answer: Dispatcher.ResponseData, holdKey: string): void {
    const header = headerOf(answer, 'retry-after');
    if (facts.status !== 429 && !(facts.status === 503 && header !== null)) return;
    const waitMs = retryAfterMs(header, this.#now());
    if (waitMs !== null) this.#holds.hold(holdKey, this.#now() + waitMs);
    throw new RateLimited(facts, waitMs);
  }
}

/** An error's body that breaks off still leaves its status, which says enough. */
async function refusalOf(answer: Dispatcher.ResponseData): Promise<Refusal> {
  const bytes = await firstBytes(answer.body, MAX_REFUSAL_BYTES).catch(() => Buffer.from('broken off'));
  return readRefusal(headerOf(answer, 'content-type') ?? '', bytes);
}

/** We ask for no encoding: bytes in one would be stored as they are, and be no document. */
function refuseEncoded(facts: CallFacts, answer: Dispatcher.ResponseData): void {
  const encoding = headerOf(answer, 'content-encoding') ?? 'identity';
  if (!/^\s*(identity)?\s*$/i.test(encoding)) throw new Unavailable(facts, 'expected no Content-Encoding, one came');
}

/** The body up to a limit; what lies beyond is not read and ends the connection. */
async function firstBytes(body: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  body.on('error', () => {});
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit);
}

function headerOf(answer: Dispatcher.ResponseData, name: string): string | null {
  const value = answer.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
