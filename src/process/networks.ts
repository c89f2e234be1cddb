import { BlockList, isIP } from 'node:net';
import { setting } from './setting';

/** A variable that lists addresses or networks in CIDR notation. */
export const networks = setting('addresses or networks (10.0.0.0/8), comma-separated', (text) => {
  const parts = text.split(',').map((part) => part.trim());
  return parts.every(isNetwork) ? parts : null;
});

function isNetwork(part: string): boolean {
  const [address = '', bits, more] = part.split('/');
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return most > 0 && more === undefined && (bits === undefined || (/^\d{1,3}$/.test(bits) && +bits <= most));
}

/** Whether an address is in one of the networks, which have the form of {@link networks}. */
export function createNetworkCheck(listed: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const part of listed) {
    const [address = '', bits] = part.split('/');
    const [family, most] = isIP(address) === 6 ? (['ipv6', 128] as const) : (['ipv4', 32] as const);
    list.addSubnet(address, Number(bits ?? most), family);
  }
  return (address) => {
    const plain = withoutMapping(address);
    return isIP(plain) !== 0 && list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };
}

const isLoopback = createNetworkCheck(['127.0.0.0/8', '::1']);

export function isLoopbackAddress(address: string): boolean {
  return isLoopback(address);
}

/**
 * The address of the client behind trusted proxies: the last one in `X-Forwarded-For` that is not a trusted proxy itself, because each proxy adds
 * the address that it saw at the end. A connection that does not come from a trusted proxy is the client's own, whatever the header says.
 */
export function clientAddress(
  remoteAddress: string,
  forwardedFor: string | undefined,
  isTrusted: (address: string) => boolean,
): string {
  let client = withoutMapping(remoteAddress);
  for (const hop of (forwardedFor ?? '').split(',').reverse()) {
    if (!isTrusted(client)) break;
    const address = withoutMapping(withoutPort(hop.trim()));
    if (isIP(address) === 0) break;
    client = address;
  }
  return client;
}

/** `192.0.2.1:443` and `[2001:db8::1]:443`, as some proxies write them. */
function withoutPort(hop: string): string {
  return /^\[([^\]]*)\]/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;
}

/** An IPv4 address as a socket for both families names it. */
function withoutMapping(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
