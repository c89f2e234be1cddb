import { excludeLoopback } from '../../src/process/loopback';
import { clientAddress, createNetworkCheck, isLoopbackAddress } from '../../src/process/networks';

const isTrusted = createNetworkCheck(['10.0.0.0/8', '2001:db8::/32', '192.0.2.7']);

test.each<[string, string | undefined, string]>([
  ['198.51.100.1', '203.0.113.9', '198.51.100.1'],
  ['10.1.2.3', undefined, '10.1.2.3'],
  ['10.1.2.3', '203.0.113.9', '203.0.113.9'],
  ['10.1.2.3', '1.1.1.1, 203.0.113.9, 10.9.9.9', '203.0.113.9'],
  ['::ffff:10.1.2.3', '203.0.113.9:4711', '203.0.113.9'],
  ['2001:db8::1', '[2001:db9::2]:4711', '2001:db9::2'],
  ['192.0.2.7', '203.0.113.9, unknown', '192.0.2.7'],
  ['192.0.2.8', '203.0.113.9', '192.0.2.8'],
  ['10.1.2.3', '10.1.1.1, 10.2.2.2', '10.1.1.1'],
])('a connection from %s that is forwarded for %s is from %s', (remote, forwardedFor, client) => {
  expect(clientAddress(remote, forwardedFor, isTrusted)).toBe(client);
});

test('recognises loopback addresses of both families and in both spellings', () => {
  const here = ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'];
  const elsewhere = ['128.0.0.1', '::2', '::ffff:10.0.0.1', '', 'localhost'];
  expect([...here, ...elsewhere].filter(isLoopbackAddress)).toEqual(here);
});

test.each([
  ['no_proxy not set', {}, 'localhost,127.0.0.1,::1,[::1]'],
  ['no_proxy set to nothing', { no_proxy: '' }, 'localhost,127.0.0.1,::1,[::1]'],
  [
    'the hosts of a company',
    { no_proxy: ' .corp.example, 10.0.0.0/8 ' },
    '.corp.example,10.0.0.0/8,localhost,127.0.0.1,::1,[::1]',
  ],
  ['capitals only', { NO_PROXY: 'corp.example' }, 'corp.example,localhost,127.0.0.1,::1,[::1]'],
  ['loopback listed', { no_proxy: '127.0.0.1,localhost' }, '127.0.0.1,localhost,::1,[::1]'],
  ['everything excluded', { no_proxy: '*' }, '*'],
])('with %s, excludes loopback from the proxy and keeps the other entries', (_condition, env, text) => {
  expect(excludeLoopback(env)).toEqual({ no_proxy: text, NO_PROXY: text });
});
