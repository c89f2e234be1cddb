import { type CallFacts, Unavailable } from '../upstream/errors';

/**
 * What undici or the socket threw, as {@link Unavailable}. Only the code is kept: undici's parser error carries the raw answer,
 * which may be personal data or a token. A time-out before the connection stood is a dead call, one after it may be alive.
 */
export function toUnavailable(facts: CallFacts, error: unknown, isProxied = false): Unavailable {
  const code = errorCode(error);
  const refusedWith = isProxied && facts.status === null ? readProxyStatus(error) : null;
  if (refusedWith !== null) {
    const advice = refusedWith === '407' ? 'check its user and password' : 'check whether it allows this host';
    return new Unavailable(facts, `the proxy of HTTPS_PROXY refused the connection (${refusedWith}); ${advice}`);
  }
  if (code === 'UND_ERR_BODY_TIMEOUT') {
    return new Unavailable(facts, 'the answer stalled', { callMayBeAlive: true });
  }
  if (facts.status !== null) return new Unavailable(facts, `the answer broke off (${code})`);
  const far = isProxied ? 'the proxy of HTTPS_PROXY, and the host through it,' : 'the host';
  return new Unavailable(facts, `the connection failed (${code}); check that ${far} can be reached from here`);
}

/** The status of a proxy that opened no tunnel: undici says it in its message only. */
function readProxyStatus(error: unknown): string | null {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? (/^Proxy response \((\d{3})\)/.exec(message)?.[1] ?? null) : null;
}

/** We gave up waiting: upstream may still be working on the request. */
export function toTimeout(facts: CallFacts, timeoutMs: number): Unavailable {
  return new Unavailable(facts, `no complete answer within ${timeoutMs} ms`, { callMayBeAlive: true });
}

function errorCode(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return [code, name].find((text) => typeof text === 'string' && /^\w{1,60}$/.test(text))?.toString() ?? 'unknown';
}
