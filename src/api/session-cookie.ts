import { SESSION_S } from './sessions';

/** `__Host-`: a browser takes it over TLS only, and from no other host of the domain. */
const SECURE_NAME = '__Host-chartway';
/** Browsers refuse the prefix over plain HTTP, which is there on loopback only. */
const LOOPBACK_NAME = 'chartway';

/** The `Set-Cookie` of a session; of none (null), which makes the browser forget it. */
export function sessionCookie(token: string | null, secure: boolean): string {
  const [name, flags] = secure ? [SECURE_NAME, '; Secure'] : [LOOPBACK_NAME, ''];
  return `${name}=${token ?? ''}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${token === null ? 0 : SESSION_S}${flags}`;
}

/** What a `Cookie` header holds of a session. */
export function sessionTokenIn(cookies: string | undefined, secure: boolean): string | null {
  const name = secure ? SECURE_NAME : LOOPBACK_NAME;
  for (const cookie of (cookies ?? '').split(';')) {
    const [key, token] = cookie.trim().split('=', 2);
    if (key === name && token) return token;
  }
  return null;
}
