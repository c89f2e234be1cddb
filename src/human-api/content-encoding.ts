import { pipeline, Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { type CallFacts, Unavailable } from '../upstream/errors';

/** One inside the other is odd already. */
const MAX_CODINGS = 2;
const DECODERS = ['gzip', 'x-gzip', 'deflate', 'br'] as const;
type Coding = (typeof DECODERS)[number];
/** What servers write that is no coding of bytes. */
const NO_CODINGS: ReadonlySet<string> = new Set(['', 'identity', 'none', 'utf-8', 'binary']);
const GZIP_BEGINS = 0x1f;

/** The codings of a `Content-Encoding`, in the order they were applied; none for identity. @throws Unavailable for one that we cannot undo */
export function parseCodings(facts: CallFacts, header: string): Coding[] {
  const names = header.split(',').map((name) => name.trim().toLowerCase());
  const codings = names.filter((name) => !NO_CODINGS.has(name));
  if (codings.length <= MAX_CODINGS && codings.every(isCoding)) return codings;
  throw new Unavailable(facts, 'expected a Content-Encoding of gzip, deflate or br, or none; another one came');
}

function isCoding(name: string): name is Coding {
  return (DECODERS as readonly string[]).includes(name);
}

/** The body with its codings undone, a piece at a time: the reader bounds how much. @throws zlib's errors where it is cut off or none */
export function decodeBody(body: Readable, codings: readonly Coding[]): AsyncIterable<Uint8Array> {
  return [...codings].reverse().reduce<AsyncIterable<Uint8Array>>(inflated, body);
}

async function* inflated(source: AsyncIterable<Uint8Array>, coding: Coding): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  // An empty body is empty in any coding.
  if (first.done) return;
  const whole = chunksFrom(first.value, chunks);
  // A proxy may inflate the body and leave the header.
  if (coding.endsWith('gzip') && first.value[0] !== GZIP_BEGINS) return yield* whole;
  const decoder = createDecoder(coding, first.value);
  // What goes wrong on either side comes out of the decoder; a reader that stops ends the source.
  pipeline(Readable.from(whole), decoder, () => {});
  yield* decoder as AsyncIterable<Uint8Array>;
}

async function* chunksFrom(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
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
  // RFC 9110 8.4.1.2: deflate has a zlib header, and some senders leave it out.
  return ((first[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw();
}
