import { LRUCache } from 'lru-cache';
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
import { parseRetryAfterMs } from './retry-after';

interface ExchangeSettings {
  /** Each may have a path prefix. */
  readonly baseUrls: Readonly<Record<Call['host'], string>>;
  readonly timeoutMs: number;
  readonly maxReportBytes: number;
}

/** A list of ten thousand reports has about 3 MB. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;
const MAX_JSON_BYTES = 5 * 1024 * 1024;
/** The success statuses that Human API documents, for all calls together. */
const SUCCESSES: readonly number[] = [200, 201, 202, 204];
/** The maximum number of paths whose `Retry-After` is remembered. */
const MAX_HOLDS = 10_000;

/** How to read the content of an answer. */
interface ContentReader<Content> {
  readonly accepts: (status: number) => boolean;
  readonly read: (facts: CallFacts, answer: Dispatcher.ResponseData) => Promise<Content>;
  /** Returns the error that came instead of the content. */
  readonly findError?: (content: Content) => ErrorBody | null;
}

/**
 * HTTP with Human API: only the three configured base URLs, no redirects, no retries (Temporal retries), limited time and size, and no second
 * call to a path while its `Retry-After` runs.
 */
export class Exchange {
  readonly #settings: ExchangeSettings;
  readonly #now: () => number;
  readonly #dispatchers: Dispatchers;
  /** When each path may be called again, by method and URL. */
  readonly #holds = new LRUCache<string, number>({ max: MAX_HOLDS });

  constructor(settings: ExchangeSettings, now: () => number, dispatchers: Dispatchers) {
    this.#settings = settings;
    this.#now = now;
    this.#dispatchers = dispatchers;
  }

  /** Reads the complete answer, at most 64 MiB of a `list` and 5 MiB of anything else. @throws RateLimited, Unavailable */
  requestBody(call: Call, kind: 'list' | 'one' = 'one'): Promise<Reply<Buffer>> {
    const maxBytes = kind === 'list' ? MAX_LIST_BYTES : MAX_JSON_BYTES;
    return this.#exchange(call, {
      accepts: (status) => SUCCESSES.includes(status),
      read: async (facts, answer) => {
        const bytes = await readBytes(readableBody(facts, answer), maxBytes + 1);
        if (bytes.length <= maxBytes) return bytes;
        throw new Unavailable(facts, `the answer is larger than ${maxBytes} bytes`);
      },
      findError: findErrorInSuccess,
    });
  }

  /** Returns the body of a 200 unread: the timeout covers the wait for the header only. @throws RateLimited, Unavailable */
  openBody(call: Call): Promise<Reply<ReportBody>> {
    return this.#exchange(call, {
      accepts: (status) => status === 200,
      read: async (facts, answer) => {
        const contentType = readHeader(answer, 'content-type') ?? '';
        const announced = readHeader(answer, 'content-length');
        // The length of an encoded body is not the document's; undici checks it.
        const isEncoded = readCodings(facts, answer).length > 0;
        const contentLength = announced === null || isEncoded ? null : Number(announced);
        const source = { body: answer.body, bytes: readableBody(facts, answer) };
        return reportBody(facts, { contentType, contentLength }, source, this.#settings.maxReportBytes);
      },
    });
  }

  /** Ends all connections at once; running calls fail with Unavailable. */
  async close(): Promise<void> {
    await this.#dispatchers.destroy();
  }

  async #exchange<Content>(call: Call, { accepts, read, findError }: ContentReader<Content>): Promise<Reply<Content>> {
    const { timeoutMs, baseUrls } = this.#settings;
    let facts: CallFacts = { method: call.method, route: call.route, status: null, requestId: null };
    const { origin, path, query } = buildTarget(baseUrls[call.host], call, facts);
    const holdKey = `${call.method} ${origin}${path}`;
    const holdMs = (this.#holds.get(holdKey) ?? 0) - this.#now();
    if (holdMs > 0) throw new RateLimited(facts, holdMs);

    const { dispatcher, isProxied } = this.#dispatchers.to(origin);
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    let answer: Dispatcher.ResponseData | null = null;
    try {
      answer = await dispatcher.request({
        ...buildMessage(call),
        origin,
        path: path + query,
        signal: timeout.signal,
        headersTimeout: 0, // The timer above covers the wait for the headers.
        bodyTimeout: timeoutMs, // A report is read after the timer has ended, but its bytes must not stall.
      });
      const requestId = parseRequestId(readHeader(answer, 'x-humanapi-request-id'));
      facts = { ...facts, status: answer.statusCode, requestId };
      if (accepts(answer.statusCode)) {
        const content = await read(facts, answer);
        const error = findError?.(content) ?? null;
        return error === null ? { facts, errorBody: null, content } : errorReply(error, facts);
      }
      const reply = errorReply(await readError(facts, answer), facts);
      this.#obeyRetryAfter(reply.facts, answer, holdKey);
      return reply;
    } catch (error) {
      answer?.body.on('error', () => {}).destroy();
      if (error instanceof UpstreamError) throw error;
      throw timeout.signal.aborted ? toTimeout(facts, timeoutMs) : toUnavailable(facts, error, isProxied);
    } finally {
      clearTimeout(timer);
    }
  }

  /** After 429, or 503 with a `Retry-After`, no caller in this process calls the path before then. */
  #obeyRetryAfter(facts: CallFacts, answer: Dispatcher.ResponseData, holdKey: string): void {
    const header = readHeader(answer, 'retry-after');
    if (facts.status !== 429 && !(facts.status === 503 && header !== null)) return;
    const waitMs = parseRetryAfterMs(header, this.#now());
    if (waitMs !== null) this.#holds.set(holdKey, this.#now() + waitMs);
    throw new RateLimited(facts, waitMs);
  }
}

function errorReply(errorBody: ErrorBody, facts: CallFacts): Reply<never> {
  return { facts: { ...facts, requestId: errorBody.requestId ?? facts.requestId }, errorBody, content: null };
}

/** If the body is truncated or cannot be decoded, the status is enough. */
async function readError(facts: CallFacts, answer: Dispatcher.ResponseData): Promise<ErrorBody> {
  try {
    const bytes = await readBytes(readableBody(facts, answer), MAX_ENVELOPE_BYTES);
    return readErrorBody(readHeader(answer, 'content-type') ?? '', bytes);
  } catch {
    return { kind: 'other', requestId: null, keys: [] };
  }
}

/** The decoded bytes of an answer. A connection that fails while no one reads must not cause an uncaught error. */
function readableBody(facts: CallFacts, answer: Dispatcher.ResponseData): AsyncIterable<Uint8Array> {
  answer.body.on('error', () => {});
  return decodeBody(answer.body, readCodings(facts, answer));
}

function readCodings(facts: CallFacts, { headers }: Dispatcher.ResponseData) {
  return parseCodings(facts, [headers['content-encoding'] ?? []].flat().join());
}

/** Reads up to `limit` bytes. A longer body ends the connection. */
async function readBytes(body: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
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
