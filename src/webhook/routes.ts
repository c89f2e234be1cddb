/** The route of a request target. `segment`: the secret in the URL, percent-encoded; null without one. */
export type Route = { readonly methods: readonly string[] } & (
  | { readonly name: 'health' }
  | { readonly name: 'notifications'; readonly segment: string | null }
);

/** The absolute form of a request target (RFC 9112, 3.2.2), which proxies send. The host does not matter: this port serves one site. */
const ORIGIN = /^https?:\/\/[^/?#]+/i;

/**
 * The route of a request target; null for all others. Empty segments are skipped, because senders and proxies add and merge slashes. Nothing
 * else is normalised: a dot segment or a percent-encoded slash leads to no other route.
 */
export function routeOf(target: string): Route | null {
  const [name, segment = null, ...more] = toSegments(target);
  if (more.length > 0) return null;
  if (name === 'healthz' && segment === null) return { name: 'health', methods: ['GET', 'HEAD'] };
  // GET and HEAD: vendors verify an address before they post to it.
  return name === 'notifications' ? { name, methods: ['GET', 'HEAD', 'POST'], segment } : null;
}

/** Whether a target without a route was probably meant to be `/notifications`. */
export function isLikelyNotifications(target: string): boolean {
  return toSegments(target).some((segment) => segment.toLowerCase() === 'notifications');
}

function toSegments(target: string): string[] {
  const [path = ''] = target.replace(ORIGIN, '').split(/[?#]/, 1);
  return path.startsWith('/') ? path.split('/').filter((segment) => segment !== '') : [];
}
