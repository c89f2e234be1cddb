import { once } from 'node:events';
import { mkdir, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { listen, resetConnection } from '../../src/process/listening';
import { KEYS, startApi } from '../api/api-fixture';
import { createAuthority, issueCertificate, writePair } from '../support/certificates';
import { useCleanup } from '../support/cleanup';
import { until } from '../support/condition';
import { readFaults } from '../support/configuration';
import { startWebhook, statusNotification } from '../webhook/webhook-fixture';

const ca = createAuthority();
/** Also limits the handshake, which must succeed on a busy machine. */
const SLOW_MS = 2_000;
const addCleanup = useCleanup();

const SECRET = 's3cret';
const STARTS = {
  async webhook(files: Files, timeoutMs?: number) {
    const timeouts = { renewalEveryMs: 20, ...(timeoutMs && { senderTimeoutMs: timeoutMs }) };
    const webhook = await startWebhook({ tls: files, secrets: [SECRET], timeouts });
    addCleanup(webhook.stop);
    return { url: webhook.url, logged: webhook.logged, metrics: webhook.metrics };
  },
  async api(files: Files, timeoutMs?: number) {
    const api = await startApi({
      settings: { tls: files },
      renewalEveryMs: 20,
      ...(timeoutMs && { senderTimeoutMs: timeoutMs }),
    });
    addCleanup(api.close);
    return { url: api.url, logged: () => api.lines.join(''), metrics: () => api.registry.metrics() };
  },
};
type Files = Awaited<ReturnType<typeof writePair>>['files'];

async function setup(
  edge: keyof typeof STARTS,
  options: { pair?: ReturnType<typeof issueCertificate>; timeoutMs?: number } = {},
) {
  const disk = await writePair(options.pair ?? issueCertificate(ca));
  addCleanup(disk.remove);
  const started = await STARTS[edge](disk.files, options.timeoutMs);
  const port = Number(new URL(started.url).port);
  return {
    ...disk,
    ...started,
    port,
    /** The socket after a successful handshake. @throws the error of the handshake */
    shake: async (over: ConnectionOptions = {}): Promise<TLSSocket> => {
      const socket = connect({ port, host: '127.0.0.1', ca: ca.cert, ...over });
      await once(socket, 'secureConnect');
      addCleanup(() => socket.destroy());
      return socket;
    },
  };
}

function ask(url: string, method: string, headers: Record<string, string>, body = '', trusted = ca.cert) {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
    const sent = request(url, { method, headers, ca: trusted, agent: false }, (response) => {
      response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    });
    sent.on('error', reject).end(body);
  });
}

test('over TLS the webhook keeps the connection of a sender that shows a valid secret', async () => {
  const { shake } = await setup('webhook');
  const authorization = `Authorization: Basic ${Buffer.from(`x:${SECRET}`).toString('base64')}`;
  const sender = await shake();
  const answer = async (request: string) => {
    sender.write(request);
    return String(await once(sender, 'data'));
  };
  const post = `POST /notifications HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Length: 2\r\n\r\n{}`;
  expect(await answer(post)).toMatch(/200 OK.*Keep-Alive: timeout=65/s);
  expect(await answer(post)).toMatch(/200 OK/);
  expect(await answer('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/404 .*Connection: close/s);
});

test('a connection over TLS can be ended within an answer', async () => {
  const server = createServer(issueCertificate(ca), (request, response) => {
    response.write('a part', () => resetConnection(request.socket));
  });
  addCleanup(() => void server.close());
  const { port } = new URL(await listen(server, { host: '127.0.0.1', port: 0 }));
  const socket = connect({ port: Number(port), host: '127.0.0.1', ca: ca.cert }).resume();
  socket.write('GET / HTTP/1.0\r\n\r\n');
  await once(socket, 'close');
});

/** All text from a connection until it is closed. */
async function readAll(socket: ReturnType<typeof connectPlain>): Promise<string> {
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
  });
  socket.on('error', () => {});
  await once(socket, 'close');
  return text;
}

describe.each(['webhook', 'api'] as const)('the %s with TLS', (edge) => {
  test('serves https, announces an https address, and sends Strict-Transport-Security', async () => {
    const { url } = await setup(edge);
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const { status, headers } = await ask(`${url}/healthz`, 'GET', {});
    expect([status, headers['strict-transport-security']]).toEqual([200, expect.stringMatching(/^max-age=31536000/)]);
  });

  test('accepts TLS 1.3, and 1.2 with forward secrecy and authentication only', async () => {
    const { shake } = await setup(edge);
    expect((await shake()).getProtocol()).toBe('TLSv1.3');
    const older = await shake({ maxVersion: 'TLSv1.2' });
    expect([older.getProtocol(), older.getCipher().name]).toEqual([
      'TLSv1.2',
      expect.stringMatching(/^ECDHE-ECDSA-.*(GCM|POLY1305)/),
    ]);
    const ciphers = 'DEFAULT@SECLEVEL=0';
    await expect(shake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers })).rejects.toThrow();
    await expect(shake({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' })).rejects.toThrow();
  });

  test('uses a renewed pair without a restart, also through a changed link', async () => {
    const { files, folder, shake, put, logged, metrics } = await setup(edge);
    const subject = async () => (await shake()).getPeerCertificate().subject.CN;
    expect(await subject()).toBe('localhost');
    const open = await shake();
    await until('the first check of the pair', () => logged().includes('TLS certificate in use'));
    await put(issueCertificate(ca, 'renewed', 90));
    await until('the renewed certificate', async () => (await subject()) === 'renewed');
    expect(logged()).toContain('a renewed TLS certificate is in use');
    const notAfter = /^chartway_tls_certificate_not_after_seconds\S* (\S+)$/m.exec(await metrics())?.[1];
    expect(Math.abs(Number(notAfter) - (Date.now() / 1_000 + 90 * 86_400))).toBeLessThan(600);
    expect(open.destroyed).toBe(false);

    const mounted = issueCertificate(ca, 'mounted');
    await mkdir(join(folder, 'next'));
    await writeFile(join(folder, 'next', 'tls.crt'), mounted.cert);
    await writeFile(join(folder, 'next', 'tls.key'), mounted.key);
    for (const [name, file] of [
      ['tls.crt', files.certFile],
      ['tls.key', files.keyFile],
    ] as const) {
      await unlink(file);
      await symlink(join(folder, 'next', name), file);
    }
    await until('the mounted certificate', async () => (await subject()) === 'mounted');
    // The other options stay the same.
    await expect(
      shake({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    ).rejects.toThrow();
  });

  test('keeps the old pair while the new one is incomplete, and logs that once', async () => {
    const { files, folder, shake, logged } = await setup(edge);
    const next = issueCertificate(ca, 'next');
    // In one step, because a check during a write would log a third text.
    await writeFile(join(folder, 'next.crt'), next.cert);
    await rename(join(folder, 'next.crt'), files.certFile);
    const faults = () => logged().split('cannot be used; the old ones stay in use').length - 1;
    await until('the fault', () => faults() > 0);
    expect((await shake()).getPeerCertificate().subject.CN).toBe('localhost');
    expect(faults()).toBe(1);
    // An empty file, as at the start of a write.
    await writeFile(files.keyFile, '');
    await until('the second fault', () => faults() > 1);
    expect((await shake()).getPeerCertificate().subject.CN).toBe('localhost');
    await writeFile(files.keyFile, next.key);
    await until('the new pair', async () => (await shake()).getPeerCertificate().subject.CN === 'next');
  });

  test('logs an expired certificate', async () => {
    const { logged } = await setup(edge, { pair: issueCertificate(ca, 'localhost', -1) });
    await until('the log line', () => logged().includes('the TLS certificate has expired'));
  });

  test.each([
    ['plain HTTP', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['nothing', ''],
    ['half a handshake', '\x16\x03\x01\x02'],
  ])('closes without an HTTP answer after %s', async (_what, text) => {
    const { port, shake, logged } = await setup(edge, { timeoutMs: SLOW_MS });
    const socket = connectPlain(port, '127.0.0.1', () => text && socket.write(text, 'latin1'));
    expect(await readAll(socket)).not.toContain('HTTP');
    await shake();
    expect(logged()).not.toMatch(/"level":"(warn|error|fatal)"/);
  });

  test('closes a connection without a request after the handshake', async () => {
    const { shake } = await setup(edge, { timeoutMs: SLOW_MS });
    expect(await readAll(await shake())).toMatch(edge === 'api' ? /^HTTP\/1\.1 408 / : /^HTTP\/1\.1 400 /);
  });
});

test('the webhook checks requests over TLS as over HTTP', async () => {
  const { url } = await setup('webhook');
  const notices = `${url}/notifications`;
  const basic = { Authorization: `Basic ${Buffer.from(`x:${SECRET}`).toString('base64')}` };
  const post = async (body: string, headers: Record<string, string> = basic) =>
    (await ask(notices, 'POST', headers, body)).status;
  expect({
    good: await post(JSON.stringify(statusNotification())),
    segment: (await ask(`${notices}/${SECRET}`, 'POST', {}, '{}')).status,
    noSecret: await post('{}', {}),
    junk: await post('not JSON'),
    large: await post('x'.repeat(1_048_577)),
    method: (await ask(notices, 'PUT', basic)).status,
    path: (await ask(`${url}/elsewhere`, 'POST', basic)).status,
  }).toEqual({ good: 200, segment: 200, noSecret: 401, junk: 400, large: 413, method: 405, path: 404 });
});

test('a session of the api over TLS has a cookie for TLS only', async () => {
  const { url } = await setup('api');
  const json = { 'content-type': 'application/json' };
  const { headers } = await ask(`${url}/session`, 'POST', json, JSON.stringify({ key: KEYS.records }));
  expect(String(headers['set-cookie'])).toMatch(/^__Host-chartway=.*; Secure;/);
});

describe.each([
  ['webhook', 'WEBHOOK'],
  ['api', 'API'],
] as const)('the configuration of the %s', (process, prefix) => {
  const [CERT, KEY] = [`${prefix}_TLS_CERT_FILE`, `${prefix}_TLS_KEY_FILE`];
  const local = { HUMAN_API_AUTH_URL: 'http://127.0.0.1', HUMAN_API_ADMIN_URL: 'http://127.0.0.1' };
  const faults = (env: Record<string, string>, of: 'webhook' | 'api' | 'worker' = process) => {
    const found = readFaults(of, { ...local, HUMAN_API_DATA_URL: 'http://127.0.0.1', ...env });
    return found.map(({ key, expected, got }) => `${key}: ${expected}; ${got}`);
  };

  test('rejects half a pair, an unreadable file, a file that is not PEM, and a key of another certificate', async () => {
    const { files, folder, remove } = await writePair(issueCertificate(ca));
    addCleanup(remove);
    const other = await writePair(issueCertificate(ca));
    addCleanup(other.remove);
    const none = join(folder, 'none');
    const text = join(folder, 'text');
    await writeFile(text, 'not PEM');
    expect(faults({ [CERT]: files.certFile, [KEY]: files.keyFile })).toEqual([]);
    expect(faults({ [CERT]: files.certFile })).toEqual([
      `${KEY}: a file, because the other half of the pair is set; nothing`,
    ]);
    expect(faults({ [KEY]: files.keyFile })).toEqual([
      `${CERT}: a file, because the other half of the pair is set; nothing`,
    ]);
    expect(faults({ [CERT]: none, [KEY]: text })).toEqual([
      `${CERT}: a readable PEM file; "${none}" (ENOENT)`,
      `${KEY}: a PEM file; "${text}"`,
    ]);
    expect(faults({ [CERT]: files.certFile, [KEY]: other.files.keyFile })).toEqual([
      `${KEY}: the private key, without a passphrase, of the certificate in ${CERT}; "${other.files.keyFile}" (ERR_OSSL_X509_KEY_VALUES_MISMATCH)`,
    ]);
  });

  test('does not require other processes to read the key', () => {
    const id = { HUMAN_API_CLIENT_ID: 'id', HUMAN_API_CLIENT_SECRET: 'x' };
    expect(faults({ ...id, [CERT]: '/nowhere/a', [KEY]: '/nowhere/b' }, 'worker')).toEqual([]);
  });
});
