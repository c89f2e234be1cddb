import type { IncomingMessage, ServerResponse } from 'node:http';

/** What the sender is told; without a body nothing but the status. */
export interface Answer {
  readonly status: number;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How long a sender that is still sending may go on after it was refused: closing at once would reset the connection under the answer. */
const LINGER_MS = 1_000;

/** Refuses with what was expected instead. */
export function refusal(status: number, expected: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, body: { error: expected }, headers };
}

/**
 * Sends the answer. A body that has not been read to its end costs the sender its connection: the answer goes out whole, what still comes is
 * thrown away for {@link LINGER_MS}, then the connection is closed.
 */
export function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const body = answer.body === undefined ? '' : `${JSON.stringify(answer.body)}\n`;
  response.setHeaders(
    new Map(
      Object.entries({
        ...(answer.body === undefined ? {} : { 'Content-Type': 'application/json' }),
        'Content-Length': String(Buffer.byteLength(body)),
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
        ...answer.headers,
      }),
    ),
  );
  response.statusCode = answer.status;
  if (request.complete) {
    response.end(body);
    return;
  }
  response.setHeader('Connection', 'close');
  response.flushHeaders();
  if (body !== '') response.write(body);
  const close = (): void => {
    clearTimeout(linger);
    response.end();
  };
  const linger = setTimeout(close, LINGER_MS);
  request.once('end', close).once('close', close).resume();
}
