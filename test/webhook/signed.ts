import { createHmac } from 'node:crypto';

/** The headers of a request signed as Human API signs: written a second time on purpose. */
export function signedHeaders(
  body: string | Buffer,
  over: { secret?: string; timestamp?: string; nonce?: string; encoding?: 'hex' | 'base64' } = {},
): Record<string, string> {
  const { secret = 'client-secret', timestamp = String(Date.now()), nonce = 'nonce-1', encoding = 'hex' } = over;
  const message = Buffer.concat([Buffer.from(body), Buffer.from(timestamp), Buffer.from(nonce)]);
  return {
    'X-HumanAPI-Signature': createHmac('sha1', secret).update(message).digest(encoding),
    'X-HumanAPI-Timestamp': timestamp,
    'X-HumanAPI-Nonce': nonce,
  };
}
