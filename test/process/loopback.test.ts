import { sparingLoopback } from '../../src/process/loopback';

test.each([
  ['no_proxy not set', {}, 'localhost,127.0.0.1,::1,[::1]'],
  ['no_proxy set to nothing', { no_proxy: '' }, 'localhost,127.0.0.1,::1,[::1]'],
  [
    'the hosts of a company',
    { no_proxy: ' .corp.example, 10.0.0.0/8 ' },
    '.corp.example,10.0.0.0/8,localhost,127.0.0.1,::1,[::1]',
  ],
  ['capitals only', { NO_PROXY: 'corp.example' }, 'corp.example,localhost,127.0.0.1,::1,[::1]'],
  ['loopback already there', { no_proxy: '127.0.0.1,localhost' }, '127.0.0.1,localhost,::1,[::1]'],
  ['everything already excepted', { no_proxy: '*' }, '*'],
])('with %s, loopback never goes through a proxy, and what was excepted stays so', (_condition, env, text) => {
  expect(sparingLoopback(env)).toEqual({ no_proxy: text, NO_PROXY: text });
});
