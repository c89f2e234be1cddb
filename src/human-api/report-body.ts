import type { Readable } from 'node:stream';
import { BadDocument, type CallFacts, HumanApiError, Unavailable } from './errors';
import { networkFailure } from './network-failure';

/** The bytes of a report on their way in, never held in memory as a whole. Either read `stream` to its end or discard it. */
export interface ReportBody {
  /** As sent; empty where upstream sent none. */
  readonly contentType: string;
  /** Bytes announced, null where upstream did not say. */
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

/** Wraps the body of an answer. `source` throws undici's errors, among them its own for a body that stalls. */
export function reportBody(facts: CallFacts, headers: BodyHeaders, source: Readable, maxBytes: number): ReportBody {
  // A body that is discarded or breaks while nobody reads it must not become an uncaught error.
  source.on('error', () => {});
  return {
    ...headers,
    stream: measured(facts, headers.contentLength, source, maxBytes),
    discard: async () => {
      source.destroy();
    },
  };
}

async function* measured(
  facts: CallFacts,
  contentLength: number | null,
  source: Readable,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  try {
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw new BadDocument(facts, `the report is larger than ${maxBytes} bytes`);
      yield chunk;
    }
  } catch (error) {
    throw error instanceof HumanApiError ? error : networkFailure(facts, error);
  }
  if (contentLength !== null && bytes !== contentLength) {
    throw new Unavailable(facts, `expected ${contentLength} bytes, ${bytes} came`);
  }
}
