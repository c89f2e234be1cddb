/** What a URL reads as something else than a host. */
const NOT_IN_HOST = /[\s/?#:@[\]\\%<>^|]/;

/**
 * An e-mail address in the form in which two are compared: trimmed, composed (NFC), lower case, and a domain beyond ASCII in its ASCII form
 * (`xn--...`, UTS 46). An address in ASCII only changes in case and outer white space.
 */
export function normalizeEmail(email: string): string {
  const address = email.trim().normalize('NFC').toLowerCase();
  const domainAt = address.lastIndexOf('@') + 1;
  return address.slice(0, domainAt) + asciiDomain(address.slice(domainAt));
}

/** True for two spellings of one address. */
export function isSameEmail(one: string, other: string): boolean {
  return normalizeEmail(one) === normalizeEmail(other);
}

/** The global URL, because domain code imports no Node built-in. */
function asciiDomain(domain: string): string {
  if (/^\p{ASCII}*$/u.test(domain) || NOT_IN_HOST.test(domain)) return domain;
  try {
    return new URL(`http://${domain}`).hostname;
  } catch {
    return domain;
  }
}
