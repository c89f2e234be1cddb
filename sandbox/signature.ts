import { createHmac, randomBytes } from 'node:crypto';

/** How notifications are signed. The vendor documents the algorithm and the first header only. */
export interface Signing {
  readonly clientSecret: string;
  readonly digest: 'hex' | 'base64';
  /** Milliseconds or seconds since 1970, or `YYYY-MM-DDTHH:mm:ss.sssZ`. */
  readonly time: 'ms' | 's' | 'iso';
  readonly headers: { readonly signature: string; readonly timestamp: string; readonly nonce: string };
}

/** The documented header, and two named after it. */
export const SIGNATURE_HEADERS: Signing['headers'] = {
  signature: 'X-HumanAPI-Signature',
  timestamp: 'X-HumanAPI-Timestamp',
  nonce: 'X-HumanAPI-Nonce',
};

/** Signs a body: HMAC-SHA1 over payload, timestamp and nonce, without separators, with the client secret as the key. */
export function signatureHeaders(payload: string, signing: Signing, nowMs: number): Record<string, string> {
  const { headers, digest, clientSecret } = signing;
  const timestamp = formatTimestamp(nowMs, signing.time);
  const nonce = randomBytes(16).toString('hex');
  const signature = createHmac('sha1', clientSecret)
    .update(payload + timestamp + nonce)
    .digest(digest);
  return { [headers.signature]: signature, [headers.timestamp]: timestamp, [headers.nonce]: nonce };
}

function formatTimestamp(nowMs: number, time: Signing['time']): string {
  if (time === 'iso') return new Date(nowMs).toISOString();
  return String(time === 's' ? Math.floor(nowMs / 1_000) : nowMs);
}
