import { type LookupAddress, lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { isLoopbackHost } from '../process/loopback';
import { createNetworkCheck, isLoopbackAddress } from '../process/networks';

/** Addresses that are not on the internet (IANA's special-purpose registries). */
const isPrivateAddress = createNetworkCheck([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4', '::/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23'],
  ...['2001:db8::/32', '2002::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
]);

export class PrivateAddress extends Error {
  override readonly name = 'PrivateAddress';
  readonly code = 'PRIVATE_ADDRESS';
}

/** Whether a host may have this address. A loopback host has loopback addresses only. */
function mayConnect(hostname: string, address: string, allowPrivate: readonly string[]): boolean {
  if (allowPrivate.includes(hostname.toLowerCase())) return true;
  return isLoopbackHost(hostname) ? isLoopbackAddress(address) : !isPrivateAddress(address);
}

/** Rejects a host that is a private address itself: no look-up resolves it. @throws {PrivateAddress} */
export function rejectPrivateHost(hostname: string, allowPrivate: readonly string[]): void {
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0 && !mayConnect(hostname, address, allowPrivate)) throw new PrivateAddress();
}

/**
 * A look-up that fails if any address of the host is private. The connection is made to the address that was checked, so that a later answer of DNS
 * cannot lead to another one.
 */
export function guardedLookup(allowPrivate: readonly string[], lookup: typeof resolve = resolve): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error) return callback(error, '');
      const [first] = found;
      if (first === undefined || !found.every(({ address }) => mayConnect(hostname, address, allowPrivate)))
        return callback(new PrivateAddress(), '');
      return options.all ? callback(null, found) : callback(null, first.address, first.family);
    });
  };
}
