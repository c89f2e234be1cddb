/** The proxy that calls of https go through. */
export interface ProxySettings {
  /** Without user and password. */
  readonly url: string;
  /** The `Proxy-Authorization` header; null where the URL has no user. Never in an error or a log line. */
  readonly authorization: string | null;
  /** Hosts that are called directly, as in `NO_PROXY`. */
  readonly noProxy: string;
}

/** An environment; a variable set to nothing counts as not set. */
type Environment = Readonly<Record<string, string | undefined>>;

/** As curl does: the name in lower case goes before the one in capitals. */
const PROXY_NAMES = ['https_proxy', 'HTTPS_PROXY'] as const;
const NO_PROXY_NAMES = ['no_proxy', 'NO_PROXY'] as const;

export const PROXY_EXPECTED =
  'the URL of an HTTP proxy, http://host:port, user and password in front of the host if need be';

/** The proxy of the environment; null: none. `malformed` is the name of the variable that holds no URL of a proxy. */
export function readProxy(env: Environment): ProxySettings | null | { readonly malformed: string } {
  const name = PROXY_NAMES.find((candidate) => env[candidate]);
  if (name === undefined) return null;
  const noProxy = NO_PROXY_NAMES.map((candidate) => env[candidate]).find((text) => text) ?? '';
  try {
    const url = proxyUrl(env[name] ?? '');
    return { url: url.origin, authorization: authorizationOf(url), noProxy };
  } catch {
    return { malformed: name };
  }
}

/** Shells also hold `proxy.example.org:3128`, without a scheme. @throws TypeError where it is no URL of a proxy */
function proxyUrl(text: string): URL {
  const url = new URL(/^\w[\w+.-]*:\/\//.test(text) ? text : `http://${text}`);
  const isProxy = /^https?:$/.test(url.protocol) && url.pathname === '/' && !/[?#\s]/.test(text);
  if (!isProxy) throw new TypeError('no URL of a proxy');
  return url;
}

/** @throws TypeError where a `%` stands for nothing; the decoder's own error quotes the password */
function authorizationOf({ username, password }: URL): string | null {
  if (username === '') return null;
  try {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${Buffer.from(pair).toString('base64')}`;
  } catch {
    throw new TypeError('no credentials of a proxy');
  }
}
