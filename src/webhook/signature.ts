import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { parseInstantMs } from '../domain/instants';

/** How notifications are signed. Header names, encoding and time unit are settings, because upstream does not document them. */
export interface SignatureScheme {
  /** Client secrets; several while one is replaced. */
  readonly secrets: readonly string[];
  /** Header names in lower case. */
  readonly headers: { readonly signature: string; readonly timestamp: string; readonly nonce: string };
  readonly encoding: 'auto' | 'hex' | 'base64';
  readonly timeUnit: 'auto' | 's' | 'ms' | 'iso';
  /** Allowed distance of the timestamp from our clock, in either direction. */
  readonly toleranceMs: number;
}

/**
 * `missing`: no signature. `incomplete`: no timestamp or nonce. `wrong`: not made of this body with one of our secrets, or not in the configured
 * encoding. `undated`: an unreadable timestamp. `stale`: too far from our clock.
 */
export type SignatureFault = 'missing' | 'incomplete' | 'wrong' | 'undated' | 'stale';

/** A valid signature carries two short digests that must not repeat: of the request and of its nonce. */
export type SignatureResult =
  | { readonly valid: true; readonly request: string; readonly nonce: string }
  | { readonly valid: false; readonly fault: SignatureFault };

/**
 * Checks the headers of a request against its raw body: HMAC-SHA1 with the client secret over body, timestamp and nonce, concatenated, the last
 * two as sent. The time does not show which secret matches or how much of a wrong signature is correct.
 */
export function createSignatureCheck(scheme: SignatureScheme) {
  const { headers: names, secrets, toleranceMs } = scheme;

  return (headers: IncomingHttpHeaders, body: Uint8Array, nowMs: number): SignatureResult => {
    const [signature, timestamp, nonce] = [names.signature, names.timestamp, names.nonce].map((name) =>
      headerText(headers[name]),
    );
    if (!signature) return invalid('missing');
    if (!timestamp || !nonce) return invalid('incomplete');

    const sentMac = parseMac(signature, scheme.encoding);
    if (sentMac === null) return invalid('wrong');
    const mac = findMac(secrets, sentMac, [body, Buffer.from(timestamp, 'latin1'), Buffer.from(nonce, 'latin1')]);
    if (mac === null) return invalid('wrong');

    const atMs = parseTime(timestamp, scheme.timeUnit);
    if (atMs === null) return invalid('undated');
    if (Math.abs(nowMs - atMs) > toleranceMs) return invalid('stale');
    // The MAC identifies the request. The nonce alone would not: without a separator, a digit could move from the timestamp to the nonce.
    return { valid: true, request: `request ${mac.toString('base64')}`, nonce: `nonce ${digestOf(nonce)}` };
  };
}

function invalid(fault: SignatureFault): SignatureResult {
  return { valid: false, fault };
}

/** Node joins a repeated header with a comma, which is as wrong as any other text. */
function headerText(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header.join(', ') : (header ?? '')).trim();
}

/** Tries every secret, so that the time does not show which one matches. */
function findMac(secrets: readonly string[], sentMac: Buffer, message: readonly Uint8Array[]): Buffer | null {
  const macs = secrets.map((secret) => {
    const hmac = createHmac('sha1', secret);
    for (const part of message) hmac.update(part);
    return hmac.digest();
  });
  return macs.filter((mac) => timingSafeEqual(mac, sentMac))[0] ?? null;
}

/** HMAC-SHA1: 20 bytes. */
const HEX = /^[0-9A-Fa-f]{40}$/;
/** 27 digits of either alphabet and an optional "=". */
const BASE64 = /^[A-Za-z0-9+/_-]{27}=?$/;

/** The MAC in a header, or null. Hex and base64 differ in length. */
function parseMac(text: string, encoding: SignatureScheme['encoding']): Buffer | null {
  if (encoding !== 'base64' && HEX.test(text)) return Buffer.from(text, 'hex');
  if (encoding === 'hex' || !BASE64.test(text)) return null;
  const mac = Buffer.from(text, 'base64');
  // The last digit has two unused bits; only one of its four spellings is canonical.
  return mac.toString('base64url') === text.replace(/=$/, '').replaceAll('+', '-').replaceAll('/', '_') ? mac : null;
}

/** A number without a unit with up to eleven digits is in seconds (until the year 5138), a longer one in ms (from 1973 on). */
const MAX_DIGITS_OF_SECONDS = 11;

/** A timestamp in ms since 1970. */
function parseTime(text: string, unit: SignatureScheme['timeUnit']): number | null {
  const [, whole = '', fraction = ''] = /^(\d{1,15})(\.\d{1,9})?$/.exec(text) ?? [];
  // A number with a sign is not a date.
  const isDate = (unit === 'auto' || unit === 'iso') && !/^[+-]/.test(text);
  if (whole === '') return isDate ? parseInstantMs(text) : null;
  if (unit === 'iso') return null;
  const isSeconds = unit === 's' || (unit === 'auto' && whole.length <= MAX_DIGITS_OF_SECONDS);
  return Number(`${whole}${fraction}`) * (isSeconds ? 1_000 : 1);
}

function digestOf(nonce: string): string {
  return createHash('sha256').update(nonce, 'latin1').digest('base64');
}
