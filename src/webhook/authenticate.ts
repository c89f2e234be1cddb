import { createHash, timingSafeEqual } from 'node:crypto';

/** What a request shows of itself: the URL's segment after `/notifications/` as it came, and the Authorization header. */
interface Credentials {
  readonly segment: string | null;
  readonly authorization: string | undefined;
}

/**
 * Tells whether a request shows one of the secrets (several while rotating). The URL's segment decides where there is one, for a proxy may
 * add a header of its own; else the password of Basic authentication, with any user name. Without a secret everybody may come in:
 * the configuration has made sure that nobody from outside can reach us then.
 */
export function createAuthentication(secrets: readonly string[]): (credentials: Credentials) => boolean {
  const digests = secrets.map(digest);
  return ({ segment, authorization }) => {
    if (digests.length === 0) return true;
    const shown = digest((segment === null ? basicPassword(authorization) : decoded(segment)) ?? '');
    // Digests are of one length, and every one is compared: neither a secret's length nor which one it was shows in the time taken.
    return digests.map((expected) => timingSafeEqual(expected, shown)).includes(true);
  };
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function basicPassword(authorization: string | undefined): string | null {
  const encoded = /^Basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return null;
  const userAndPassword = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = userAndPassword.indexOf(':'); // a user name has none, a password may
  return colon < 0 ? null : userAndPassword.slice(colon + 1);
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null; // not percent-encoding, so not a secret either
  }
}
