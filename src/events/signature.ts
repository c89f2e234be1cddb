import { createHmac } from 'node:crypto';

/** The headers of Standard Webhooks: the signature of each secret over the id, the time and the body. */
export function signEvent(
  { id, body }: { readonly id: string; readonly body: string },
  secrets: readonly Uint8Array[],
  nowMs: number,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = String(Math.floor(nowMs / 1_000));
  const signatures = secrets.map(
    (secret) => `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  );
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
