/** Whether a host name, as a URL or a `Host` header has it, can only be this machine. */
export function isLoopbackHost(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(hostname);
}

/** As programs compare them: undici and Node by equality, curl and Go also by network. */
const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '::1', '[::1]'];

/** The variables that exclude this machine from the proxy, because a program reads one spelling or the other; for this process and its children. */
export function sparingLoopback(env: NodeJS.ProcessEnv): { readonly no_proxy: string; readonly NO_PROXY: string } {
  const given = (env['no_proxy'] || env['NO_PROXY'] || '').split(',').map((entry) => entry.trim());
  const entries = [...new Set([...given.filter((entry) => entry !== ''), ...LOOPBACK_HOSTS])];
  // The entry `*` counts only where it stands alone.
  const text = entries.includes('*') ? '*' : entries.join(',');
  return { no_proxy: text, NO_PROXY: text };
}

/** The environment without a `no_proxy` that {@link sparingLoopback} made out of nothing: it must not hide the one of a `.env`. */
export function withoutOwnNoProxy(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { no_proxy: own } = sparingLoopback({});
  return Object.fromEntries(Object.entries(env).filter(([name, text]) => !/^no_proxy$/i.test(name) || text !== own));
}
