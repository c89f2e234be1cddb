import type { IncomingMessage } from 'node:http';

/** The raw bytes, or why there are none. `aborted`: the sender went away, nobody waits for an answer. */
export type Body =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'too-slow' }
  | { readonly kind: 'aborted' };

/** Whether the sender itself says that it will send more than `maxBytes`. */
export function declaresMoreThan(request: IncomingMessage, maxBytes: number): boolean {
  return Number(request.headers['content-length'] ?? 0) > maxBytes;
}

/** Reads at most `maxBytes` for at most `timeoutMs`, whatever length the sender declares or does not; what exceeds either is left unread. */
export function readBody(
  request: IncomingMessage,
  limits: { readonly maxBytes: number; readonly timeoutMs: number },
): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (body: Body): void => {
      clearTimeout(patience);
      request.off('data', collect).off('end', complete).off('close', abort).off('error', abort);
      request.pause();
      resolve(body);
    };
    const collect = (chunk: Buffer): void => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > limits.maxBytes) settle({ kind: 'too-large' });
    };
    const complete = (): void => settle({ kind: 'read', bytes: Buffer.concat(chunks) });
    const abort = (): void => settle({ kind: 'aborted' });
    const patience = setTimeout(() => settle({ kind: 'too-slow' }), limits.timeoutMs);
    request.on('data', collect).on('end', complete).on('close', abort).on('error', abort);
  });
}
