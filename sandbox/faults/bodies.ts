import { finished, pipeline, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBrotliCompress, createDeflate, createGzip } from 'node:zlib';

/** The body of a response. */
export type Payload = Buffer | Readable;

/** Lets the bytes reach the client before the connection breaks. */
const FLUSH_MS = 50;

/** The first bytes of a body, as if they were all. */
export async function* firstBytes(payload: Payload, bytes: number): AsyncGenerator<Buffer> {
  let remaining = bytes;
  try {
    for await (const chunk of Buffer.isBuffer(payload) ? [payload] : payload) {
      if (remaining <= 0) return;
      const part = Buffer.from(chunk).subarray(0, remaining);
      remaining -= part.length;
      yield part;
    }
  } finally {
    discard(payload);
  }
}

/** The first bytes of a body, then calls `cut`, which breaks the connection. */
export async function* cutAfter(payload: Payload, bytes: number, cut: () => void): AsyncGenerator<Buffer> {
  yield* firstBytes(payload, bytes);
  await sleep(FLUSH_MS);
  cut();
}

/** Destroys a stream that will not be sent. */
export function discard(payload: unknown): void {
  if (payload === null || typeof payload !== 'object' || !('destroy' in payload)) return;
  const stream = payload as Readable;
  finished(stream, () => {});
  stream.destroy();
}

/** The HTML page of a proxy. */
export function proxyPage(status: number): string {
  const title = `${status} ${status < 400 ? 'Please sign in' : 'Bad Gateway'}`;
  return `<!doctype html>\n<html><head><title>${title}</title></head>\n<body><center><h1>${title}</h1></center><hr><center>edge proxy</center></body></html>\n`;
}

/** The JSON error of a gateway, in neither of upstream's error forms. */
export const GATEWAY_BODY = '{"message":"Bad Request"}';

/** The body of a gateway that compresses without being asked to. */
export function compress(payload: Payload, as: 'gzip' | 'deflate' | 'br'): Readable {
  const compressor = { gzip: createGzip, deflate: createDeflate, br: createBrotliCompress }[as]();
  // pipeline destroys the source if the response is aborted.
  pipeline(Buffer.isBuffer(payload) ? Readable.from([payload]) : payload, compressor, () => {});
  return compressor;
}

/** A well-formed body with other content than requested. */
export function wrongBody(contentType: string): string {
  return contentType.includes('json')
    ? '{"unexpected":{"content":["not","what","was","requested"]}}'
    : 'Unexpected content.\n';
}
