import { BlockList, isIPv4 } from 'node:net';
import { isLoopbackHost } from '../process/loopback';
import { hostOf } from './settings';

/** The proxy option of the worker's native connection. */
interface HttpConnectProxy {
  readonly type: 'http-connect';
  /** `host:port`. */
  readonly targetHost: string;
  readonly basicAuth?: { readonly username: string; readonly password: string };
}

/**
 * The proxy to a Temporal server; none for loopback. The worker's native connection does not read the environment, so this applies the rules of
 * gRPC for Node (grpc-js 1.14, `http_proxy.js`), which the other connections follow. It reads lower-case names only.
 */
export function grpcProxy(address: string, env: NodeJS.ProcessEnv = process.env): HttpConnectProxy | undefined {
  const text = env['grpc_proxy'] || env['https_proxy'] || env['http_proxy'] || '';
  const host = hostOf(address).replace(/^\[|\]$/g, '');
  if (!URL.canParse(text) || isLoopbackHost(host) || isExcluded(host, env)) return undefined;
  const { protocol, hostname, port, username, password } = new URL(text);
  if (protocol !== 'http:') return undefined;
  return {
    type: 'http-connect',
    targetHost: `${hostname}:${port || 80}`,
    ...(username && { basicAuth: { username: decodeURIComponent(username), password: decodeURIComponent(password) } }),
  };
}

/** An entry is the end of a host name, an address, or an IPv4 network. */
function isExcluded(host: string, env: NodeJS.ProcessEnv): boolean {
  const text = env['no_grpc_proxy'] || env['no_proxy'] || '';
  if (text === '') return false;
  return text.split(',').some((entry) => host.endsWith(entry) || (isIPv4(host) && isInNetwork(host, entry)));
}

function isInNetwork(host: string, network: string): boolean {
  const [address = '', prefix = ''] = network.split('/');
  if (!isIPv4(address) || !/^([12]?\d|3[0-2])$/.test(prefix)) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(prefix));
  return list.check(host);
}
