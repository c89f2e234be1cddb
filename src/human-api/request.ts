import { type CallFacts, Unavailable } from '../upstream/errors';

/** One request. `route` is a template such as `/api/v1/users/{humanId}`, filled from `ids`; it alone is ever told in errors. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly host: 'auth' | 'admin' | 'data';
  readonly route: string;
  readonly ids?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly token?: string;
}

/** Where a call goes: the base URL's own path prefix stays in front of the route. @throws Unavailable for an id no URL can carry */
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

/** The headers and the body of a call. */
export function buildMessage(call: Call): {
  method: Call['method'];
  headers: Record<string, string>;
  body: string | null;
} {
  const headers: Record<string, string> = {
    accept: '*/*',
    // Inflated where it comes all the same; a document is stored as it came, so nothing is gained by asking for it.
    'accept-encoding': 'identity',
    // As in the cookbook's examples: no cache in between may answer for upstream.
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

/** Empty and dots would name another resource (`DELETE /users/`); a lone surrogate cannot be encoded. */
function segment(id: string, facts: CallFacts): string {
  if (/^\.{0,2}$/.test(id) || /\p{Surrogate}/u.test(id)) throw new Unavailable(facts, 'an id that no URL can carry');
  return encodeURIComponent(id);
}
