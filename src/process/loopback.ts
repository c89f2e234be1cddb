/** Whether a host name of a URL or a `Host` header always means this machine. */
export function isLoopbackHost(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(hostname);
}

/** In each spelling, because undici and Node compare entries as text. */
const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '::1', '[::1]'];

/** `no_proxy` with loopback added, in both spellings, because programs read one or the other. */
export function excludeLoopback(env: NodeJS.ProcessEnv): { readonly no_proxy: string; readonly NO_PROXY: string } {
  const entries = (env['no_proxy'] || env['NO_PROXY'] || '').split(',').map((entry) => entry.trim());
  const hosts = [...new Set([...entries.filter((entry) => entry !== ''), ...LOOPBACK_HOSTS])];
  // `*` is valid only as the single entry.
  const text = hosts.includes('*') ? '*' : hosts.join(',');
  return { no_proxy: text, NO_PROXY: text };
}

/** The environment without a `no_proxy` that {@link excludeLoopback} created, which must not hide the one of `.env`. */
export function removeOwnNoProxy(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { no_proxy: own } = excludeLoopback({});
  return Object.fromEntries(Object.entries(env).filter(([name, text]) => !/^no_proxy$/i.test(name) || text !== own));
}
