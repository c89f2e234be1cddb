import { domainToASCII } from 'node:url';

/** True for two spellings of one address: in any case, in any Unicode normal form, with the domain in Unicode or in ASCII (IDNA). */
export function isSameEmail(one: string, other: string): boolean {
  return comparable(one) === comparable(other);
}

function comparable(email: string): string {
  const normal = email.normalize('NFC').trim().toLowerCase().normalize('NFC');
  const at = normal.lastIndexOf('@');
  if (at < 0) return normal;
  const domain = normal.slice(at + 1);
  // Empty for what is no domain, which then is only equal to itself.
  return `${normal.slice(0, at)}@${domainToASCII(domain) || domain}`;
}
