import type { Readable } from 'node:stream';
import { BadDocument, type CallFacts, Unavailable, UpstreamError } from '../upstream/errors';
import type { ReportBody } from '../upstream/port';
import { toUnavailable } from './network-failure';

/** Wraps the body of an answer. `bytes`: the decoded document. */
export function reportBody(
  facts: CallFacts,
  headers: Pick<ReportBody, 'contentType' | 'contentLength'>,
  { body, bytes }: { readonly body: Readable; readonly bytes: AsyncIterable<Uint8Array> },
  maxBytes: number,
): ReportBody {
  return {
    ...headers,
    stream: checkLength(facts, headers.contentLength, bytes, maxBytes),
    discard: async () => {
      body.destroy();
    },
  };
}

async function* checkLength(
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
    throw new Unavailable(facts, `expected ${contentLength} bytes, received ${bytes}`);
  }
}
