/** The proxy for HTTPS calls. */
export interface ProxySettings {
  /** Without user and password. */
  readonly url: string;
  /** The `Proxy-Authorization` header; null if the URL has no user. Never in an error or a log line. */
  readonly authorization: string | null;
  /** Hosts that are called directly, in the form of `NO_PROXY`. */
  readonly noProxy: string;
}

/** An empty variable counts as not set. */
type Environment = Readonly<Record<string, string | undefined>>;

/** As in curl, the lower-case name takes precedence. */
const PROXY_NAMES = ['https_proxy', 'HTTPS_PROXY'] as const;
const NO_PROXY_NAMES = ['no_proxy', 'NO_PROXY'] as const;

export const PROXY_EXPECTED = 'the URL of an HTTP proxy: http://host:port, or http://user:password@host:port';

/** The proxy of the environment; null: none. `malformed` names the variable that holds no URL of a proxy. */
export function readProxy(env: Environment): ProxySettings | null | { readonly malformed: string } {
  const name = PROXY_NAMES.find((candidate) => env[candidate]);
  if (name === undefined) return null;
  const noProxy = NO_PROXY_NAMES.map((candidate) => env[candidate]).find((text) => text) ?? '';
  try {
    const url = parseProxyUrl((env[name] ?? '').trim());
    // Decoded here, because the decoder's own error quotes the password.
    const pair = [url.username, url.password].map(decodeURIComponent).join(':');
    const authorization = url.username === '' ? null : `Basic ${Buffer.from(pair).toString('base64')}`;
    return { url: url.origin, authorization, noProxy };
  } catch {
    return { malformed: name };
  }
}

/** The scheme may be missing, because the variable is often set to `proxy.example.org:3128`. @throws TypeError */
function parseProxyUrl(text: string): URL {
  const url = new URL(/^\w[\w+.-]*:\/\//.test(text) ? text : `http://${text}`);
  const isProxy = /^https?:$/.test(url.protocol) && url.pathname === '/' && !/[?#\s]/.test(text);
  if (!isProxy) throw new TypeError('invalid URL of a proxy');
  return url;
}
