import { excludeLoopback } from '../../src/process/loopback';

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
