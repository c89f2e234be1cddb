import type { Dispatcher } from 'undici';
import { type CallFacts, RateLimited, Unavailable, UpstreamError } from '../upstream/errors';
import type { ReportBody } from '../upstream/port';
import { decodeBody, parseCodings } from './content-encoding';
import type { Dispatchers } from './dispatcher';
import { type ErrorBody, findErrorInSuccess, MAX_ENVELOPE_BYTES, parseRequestId, readErrorBody } from './error-body';
import { toTimeout, toUnavailable } from './network-failure';
import type { Reply } from './reply';
import { reportBody } from './report-body';
import { buildMessage, buildTarget, type Call } from './request';
import { RetryAfterHolds, retryAfterMs } from './retry-after';

/** The three base URLs, each with the path prefix it may have, and the bounds of an exchange. */
interface ExchangeSettings {
  readonly baseUrls: Readonly<Record<Call['host'], string>>;
  readonly timeoutMs: number;
  readonly maxReportBytes: number;
}

/** A list of ten thousand reports is about 3 MB; beyond this it is not one we can use. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;
/** Of any other answer. */
const MAX_JSON_BYTES = 5 * 1024 * 1024;
/** What upstream documents as success, for all calls together. */
const SUCCESSES: readonly number[] = [200, 201, 202, 204];

/** How to take what was asked for from an answer. */
interface Reading<Content> {
  readonly accepts: (status: number) => boolean;
  readonly read: (facts: CallFacts, answer: Dispatcher.ResponseData) => Promise<Content>;
  /** The error that came in place of the content. */
  readonly errorIn?: (content: Content) => ErrorBody | null;
}

/**
 * HTTP with Human API, written once: three configured base URLs and no other address, no redirects, no retries (Temporal retries),
 * bounded time and size, and no second call to a path while upstream's `Retry-After` for it runs.
 */
export class Exchange {
  readonly #settings: ExchangeSettings;
  readonly #now: () => number;
  readonly #ways: Dispatchers;
  readonly #holds = new RetryAfterHolds();

  constructor(settings: ExchangeSettings, now: () => number, ways: Dispatchers) {
    this.#settings = settings;
    this.#now = now;
    this.#ways = ways;
  }

  /** Asks and reads the whole answer, up to 64 MiB of a `list` and 5 MiB of any other. @throws RateLimited, Unavailable */
  requestBody(call: Call, of: 'list' | 'one' = 'one'): Promise<Reply<Buffer>> {
    const mostBytes = of === 'list' ? MAX_LIST_BYTES : MAX_JSON_BYTES;
    return this.#exchange(call, {
      accepts: (status) => SUCCESSES.includes(status),
      read: async (facts, answer) => {
        const bytes = await firstBytes(readableBody(facts, answer), mostBytes + 1);
        if (bytes.length <= mostBytes) return bytes;
        throw new Unavailable(facts, `expected an answer of at most ${mostBytes} bytes, more came`);
      },
      errorIn: findErrorInSuccess,
    });
  }

  /** Asks and hands over the body of a 200 unread: the time-out bounds the wait for its beginning. @throws RateLimited, Unavailable */
  openBody(call: Call): Promise<Reply<ReportBody>> {
    return this.#exchange(call, {
      accepts: (status) => status === 200,
      read: async (facts, answer) => {
        const contentType = readHeader(answer, 'content-type') ?? '';
        const announced = readHeader(answer, 'content-length');
        // Of encoded bytes the length is not the document's; undici holds it against what arrives.
        const isEncoded = readCodings(facts, answer).length > 0;
        const contentLength = announced === null || isEncoded ? null : Number(announced);
        const source = { body: answer.body, bytes: readableBody(facts, answer) };
        return reportBody(facts, { contentType, contentLength }, source, this.#settings.maxReportBytes);
      },
    });
  }

  /** Ends every connection at once; calls under way fail as unavailable. */
  async close(): Promise<void> {
    await this.#ways.destroy();
  }

  async #exchange<Content>(call: Call, { accepts, read, errorIn }: Reading<Content>): Promise<Reply<Content>> {
    const { timeoutMs, baseUrls } = this.#settings;
    let facts: CallFacts = { method: call.method, route: call.route, status: null, requestId: null };
    const { origin, path, query } = buildTarget(baseUrls[call.host], call, facts);
    const holdKey = `${call.method} ${origin}${path}`;
    const remainingMs = this.#holds.remainingMs(holdKey, this.#now());
    if (remainingMs !== null) throw new RateLimited(facts, remainingMs);

    const { dispatcher, isProxied } = this.#ways.to(origin);
    const bound = new AbortController();
    const timer = setTimeout(() => bound.abort(), timeoutMs);
    let answer: Dispatcher.ResponseData | null = null;
    try {
      answer = await dispatcher.request({
        ...buildMessage(call),
        origin,
        path: path + query,
        signal: bound.signal,
        headersTimeout: 0, // The bound above covers the wait for the headers.
        bodyTimeout: timeoutMs, // A report is read after the bound, but its bytes must keep coming.
      });
      const requestId = parseRequestId(readHeader(answer, 'x-humanapi-request-id'));
      facts = { ...facts, status: answer.statusCode, requestId };
      if (accepts(answer.statusCode)) {
        const content = await read(facts, answer);
        const error = errorIn?.(content) ?? null;
        return error === null ? { facts, refusal: null, content } : errorReply(error, facts);
      }
      const refused = errorReply(await readError(facts, answer), facts);
      this.#obeyRetryAfter(refused.facts, answer, holdKey);
      return refused;
    } catch (error) {
      answer?.body.on('error', () => {}).destroy();
      if (error instanceof UpstreamError) throw error;
      throw bound.signal.aborted ? toTimeout(facts, timeoutMs) : toUnavailable(facts, error, isProxied);
    } finally {
      clearTimeout(timer);
    }
  }

  /** 429, and 503 with a `Retry-After`: not to be asked again before, by anybody in this process. */
  #obeyRetryAfter(facts: CallFacts, answer: Dispatcher.ResponseData, holdKey: string): void {
    const header = readHeader(answer, 'retry-after');
    if (facts.status !== 429 && !(facts.status === 503 && header !== null)) return;
    const waitMs = retryAfterMs(header, this.#now());
    if (waitMs !== null) this.#holds.hold(holdKey, this.#now() + waitMs);
    throw new RateLimited(facts, waitMs);
  }
}

function errorReply(refusal: ErrorBody, facts: CallFacts): Reply<never> {
  return { facts: { ...facts, requestId: refusal.requestId ?? facts.requestId }, refusal, content: null };
}

/** An error's body that breaks off, or cannot be inflated, still leaves its status, which says enough. */
async function readError(facts: CallFacts, answer: Dispatcher.ResponseData): Promise<ErrorBody> {
  const bytes = await brokenOff(() => firstBytes(readableBody(facts, answer), MAX_ENVELOPE_BYTES));
  return readErrorBody(readHeader(answer, 'content-type') ?? '', bytes);
}

async function brokenOff(read: () => Promise<Buffer>): Promise<Buffer> {
  try {
    return await read();
  } catch {
    return Buffer.from('broken off');
  }
}

/** The bytes of an answer, inflated; what goes wrong with the connection while no one reads must not become an uncaught error. */
function readableBody(facts: CallFacts, answer: Dispatcher.ResponseData): AsyncIterable<Uint8Array> {
  answer.body.on('error', () => {});
  return decodeBody(answer.body, readCodings(facts, answer));
}

function readCodings(facts: CallFacts, { headers }: Dispatcher.ResponseData) {
  return parseCodings(facts, [headers['content-encoding'] ?? []].flat().join());
}

/** The body up to a limit; what lies beyond is not read and ends the connection. */
async function firstBytes(body: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit);
}

function readHeader(answer: Dispatcher.ResponseData, name: string): string | null {
  const value = answer.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
