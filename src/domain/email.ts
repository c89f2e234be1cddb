/** Characters that end or invalidate the host of a URL. */
const NOT_IN_HOST = /[\s/?#:@[\]\\%<>^|]/;

/** For comparison: trimmed, NFC, lower case, and a domain beyond ASCII in its ASCII form (`xn--...`, UTS 46). */
export function normalizeEmail(email: string): string {
  const address = email.trim().normalize('NFC').toLowerCase();
  const domainAt = address.lastIndexOf('@') + 1;
  return address.slice(0, domainAt) + asciiDomain(address.slice(domainAt));
}

export function isSameEmail(one: string, other: string): boolean {
  return normalizeEmail(one) === normalizeEmail(other);
}

function asciiDomain(domain: string): string {
  if (/^\p{ASCII}*$/u.test(domain) || NOT_IN_HOST.test(domain)) return domain;
  try {
    return new URL(`http://${domain}`).hostname;
  } catch {
    return domain;
  }
}
