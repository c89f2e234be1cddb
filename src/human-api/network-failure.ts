import { type CallFacts, Unavailable } from '../upstream/errors';

/**
 * Turns an error of undici or of the socket into {@link Unavailable}. Only its code is kept: undici's parser error carries the raw answer, which
 * may hold personal data or a token.
 */
export function toUnavailable(facts: CallFacts, error: unknown, isProxied = false): Unavailable {
  const code = errorCode(error);
  const proxyStatus = isProxied && facts.status === null ? readProxyStatus(error) : null;
  if (proxyStatus !== null) {
    const advice = proxyStatus === '407' ? 'check its user and password' : 'check whether it allows this host';
    return new Unavailable(facts, `the proxy of HTTPS_PROXY refused the connection (${proxyStatus}); ${advice}`);
  }
  // The connection is open, so Human API may still be working on the call.
  if (code === 'UND_ERR_BODY_TIMEOUT') return new Unavailable(facts, 'the response stalled', { callMayBeAlive: true });
  if (facts.status !== null) return new Unavailable(facts, `the response was cut off (${code})`);
  const target = isProxied ? 'the proxy of HTTPS_PROXY, and the host through it' : 'the host';
  return new Unavailable(facts, `the connection failed (${code}); check that this machine can reach ${target}`);
}

/** The status of a proxy that opened no tunnel. undici reports it only in its message. */
function readProxyStatus(error: unknown): string | null {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? (/^Proxy response \((\d{3})\)/.exec(message)?.[1] ?? null) : null;
}

/** We stopped waiting, but Human API may still be working on the request. */
export function toTimeout(facts: CallFacts, timeoutMs: number): Unavailable {
  return new Unavailable(facts, `no complete answer within ${timeoutMs} ms`, { callMayBeAlive: true });
}

function errorCode(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return [code, name].find((text) => typeof text === 'string' && /^\w{1,60}$/.test(text))?.toString() ?? 'unknown';
}
