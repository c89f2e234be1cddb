import type { Answer } from './recorded-upstream';

/** The connection ends before the answer. */
export const hangUp: Answer = (response) => response.socket?.destroy();

/** There is never an answer. */
export const stall: Answer = () => {};

/** The answer begins and then stalls. */
export function stallAfter(bytes: string): Answer {
  return (response) => response.writeHead(200, { 'content-length': 1_000 }).write(bytes);
}

/** The connection ends before the announced length. */
export function breakOffAfter(bytes: string, status = 200): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': 1_000 });
    response.write(bytes, () => response.socket?.destroy());
  };
}

/** The connection ends before the last chunk, without an announced length. */
export function breakOffChunked(bytes: string): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(bytes, () => response.socket?.destroy());
  };
}

/** Sends `times` bytes, one at a time. */
export function drip(everyMs: number, times: number): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write('[');
    let sent = 0;
    const timer = setInterval(() => {
      sent += 1;
      if (sent < times && !response.destroyed) return response.write(' ');
      clearInterval(timer);
      return response.end(']');
    }, everyMs);
  };
}

/** A proxy's page. */
export function page(status: number, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'text/html', ...headers });
    response.end('<html><body>mallory@example.org</body></html>');
  };
}

export function text(status: number, body: string, headers: Record<string, string> = {}): Answer {
  return (response) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}
