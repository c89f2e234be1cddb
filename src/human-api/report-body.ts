import type { Readable } from 'node:stream';
import { BadDocument, type CallFacts, Unavailable, UpstreamError } from '../upstream/errors';
import type { ReportBody } from '../upstream/port';
import { toUnavailable } from './network-failure';

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
