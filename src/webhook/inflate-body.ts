import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';

/**
 * A body without its content codings. `plain`: where one could not be undone, `bytes` still have it, and `expected` says what was expected:
 * a proxy may inflate the body and leave the header, so only bytes that are no JSON either are a fault.
 */
export type Inflated =
  | { readonly kind: 'plain'; readonly bytes: Buffer; readonly expected: string | null }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'too-slow' };

/** Bytes of the inflated body; the time at which the result must be known, ms since 1970. */
interface Limits {
  readonly maxBytes: number;
  readonly untilMs: number;
}

/** Off the event loop; stops at `maxOutputLength`, so that a bomb costs no more than a body of that size. */
type Decoder = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const GZIP: Decoder = promisify(gunzip);
const ZLIB: Decoder = promisify(inflate);
const DEFLATE: Decoder = promisify(inflateRaw);
const BROTLI: Decoder = promisify(brotliDecompress);

/** A sender compresses once, and a proxy perhaps once more. */
const MOST_LAYERS = 2;
const CODINGS = new Set(['gzip', 'x-gzip', 'deflate', 'br']);
const EXPECTED_CODING = 'Content-Encoding gzip, deflate, br or none';
const EXPECTED_BODY = 'a whole body in the Content-Encoding that it declares';

/** Undoes the content codings of a body. The bytes decide where they contradict the header. Never throws. */
export async function inflateBody(
  sent: Buffer,
  header: string | undefined,
  { maxBytes, untilMs }: Limits,
): Promise<Inflated> {
  const codings = codingsIn(header);
  if (codings.length === 0 && !isGzip(sent)) return { kind: 'plain', bytes: sent, expected: null };
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<Inflated>((resolve) => {
    timer = setTimeout(resolve, untilMs - Date.now(), { kind: 'too-slow' });
  });
  return Promise.race([undo(sent, codings, maxBytes), timeUp]).finally(() => clearTimeout(timer));
}

/** In the order in which they were applied. */
function codingsIn(header: string | undefined): string[] {
  const codings = (header ?? '').split(',').map((coding) => coding.trim().toLowerCase());
  return codings.filter((coding) => coding !== '' && coding !== 'identity');
}

async function undo(sent: Buffer, codings: readonly string[], maxBytes: number): Promise<Inflated> {
  const left = [...codings];
  let bytes = sent;
  let expected =
    codings.length > MOST_LAYERS || !codings.every((coding) => CODINGS.has(coding)) ? EXPECTED_CODING : null;
  for (let layer = 0; layer < MOST_LAYERS; layer += 1) {
    const coding = left.pop();
    const decode = decoderOf(bytes, coding);
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

/** Null: the bytes do not have this coding, or it is none that is known. */
function decoderOf(bytes: Buffer, coding: string | undefined): Decoder | null {
  if (isGzip(bytes)) return GZIP;
  if (coding === undefined || !CODINGS.has(coding)) return null;
  if (coding === 'br') return BROTLI;
  if (isZlib(bytes)) return ZLIB;
  // "deflate" means zlib's format (RFC 9110, 8.4.1.2); some senders leave its header out.
  return coding === 'deflate' && !beginsAsJson(bytes) ? DEFLATE : null;
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** RFC 1950, 2.2: method 8, and a checksum over two bytes. */
function isZlib([method = 0, flags = 0]: Buffer): boolean {
  return (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0;
}

/** No deflated notice begins with these bytes. */
function beginsAsJson([first]: Buffer): boolean {
  return first !== undefined && '{["'.includes(String.fromCharCode(first));
}
