import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { withDeadline } from '../process/deadline';

/**
 * A body without its content codings. If one cannot be decoded, `bytes` still have it and `expected` is the text of the error: a proxy may
 * decompress the body and keep the header, so that is a fault only if the bytes are not JSON either.
 */
export type Inflated =
  | { readonly kind: 'plain'; readonly bytes: Buffer; readonly expected: string | null }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'too-slow' };

/** Runs outside the event loop and stops at `maxOutputLength`, so that a bomb costs no more than a body of that size. */
type Decoder = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const GZIP: Decoder = promisify(gunzip);
const ZLIB: Decoder = promisify(inflate);
const DEFLATE: Decoder = promisify(inflateRaw);
const BROTLI: Decoder = promisify(brotliDecompress);

/** The sender may compress once, and a proxy once more. */
const MAX_LAYERS = 2;
const CODINGS = new Set(['gzip', 'x-gzip', 'deflate', 'br']);
const EXPECTED_CODING = 'Content-Encoding gzip, deflate, br or none';
const EXPECTED_BODY = 'a whole body in the Content-Encoding that it declares';

/**
 * Decodes the content codings of a body. The bytes decide if they contradict the header. `maxBytes`: of the decoded body; `untilMs`: the
 * deadline, ms since 1970. Never throws.
 */
export async function inflateBody(
  sent: Buffer,
  header: string | undefined,
  { maxBytes, untilMs }: { readonly maxBytes: number; readonly untilMs: number },
): Promise<Inflated> {
  const codings = parseCodings(header);
  if (codings.length === 0 && !isGzip(sent)) return { kind: 'plain', bytes: sent, expected: null };
  return withDeadline(decodeLayers(sent, codings, maxBytes), untilMs, () => ({ kind: 'too-slow' as const }));
}

/** In the order in which they were applied. */
function parseCodings(header: string | undefined): string[] {
  const codings = (header ?? '').split(',').map((coding) => coding.trim().toLowerCase());
  return codings.filter((coding) => coding !== '' && coding !== 'identity');
}

async function decodeLayers(sent: Buffer, declared: readonly string[], maxBytes: number): Promise<Inflated> {
  const codings = [...declared];
  const isKnown = declared.length <= MAX_LAYERS && declared.every((coding) => CODINGS.has(coding));
  let bytes = sent;
  let expected = isKnown ? null : EXPECTED_CODING;
  for (let layer = 0; layer < MAX_LAYERS; layer += 1) {
    const coding = codings.pop();
    const decode = selectDecoder(bytes, coding);
    try {
      if (decode !== null) bytes = await decode(bytes, { maxOutputLength: maxBytes });
      else if (coding !== undefined) expected ??= EXPECTED_BODY;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return { kind: 'too-large' };
      expected ??= EXPECTED_BODY;
    }
  }
  return { kind: 'plain', bytes, expected };
}

/** Null: the bytes do not have this coding, or it is unknown. */
function selectDecoder(bytes: Buffer, coding: string | undefined): Decoder | null {
  if (isGzip(bytes)) return GZIP;
  if (coding === undefined || !CODINGS.has(coding)) return null;
  if (coding === 'br') return BROTLI;
  if (isZlib(bytes)) return ZLIB;
  // "deflate" means zlib's format (RFC 9110, 8.4.1.2); some senders omit its header.
  return coding === 'deflate' && !startsLikeJson(bytes) ? DEFLATE : null;
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** RFC 1950, 2.2: method 8, and a checksum over two bytes. */
function isZlib([method = 0, flags = 0]: Buffer): boolean {
  return (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0;
}

/** No raw deflate data of a notification starts with these bytes. */
function startsLikeJson([first]: Buffer): boolean {
  return first !== undefined && '{["'.includes(String.fromCharCode(first));
}
