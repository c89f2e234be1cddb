import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { isLoopbackHost } from '../process/loopback';
import type { ProxySettings } from './proxy-settings';

/** As many as a worker has activity slots by default, so that no call waits for a connection while others download. */
const MAX_CONNECTIONS = 100;

/** Where a call is sent from here: directly, or through a proxy. */
export interface Dispatchers {
  to(origin: string): { readonly dispatcher: Dispatcher; readonly isProxied: boolean };
  /** Ends every connection at once. */
  destroy(): Promise<void>;
}

/** One dispatcher for every origin: a test's. */
export function singleDispatcher(dispatcher: Dispatcher): Dispatchers {
  return { to: () => ({ dispatcher, isProxied: false }), destroy: () => dispatcher.destroy() };
}

/** Through the proxy where there is one, but never to this machine. `NO_PROXY` is undici's to read. */
export function createDispatchers(proxy: ProxySettings | null, connectTimeoutMs: number): Dispatchers {
  const connect = { timeout: connectTimeoutMs };
  const common = { connections: MAX_CONNECTIONS, pipelining: 1 };
  const direct = new Agent({ ...common, connect });
  const proxied =
    proxy &&
    new EnvHttpProxyAgent({
      ...common,
      connect,
      // Set here, so that undici reads no variable itself.
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
