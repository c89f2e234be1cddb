import type { IncomingMessage, ServerResponse } from 'node:http';

/** An answer to a request. Without a body only the status is sent. */
export interface Answer {
  readonly status: number;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How long a sender may still send after an early answer. If we closed at once, a reset could reach the sender before the answer. */
const LINGER_MS = 1_000;

/** An error answer that names what was expected. */
export function errorAnswer(status: number, expected: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, body: { error: expected }, headers };
}

/** Sends the answer. If the body of the request was not read to its end, the rest is discarded for {@link LINGER_MS} and the connection closes. */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
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
