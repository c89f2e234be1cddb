import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { parseInstantMs } from '../domain/instants';

/** How notices are signed. What upstream does not document is a setting: header names, encoding, the unit of the time. */
export interface SignatureScheme {
  /** Client secrets, any of which may have signed: several while one is replaced. */
  readonly secrets: readonly string[];
  /** Names in lower case. */
  readonly headers: { readonly signature: string; readonly timestamp: string; readonly nonce: string };
  readonly encoding: 'auto' | 'hex' | 'base64';
  readonly timeUnit: 'auto' | 's' | 'ms' | 'iso';
  /** How far the timestamp may be from our clock, either way. */
  readonly toleranceMs: number;
}

/**
 * Why a signature does not count. `missing`: no signature; `incomplete`: no timestamp or no nonce beside it; `wrong`: not made of this body
 * with a secret of ours, or not spelled as configured; `undated`: a timestamp that cannot be read; `stale`: too far from our clock.
 */
export type SignatureFault = 'missing' | 'incomplete' | 'wrong' | 'undated' | 'stale';

/** A good signature carries what must not come twice: the request itself, and its nonce. Both as short digests. */
export type SignatureJudgement =
  | { readonly good: true; readonly request: string; readonly nonce: string }
  | { readonly good: false; readonly fault: SignatureFault };

/**
 * The check of one request's headers against its raw body: HMAC-SHA1 keyed with the client secret over body, timestamp and nonce, one behind
 * the other, the last two exactly as they came (the upstream's "signature header"). Takes the same time whichever secret fits and however
 * much of a wrong signature is right.
 */
export function createSignatureCheck(scheme: SignatureScheme) {
  const { headers: names, secrets, toleranceMs } = scheme;

  return (headers: IncomingHttpHeaders, body: Uint8Array, nowMs: number): SignatureJudgement => {
    const [signature, timestamp, nonce] = [names.signature, names.timestamp, names.nonce].map((name) =>
      headerText(headers[name]),
    );
    if (!signature) return fault('missing');
    if (!timestamp || !nonce) return fault('incomplete');

    const shown = macIn(signature, scheme.encoding);
    if (shown === null) return fault('wrong');
    const mac = matching(secrets, shown, [body, Buffer.from(timestamp, 'latin1'), Buffer.from(nonce, 'latin1')]);
    if (mac === null) return fault('wrong');

    const atMs = timeIn(timestamp, scheme.timeUnit);
    if (atMs === null) return fault('undated');
    if (Math.abs(nowMs - atMs) > toleranceMs) return fault('stale');
    // The parts have no separator, so a digit may move from the timestamp into the nonce; the whole message's code stays what it was.
    return { good: true, request: `request ${mac.toString('base64')}`, nonce: `nonce ${digestOf(nonce)}` };
  };
}

function fault(what: SignatureFault): SignatureJudgement {
  return { good: false, fault: what };
}

/** A header that came twice is joined by Node with a comma, and is as wrong as any other text. */
function headerText(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header.join(', ') : (header ?? '')).trim();
}

/** Every secret is tried, for the time must not tell which one fits. */
function matching(secrets: readonly string[], shown: Buffer, message: readonly Uint8Array[]): Buffer | null {
  const macs = secrets.map((secret) => {
    const hmac = createHmac('sha1', secret);
    for (const part of message) hmac.update(part);
    return hmac.digest();
  });
  return macs.filter((mac) => timingSafeEqual(mac, shown))[0] ?? null;
}

/** HMAC-SHA1: 20 bytes. */
const HEX = /^[0-9A-Fa-f]{40}$/;
/** They are 27 digits and one "=", which some leave out; both alphabets. */
const BASE64 = /^[A-Za-z0-9+/_-]{27}=?$/;

/** The code that a header spells; null for what spells none. The lengths tell hex and base64 apart. */
function macIn(text: string, encoding: SignatureScheme['encoding']): Buffer | null {
  if (encoding !== 'base64' && HEX.test(text)) return Buffer.from(text, 'hex');
  if (encoding === 'hex' || !BASE64.test(text)) return null;
  const mac = Buffer.from(text, 'base64');
  // The last digit has two bits to spare: only one of its four spellings is right.
  return mac.toString('base64url') === text.replace(/=$/, '').replaceAll('+', '-').replaceAll('/', '_') ? mac : null;
}

/** Of a number without a unit, up to eleven digits are seconds (until the year 5138), more are milliseconds (from 1973 on). */
const MOST_DIGITS_OF_SECONDS = 11;

/** When a timestamp says it was signed, in ms since 1970. */
function timeIn(text: string, unit: SignatureScheme['timeUnit']): number | null {
  const [, whole = '', fraction = ''] = /^(\d{1,15})(\.\d{1,9})?$/.exec(text) ?? [];
  // A signed number has no unit that is known.
  const isDate = (unit === 'auto' || unit === 'iso') && !/^[+-]/.test(text);
  if (whole === '') return isDate ? parseInstantMs(text) : null;
  if (unit === 'iso') return null;
  const seconds = unit === 's' || (unit === 'auto' && whole.length <= MOST_DIGITS_OF_SECONDS);
  return Number(`${whole}${fraction}`) * (seconds ? 1_000 : 1);
}

function digestOf(nonce: string): string {
  return createHash('sha256').update(nonce, 'latin1').digest('base64');
}
