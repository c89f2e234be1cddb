import { gunzipSync } from 'node:zlib';

/** A canary, and the form in which it was found. */
export interface CanaryMatch {
  readonly canary: string;
  readonly form: string;
}

const GZIP_START = Buffer.from([0x1f, 0x8b, 0x08]);
/** Limit of nested gzip streams. */
const MAX_DEPTH = 3;

/** Looks for each canary in `bytes`: plain, in base64 at each of its alignments, hex, URL-encoded, JSON-escaped, UTF-16, and within gzip. */
export function scan(bytes: Buffer, canaries: readonly string[], depth = MAX_DEPTH): readonly CanaryMatch[] {
  const matches = canaries.flatMap((canary) =>
    Object.entries(formsOf(canary))
      .filter(([, needle]) => bytes.includes(needle))
      .map(([form]) => ({ canary, form })),
  );
  if (depth === 0) return matches;
  return [...matches, ...gzipStreamsIn(bytes).flatMap((stream) => scan(stream, canaries, depth - 1))];
}

function formsOf(canary: string): Readonly<Record<string, Buffer>> {
  const plain = Buffer.from(canary);
  const utf16 = Buffer.from(canary, 'utf16le');
  const escaped = [...canary].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
  return {
    plain,
    json: Buffer.from(JSON.stringify(canary).slice(1, -1)),
    'json, every character': Buffer.from(escaped),
    url: Buffer.from(encodeURIComponent(canary)),
    hex: Buffer.from(plain.toString('hex')),
    'hex, upper case': Buffer.from(plain.toString('hex').toUpperCase()),
    'utf-16, little-endian': utf16,
    'utf-16, big-endian': Buffer.from(utf16).swap16(),
    ...Object.fromEntries([0, 1, 2].map((at) => [`base64 at ${at}`, base64At(plain, at)])),
    ...Object.fromEntries([0, 1, 2].map((at) => [`base64url at ${at}`, base64At(plain, at, 'base64url')])),
  };
}

/** The digits that depend only on the canary, if it starts `at` bytes into a group of three. */
function base64At(plain: Buffer, at: number, alphabet: 'base64' | 'base64url' = 'base64'): Buffer {
  const text = Buffer.concat([Buffer.alloc(at), plain])
    .toString(alphabet)
    .replace(/=+$/, '');
  const before = at === 0 ? 0 : at + 1;
  const shared = (at + plain.length) % 3 === 0 ? 0 : 1;
  return Buffer.from(text.slice(before, text.length - shared));
}

function gzipStreamsIn(bytes: Buffer): readonly Buffer[] {
  const streams: Buffer[] = [];
  for (let at = bytes.indexOf(GZIP_START); at >= 0; at = bytes.indexOf(GZIP_START, at + 1)) {
    try {
      streams.push(gunzipSync(bytes.subarray(at), { maxOutputLength: 64 * 1024 * 1024 }));
    } catch {
      // No gzip stream, or a stream with bytes after it.
      streams.push(...readStream(bytes.subarray(at)));
    }
  }
  return streams;
}

/** Decompresses a stream with bytes after it. */
function readStream(bytes: Buffer): readonly Buffer[] {
  try {
    return [gunzipSync(bytes, { finishFlush: 2, maxOutputLength: 64 * 1024 * 1024 })];
  } catch {
    return [];
  }
}
