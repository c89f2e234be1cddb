import { KEYS, startApi } from '../api/api-fixture';
import { converse, startWebhook } from '../webhook/webhook-fixture';

/** A second request: hidden if a proxy in front and Chartway read the first one differently. */
const HIDDEN = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
const post = (...headers: string[]) => ['POST /notifications HTTP/1.1', 'Host: 127.0.0.1', ...headers].join('\r\n');
const AMBIGUOUS: readonly (readonly [string, string])[] = [
  ['two lengths', `${post('Content-Length: 0', `Content-Length: ${HIDDEN.length}`)}\r\n\r\n${HIDDEN}`],
  [
    'two lengths behind an absolute target',
    `${post('Content-Length: 0', `Content-Length: ${HIDDEN.length}`).replace('/', 'http://127.0.0.1/')}\r\n\r\n${HIDDEN}`,
  ],
  ['a length and chunks', `${post('Content-Length: 4', 'Transfer-Encoding: chunked')}\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ['chunks and a length', `${post('Transfer-Encoding: chunked', 'Content-Length: 4')}\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ['a coding after the chunks', `${post('Transfer-Encoding: chunked, identity')}\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ['an unknown coding', `${post('Transfer-Encoding: xchunked')}\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ['a blank before the colon', `${post('Transfer-Encoding : chunked')}\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ['a length with a sign', `${post('Content-Length: +0')}\r\n\r\n${HIDDEN}`],
  ['a length in a list', `${post('Content-Length: 0, 45')}\r\n\r\n${HIDDEN}`],
  ['a length below zero', `${post('Content-Length: -1')}\r\n\r\n${HIDDEN}`],
  ['lines without a carriage return', `${post('Content-Length: 0').replaceAll('\r\n', '\n')}\n\n${HIDDEN}`],
  [
    'a chunk that is longer than its size',
    `${post('Transfer-Encoding: chunked')}\r\n\r\n1\r\nab\r\n0\r\n\r\n${HIDDEN}`,
  ],
  ['a chunk size with a sign', `${post('Transfer-Encoding: chunked')}\r\n\r\n+0\r\n\r\n${HIDDEN}`],
  ['no Host', `POST /notifications HTTP/1.1\r\nContent-Length: 0\r\n\r\n${HIDDEN}`],
  ['a name with a null in it', `${post('X\0: 1', 'Content-Length: 0')}\r\n\r\n${HIDDEN}`],
  ['a header of 20 KiB', `${post(`X: ${'x'.repeat(20 * 1024)}`, 'Content-Length: 0')}\r\n\r\n${HIDDEN}`],
];

const STARTS = {
  async webhook() {
    const { port, stop } = await startWebhook();
    return { port, stop };
  },
  async api() {
    const { url, close } = await startApi();
    return { port: Number(new URL(url).port), stop: close };
  },
};

describe.each(['webhook', 'api'] as const)('an ambiguous request to the %s', (name) => {
  let edge: Awaited<ReturnType<(typeof STARTS)['api']>>;
  beforeAll(async () => {
    edge = await STARTS[name]();
  });
  afterAll(() => edge.stop());

  test.each(AMBIGUOUS)('gets one error answer and a closed connection: %s', async (_what, first) => {
    const { text, closed } = await converse(edge.port, { first });
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual([expect.stringMatching(/ 4\d\d$/)]);
    expect({ closed, hidden: text.includes('"ok"') }).toEqual({ closed: true, hidden: false });
  });
});

test('the api rejects a request with two Host headers, because its access rules depend on the Host', async () => {
  const { url, close } = await startApi();
  try {
    const lines = [
      'GET /whoami HTTP/1.1',
      'Host: 127.0.0.1',
      'Host: evil.example',
      `Authorization: Bearer ${KEYS.read}`,
    ];
    const first = `${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`;
    expect((await converse(Number(new URL(url).port), { first })).text).toMatch(/^HTTP\/1\.1 400 /);
  } finally {
    await close();
  }
});
