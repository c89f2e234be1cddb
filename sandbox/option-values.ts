import { InvalidArgumentError } from 'commander';
import { DURATION_EXPECTED, durationMsOf } from './duration';
import type { Signing } from './signature';

// What the texts of options mean. Each throws commander's InvalidArgumentError with what was expected; commander adds what came, so none of
// these may be a secret.

/** A port, 0 for a free one. */
export function port(text: string): number {
  const number = Number(text);
  if (!/^\d{1,5}$/.test(text) || number > 65_535) throw new InvalidArgumentError('expected a port from 0 to 65535.');
  return number;
}

/** A number above zero. */
export function positive(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number <= 0)
    throw new InvalidArgumentError('expected a number above zero.');
  return number;
}

/** A duration, in milliseconds. */
export function duration(text: string): number {
  const durationMs = durationMsOf(text);
  if (durationMs === null) throw new InvalidArgumentError(`expected ${DURATION_EXPECTED}.`);
  return durationMs;
}

/** Scheme, host and port. */
export function origin(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`)
    throw new InvalidArgumentError('expected http:// or https://, a host and perhaps a port, nothing else.');
  return url;
}

/** Three names of headers, by commas. */
export function signatureHeaders(text: string): Signing['headers'] {
  const names = text.split(',').map((name) => name.trim());
  const [signature, timestamp, nonce] = names;
  const different = new Set(names.map((name) => name.toLowerCase())).size === 3;
  if (!signature || !timestamp || !nonce || !different || !names.every((name) => /^[A-Za-z0-9-]+$/.test(name)))
    throw new InvalidArgumentError('expected three different header names, for signature,timestamp,nonce.');
  return { signature, timestamp, nonce };
}

/** The URLs of a list; null where one is no http URL or carries a password (that belongs into SANDBOX_WEBHOOK_SECRET). */
export function webhookUrls(texts: readonly string[]): URL[] | null {
  const parts = texts.flatMap((text) => text.split(',')).map((part) => part.trim());
  const listed = parts.filter((part) => part !== '');
  if (!listed.every((part) => URL.canParse(part))) return null;
  const urls = listed.map((part) => new URL(part));
  return urls.every((url) => /^https?:$/.test(url.protocol) && url.username + url.password === '') ? urls : null;
}
