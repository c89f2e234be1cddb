import type { Answer } from './recorded-upstream';

/** The connection ends before any answer. */
export const hangUp: Answer = (response) => response.socket?.destroy();

/** No answer, ever. */
export const stall: Answer = () => {};

/** The answer begins, and nothing more comes. */
export function stallAfter(bytes: string): Answer {
  return (response) => response.writeHead(200, { 'content-length': 1_000 }).write(bytes);
}

/** The announced length is longer than what comes before the connection ends. */
export function breakOffAfter(bytes: string, status = 200): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': 1_000 });
    response.write(bytes, () => response.socket?.destroy());
  };
}

/** The same without an announced length: the last chunk never comes. */
export function breakOffChunked(bytes: string): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(bytes, () => response.socket?.destroy());
  };
}

/** A byte from time to time; ends after `times` of them. */
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

/** What a proxy in between says. */
export function page(status: number, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'text/html', ...headers });
    response.end('<html><body>mallory@example.org</body></html>');
  };
}

/** An answer of this text. */
export function text(status: number, body: string, headers: Record<string, string> = {}): Answer {
  return (response) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}
