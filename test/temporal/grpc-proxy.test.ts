import { grpcProxy } from '../../src/temporal/grpc-proxy';

const PROXY = 'http://proxy.example:3128';
const VIA = { type: 'http-connect', targetHost: 'proxy.example:3128' };

test.each<[string, string, Record<string, string>, object | undefined]>([
  ['no proxy set', 'cloud.example:7233', {}, undefined],
  ['https_proxy', 'cloud.example:7233', { https_proxy: PROXY }, VIA],
  ['only http_proxy', 'cloud.example:7233', { http_proxy: PROXY }, VIA],
  [
    'grpc_proxy before the others',
    'cloud.example:7233',
    { grpc_proxy: PROXY, https_proxy: 'http://other.example' },
    VIA,
  ],
  [
    'a proxy without a port',
    'cloud.example:7233',
    { https_proxy: 'http://p.example' },
    { ...VIA, targetHost: 'p.example:80' },
  ],
  [
    'a user and password',
    'cloud.example:7233',
    { https_proxy: 'http://u:p%40ss@proxy.example:3128' },
    { ...VIA, basicAuth: { username: 'u', password: 'p@ss' } },
  ],
  ['loopback by name', 'localhost:7233', { https_proxy: PROXY }, undefined],
  ['loopback by address', '127.0.0.2:7233', { https_proxy: PROXY }, undefined],
  ['loopback in IPv6', '[::1]:7233', { https_proxy: PROXY }, undefined],
  [
    'the end of the name in no_proxy',
    'a.cloud.example:7233',
    { https_proxy: PROXY, no_proxy: 'x,cloud.example' },
    undefined,
  ],
  ['another name in no_proxy', 'cloud.example:7233', { https_proxy: PROXY, no_proxy: 'other.example' }, VIA],
  ['its network in no_proxy', '10.1.2.3:7233', { https_proxy: PROXY, no_proxy: '10.0.0.0/8' }, undefined],
  ['another network in no_proxy', '11.1.2.3:7233', { https_proxy: PROXY, no_proxy: '10.0.0.0/8' }, VIA],
  ['a proxy that is not a URL', 'cloud.example:7233', { https_proxy: 'proxy' }, undefined],
])('a worker with %s uses the same proxy as the other processes', (_condition, address, env, proxy) => {
  expect(grpcProxy(address, env)).toEqual(proxy);
});
