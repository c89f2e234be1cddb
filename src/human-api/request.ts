import { type CallFacts, Unavailable } from '../upstream/errors';

/** One request. `route` is a template such as `/api/v1/users/{humanId}`, filled from `ids`; errors show only the template. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly host: 'auth' | 'admin' | 'data';
  readonly route: string;
  readonly ids?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly token?: string;
}

/** The URL of a call, in parts. `path` is the base URL's prefix and the route. @throws Unavailable for an id that no URL can carry */
export function buildTarget(
  baseUrl: string,
  call: Call,
  facts: CallFacts,
): { origin: string; path: string; query: string } {
  const base = new URL(baseUrl);
  const route = call.route.replace(/\{(\w+)\}/g, (_, name: string) => segment(call.ids?.[name] ?? '', facts));
  const query = new URLSearchParams(call.query).toString();
  return { origin: base.origin, path: base.pathname.replace(/\/+$/, '') + route, query: query && `?${query}` };
}

export function buildMessage(call: Call): {
  method: Call['method'];
  headers: Record<string, string>;
  body: string | null;
} {
  const headers: Record<string, string> = {
    accept: '*/*',
    // Documents are stored decoded, so compression gains nothing. Encoded bodies are decoded nevertheless.
    'accept-encoding': 'identity',
    // As in the cookbook's examples: a cache must not answer for Human API.
    'cache-control': 'no-cache',
    'user-agent': 'chartway',
  };
  if (call.token !== undefined) headers['authorization'] = `Bearer ${call.token}`;
  if (call.body === undefined) return { method: call.method, headers, body: null };
  return {
    method: call.method,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(call.body),
  };
}

/** An empty id or dots would address another resource (`DELETE /users/`); a lone surrogate cannot be encoded. */
function segment(id: string, facts: CallFacts): string {
  if (/^\.{0,2}$/.test(id) || /\p{Surrogate}/u.test(id)) throw new Unavailable(facts, 'no URL can carry the id');
  return encodeURIComponent(id);
}
