import { InvalidArgumentError } from 'commander';
import { DURATION_EXPECTED, parseDurationMs } from './duration';
import type { Signing } from './signature';

// Parsers of option values. They throw commander's InvalidArgumentError. Commander prints the rejected value, so no value here may be a secret.

/** 0 selects a free port. */
export function parsePort(text: string): number {
  const number = Number(text);
  if (!/^\d{1,5}$/.test(text) || number > 65_535) throw new InvalidArgumentError('expected a port from 0 to 65535.');
  return number;
}

/** Parses a number above zero. */
export function parsePositive(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number <= 0)
    throw new InvalidArgumentError('expected a number above zero.');
  return number;
}

/** Returns milliseconds. */
export function parseDuration(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs === null) throw new InvalidArgumentError(`expected ${DURATION_EXPECTED}.`);
  return durationMs;
}

/** Parses a URL of scheme, host and optional port. */
export function parseOrigin(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`)
    throw new InvalidArgumentError('expected http:// or https://, a host and an optional port, without a path.');
  return url;
}

/** Parses three header names separated by commas. */
export function parseSignatureHeaders(text: string): Signing['headers'] {
  const names = text.split(',').map((name) => name.trim());
  const [signature, timestamp, nonce] = names;
  const different = new Set(names.map((name) => name.toLowerCase())).size === 3;
  if (!signature || !timestamp || !nonce || !different || !names.every((name) => /^[A-Za-z0-9-]+$/.test(name)))
    throw new InvalidArgumentError('expected three different header names, for signature,timestamp,nonce.');
  return { signature, timestamp, nonce };
}

/** Parses comma-separated URLs; null if one is not an http URL or has a password, which belongs into SANDBOX_WEBHOOK_SECRET. */
export function parseWebhookUrls(texts: readonly string[]): URL[] | null {
  const parts = texts.flatMap((text) => text.split(',')).map((part) => part.trim());
  const addresses = parts.filter((part) => part !== '');
  if (!addresses.every((address) => URL.canParse(address))) return null;
  const urls = addresses.map((address) => new URL(address));
  return urls.every((url) => /^https?:$/.test(url.protocol) && url.username + url.password === '') ? urls : null;
}
