import type { IncomingMessage } from 'node:http';

/** The raw bytes, or the fault. `aborted`: the sender closed the connection. */
export type Body =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'too-slow' }
  | { readonly kind: 'aborted' };

/** Whether the sender declares a longer body than `maxBytes`. */
export function declaresMoreThan(request: IncomingMessage, maxBytes: number): boolean {
  return Number(request.headers['content-length'] ?? 0) > maxBytes;
}

/** Reads at most `maxBytes` for at most `timeoutMs`, whatever length the sender declares. The rest is left unread. */
export function readBody(
  request: IncomingMessage,
  limits: { readonly maxBytes: number; readonly timeoutMs: number },
): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (body: Body): void => {
      clearTimeout(timer);
      request.off('data', collect).off('end', complete).off('close', abort).off('error', abort);
      request.pause();
      resolve(body);
    };
    const collect = (chunk: Buffer): void => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > limits.maxBytes) finish({ kind: 'too-large' });
    };
    const complete = (): void => finish({ kind: 'read', bytes: Buffer.concat(chunks) });
    const abort = (): void => finish({ kind: 'aborted' });
    const timer = setTimeout(() => finish({ kind: 'too-slow' }), limits.timeoutMs);
    request.on('data', collect).on('end', complete).on('close', abort).on('error', abort);
  });
}
