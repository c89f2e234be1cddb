import { finished, pipeline, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBrotliCompress, createDeflate, createGzip } from 'node:zlib';

/** What a handler gives to be sent, once it is bytes. */
export type Payload = Buffer | Readable;

/** For the bytes before it to reach the other side before the connection breaks. */
const ON_THE_WAY_MS = 50;

/** The first bytes of a body, and then its end as if nothing were missing. */
export async function* beginningOf(payload: Payload, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  try {
    for await (const chunk of Buffer.isBuffer(payload) ? [payload] : payload) {
      if (left <= 0) return;
      const taken = Buffer.from(chunk).subarray(0, left);
      left -= taken.length;
      yield taken;
    }
  } finally {
    discard(payload);
  }
}

/** The first bytes of a body, and then `cut`, which breaks the connection. */
export async function* cutAfter(payload: Payload, bytes: number, cut: () => void): AsyncGenerator<Buffer> {
  yield* beginningOf(payload, bytes);
  await sleep(ON_THE_WAY_MS);
  cut();
}

/** Lets go of what is not sent after all. */
export function discard(payload: unknown): void {
  if (payload === null || typeof payload !== 'object' || !('destroy' in payload)) return;
  const stream = payload as Readable;
  finished(stream, () => {});
  stream.destroy();
}

/** A page as proxies show it, which no client of an API expects. */
export function proxyPage(status: number): string {
  const title = `${status} ${status < 400 ? 'Please sign in' : 'Bad Gateway'}`;
  return `<!doctype html>\n<html><head><title>${title}</title></head>\n<body><center><h1>${title}</h1></center><hr><center>edge proxy</center></body></html>\n`;
}

/** What a gateway says in JSON of its own, in neither of upstream's envelopes. */
export const GATEWAY_BODY = '{"message":"Bad Request"}';

/** A body as a gateway sends it that compresses what no one asked it to compress. */
export function compressed(payload: Payload, as: 'gzip' | 'deflate' | 'br'): Readable {
  const made = { gzip: createGzip, deflate: createDeflate, br: createBrotliCompress }[as]();
  // An aborted answer destroys one end, and with it the other.
  pipeline(Buffer.isBuffer(payload) ? Readable.from([payload]) : payload, made, () => {});
  return made;
}

/** Well-formed, and nothing of what was asked for. */
export function wrongBody(contentType: string): string {
  return contentType.includes('json') ? '{"unexpected":{"nobody":["asked","for","this"]}}' : 'Nobody asked for this.\n';
}
