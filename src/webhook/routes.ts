/** What a request target names. `segment`: the secret in the URL, still percent-encoded; null without one. */
export type Route = { readonly methods: readonly string[] } & (
  | { readonly name: 'health' }
  | { readonly name: 'notifications'; readonly segment: string | null }
);

/** The absolute form of a request target (RFC 9112, 3.2.2), which proxies send. Its host decides nothing: one site is served on this port. */
const ORIGIN = /^https?:\/\/[^/?#]+/i;

/**
 * The route of a request target; null for every other one. Senders and proxies add and merge slashes, so an empty segment counts as none.
 * Nothing else is normalised: a dot segment, or a slash that is percent-encoded, stays what it is and opens no other route.
 */
export function routeOf(target: string): Route | null {
  const [name, segment = null, ...more] = segmentsOf(target);
  if (more.length > 0) return null;
  if (name === 'healthz' && segment === null) return { name: 'health', methods: ['GET', 'HEAD'] };
  // GET and HEAD: vendors verify an address before they post to it.
  return name === 'notifications' ? { name, methods: ['GET', 'HEAD', 'POST'], segment } : null;
}

/** Whether a target without a route was probably meant for `/notifications`. */
export function isNearMiss(target: string): boolean {
  return segmentsOf(target).some((segment) => segment.toLowerCase() === 'notifications');
}

function segmentsOf(target: string): string[] {
  const [path = ''] = target.replace(ORIGIN, '').split(/[?#]/, 1);
  return path.startsWith('/') ? path.split('/').filter((segment) => segment !== '') : [];
}
