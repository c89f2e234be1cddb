import { pipeline, Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { type CallFacts, Unavailable } from '../upstream/errors';

/** A body rarely has two. */
const MAX_CODINGS = 2;
const CODINGS = ['gzip', 'x-gzip', 'deflate', 'br'] as const;
type Coding = (typeof CODINGS)[number];
/** Values that servers send for a body without a coding. */
const NO_CODINGS: ReadonlySet<string> = new Set(['', 'identity', 'none', 'utf-8', 'binary']);
const GZIP_FIRST_BYTE = 0x1f;

/** The codings of a `Content-Encoding`, in the order they were applied. @throws Unavailable for an unknown one */
export function parseCodings(facts: CallFacts, header: string): Coding[] {
  const names = header.split(',').map((name) => name.trim().toLowerCase());
  const codings = names.filter((name) => !NO_CODINGS.has(name));
  if (codings.length <= MAX_CODINGS && codings.every(isCoding)) return codings;
  throw new Unavailable(facts, 'expected a Content-Encoding of gzip, deflate or br, or none');
}

function isCoding(name: string): name is Coding {
  return (CODINGS as readonly string[]).includes(name);
}

/** Decodes a body chunk by chunk; the reader limits the size. @throws zlib's errors for an invalid or truncated body */
export function decodeBody(body: Readable, codings: readonly Coding[]): AsyncIterable<Uint8Array> {
  return [...codings].reverse().reduce<AsyncIterable<Uint8Array>>(decode, body);
}

async function* decode(source: AsyncIterable<Uint8Array>, coding: Coding): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  // An empty body is empty in any coding.
  if (first.done) return;
  const encoded = joinChunks(first.value, chunks);
  // A proxy may decode the body and keep the header.
  if (coding.endsWith('gzip') && first.value[0] !== GZIP_FIRST_BYTE) return yield* encoded;
  const decoder = createDecoder(coding, first.value);
  // The decoder emits the errors of both streams, and destroys the source if the reader stops.
  pipeline(Readable.from(encoded), decoder, () => {});
  yield* decoder as AsyncIterable<Uint8Array>;
}

async function* joinChunks(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

function createDecoder(coding: Coding, first: Uint8Array): Transform {
  if (coding === 'br') return createBrotliDecompress();
  if (coding !== 'deflate') return createGunzip();
  // RFC 9110 8.4.1.2: deflate has a zlib header, which some senders omit.
  return ((first[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw();
}
