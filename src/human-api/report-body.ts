import type { Readable } from 'node:stream';
import { BadDocument, type CallFacts, Unavailable, UpstreamError } from '../upstream/errors';
import { toUnavailable } from './network-failure';

/** The bytes of a report on their way in, never held in memory as a whole. Either read `stream` to its end or discard it. */
export interface ReportBody {
  /** As sent; empty where upstream sent none. */
  readonly contentType: string;
  /** The document's length in bytes as announced; null where upstream did not say, or sent it encoded. */
  readonly contentLength: number | null;
  /** @throws Unavailable on a reset, a stall or other than the announced length; BadDocument beyond the size cap */
  readonly stream: AsyncIterable<Uint8Array>;
  /** Ends the connection; harmless at any time. */
  discard(): Promise<void>;
}

/** What the answer's headers say of its body. */
interface BodyHeaders {
  readonly contentType: string;
  readonly contentLength: number | null;
}

/** The body of an answer, and the bytes of the document in it. */
interface BodySource {
  readonly body: Readable;
  /** Inflated; throws undici's and zlib's errors, among them undici's for a body that stalls. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Wraps the body of an answer. */
export function reportBody(
  facts: CallFacts,
  headers: BodyHeaders,
  { body, bytes }: BodySource,
  maxBytes: number,
): ReportBody {
  return {
    ...headers,
    stream: measured(facts, headers.contentLength, bytes, maxBytes),
    discard: async () => {
      body.destroy();
    },
  };
}

async function* measured(
  facts: CallFacts,
  contentLength: number | null,
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  try {
    for await (const chunk of source) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw new BadDocument(facts, `the report is larger than ${maxBytes} bytes`);
      yield chunk;
    }
  } catch (error) {
    throw error instanceof UpstreamError ? error : toUnavailable(facts, error);
  }
  if (contentLength !== null && bytes !== contentLength) {
    throw new Unavailable(facts, `expected ${contentLength} bytes, ${bytes} came`);
  }
}
