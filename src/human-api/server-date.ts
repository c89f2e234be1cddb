import { createDispatchers } from './dispatcher';
import type { ProxySettings } from './proxy-settings';

/** Short, because a person waits. */
const TIMEOUT_MS = 5_000;

/**
 * The time of Human API's server, in ms since 1970, with a resolution of one second: the `Date` header of an answer to a request without
 * credentials. Null if it does not answer, or not with a date.
 */
export async function readServerDateMs(authUrl: string, proxy: ProxySettings | null): Promise<number | null> {
  const dispatchers = createDispatchers(proxy, TIMEOUT_MS);
  try {
    const { origin, pathname } = new URL(authUrl);
    const { dispatcher } = dispatchers.to(origin);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const { headers, body } = await dispatcher.request({ method: 'HEAD', origin, path: pathname, signal });
    await body.dump();
    const dateMs = Date.parse(String(headers['date']));
    return Number.isNaN(dateMs) ? null : dateMs;
  } catch {
    return null;
  } finally {
    await dispatchers.destroy();
  }
}
