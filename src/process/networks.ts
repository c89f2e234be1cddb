import { BlockList, isIP } from 'node:net';
import { parseList, setting } from './setting';

/** A variable that lists addresses or networks in CIDR notation. */
export const networks = setting('addresses or networks (10.0.0.0/8), comma-separated', parseList(isNetwork));

function isNetwork(part: string): boolean {
  const [address = '', bits, extra] = part.split('/');
  const maxBits = { 4: 32, 6: 128 }[isIP(address)];
  if (maxBits === undefined || extra !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && +bits <= maxBits);
}

/** Returns a function that checks whether an address is in one of the networks (in the form of {@link networks}). */
export function createNetworkCheck(listed: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const part of listed) {
    const [address = '', bits] = part.split('/');
    const [family, maxBits] = isIP(address) === 6 ? (['ipv6', 128] as const) : (['ipv4', 32] as const);
    list.addSubnet(address, Number(bits ?? maxBits), family);
  }
  return (address) => {
    const plain = removeMapping(address);
    return isIP(plain) !== 0 && list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };
}

/** Whether an address is in 127.0.0.0/8 or is ::1. */
export const isLoopbackAddress = createNetworkCheck(['127.0.0.0/8', '::1']);

/**
 * The client's address behind trusted proxies: the last address in `X-Forwarded-For` that is not a trusted proxy, because each proxy appends
 * the address that it saw. The header is ignored if the connection does not come from a trusted proxy.
 */
export function clientAddress(
  remoteAddress: string,
  forwardedFor: string | undefined,
  isTrusted: (address: string) => boolean,
): string {
  let client = removeMapping(remoteAddress);
  for (const hop of (forwardedFor ?? '').split(',').reverse()) {
    if (!isTrusted(client)) break;
    const address = removeMapping(removePort(hop.trim()));
    if (isIP(address) === 0) break;
    client = address;
  }
  return client;
}

/** The key of an address for limits: for IPv6 the /64 network, because one host has all addresses of it. */
export function toCallerKey(address: string): string {
  if (!address.includes(':') || address.includes('.')) return removeMapping(address);
  const [head = '', tail] = address.split('::');
  const [before, after] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':')));
  const zeros = tail === undefined ? 0 : 8 - (before?.length ?? 0) - (after?.length ?? 0);
  return [...(before ?? []), ...Array<string>(Math.max(0, zeros)).fill('0'), ...(after ?? [])].slice(0, 4).join(':');
}

/** From `192.0.2.1:443` and `[2001:db8::1]:443`, which some proxies write. */
function removePort(hop: string): string {
  return /^\[([^\]]*)\]/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;
}

/** `::ffff:192.0.2.1` is an IPv4 address on a socket for both families. */
function removeMapping(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
