import { isLoopbackHost } from '../process/loopback';

/** Without slashes at the end, so that a path can be appended. */
export function baseUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, username, password, href } = new URL(text);
  const isSecure = protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
  return isSecure && `${username}${password}` === '' && !/[?#]/.test(href) ? href.replace(/\/+$/, '') : null;
}

/** Whether one of the base URLs is not loopback. Malformed URLs are another fault. */
export function isRemote(upstreams: readonly string[]): boolean {
  return upstreams.some((text) => baseUrl(text) !== null && !isLoopbackHost(new URL(text).hostname));
}
