import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { isLoopbackHost } from '../process/loopback';
import type { ProxySettings } from './proxy-settings';

/** A worker has as many activity slots by default, so that no call waits for a connection while others download. */
const MAX_CONNECTIONS = 100;

/** Sends calls directly or through a proxy. */
export interface Dispatchers {
  to(origin: string): { readonly dispatcher: Dispatcher; readonly isProxied: boolean };
  /** Ends all connections at once. */
  destroy(): Promise<void>;
}

/** One dispatcher for every origin, for tests. */
export function singleDispatcher(dispatcher: Dispatcher): Dispatchers {
  return { to: () => ({ dispatcher, isProxied: false }), destroy: () => dispatcher.destroy() };
}

/** Uses the proxy, if there is one, for every host except this machine. undici applies `noProxy`. */
export function createDispatchers(proxy: ProxySettings | null, connectTimeoutMs: number): Dispatchers {
  const connect = { timeout: connectTimeoutMs };
  const common = { connections: MAX_CONNECTIONS, pipelining: 1, connect };
  const direct = new Agent(common);
  const proxied =
    proxy &&
    new EnvHttpProxyAgent({
      ...common,
      // Set explicitly, so that undici reads no environment variable.
      httpProxy: '',
      httpsProxy: proxy.url,
      noProxy: proxy.noProxy,
      proxyTls: connect,
      requestTls: connect,
      ...(proxy.authorization !== null && { token: proxy.authorization }),
    });
  return {
    to(origin) {
      const isProxied = proxied !== null && !isLoopbackHost(new URL(origin).hostname);
      return { dispatcher: isProxied ? proxied : direct, isProxied };
    },
    async destroy() {
      await Promise.all([direct.destroy(), proxied?.destroy()]);
    },
  };
}
