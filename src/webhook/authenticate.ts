import { createHash, timingSafeEqual } from 'node:crypto';

/** `segment`: the part of the path after `/notifications/`, percent-encoded. */
interface Credentials {
  readonly segment: string | null;
  readonly authorization: string | undefined;
}

/**
 * Returns a function that checks whether a request has one of the secrets. If the path has a segment, only the segment counts, because a proxy
 * may add a header. Otherwise the password of Basic authentication counts, with any user name. Without secrets every request passes: the
 * configuration allows that on loopback only.
 */
export function createSecretCheck(secrets: readonly string[]): (credentials: Credentials) => boolean {
  const digests = secrets.map(digest);
  return ({ segment, authorization }) => {
    if (digests.length === 0) return true;
    const sent = digest((segment === null ? parsePassword(authorization) : decodeSegment(segment)) ?? '');
    // Digests of one length, all compared: the time shows neither the length of a secret nor which one matched.
    return digests.map((expected) => timingSafeEqual(expected, sent)).includes(true);
  };
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function parsePassword(authorization: string | undefined): string | null {
  const encoded = /^Basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return null;
  const userAndPassword = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = userAndPassword.indexOf(':'); // a user name has none, a password may
  return colon < 0 ? null : userAndPassword.slice(colon + 1);
}

function decodeSegment(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null; // not percent-encoded
  }
}
