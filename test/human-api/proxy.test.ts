import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import { readProxy } from '../../src/human-api/proxy-settings';
import { createUsersUpstream, type HumanApiSettings } from '../../src/human-api/users/adapter';
import { createAuthority, issueCertificate } from '../support/certificates';
import { useCleanup } from '../support/cleanup';
import { listenOnLoopback } from '../support/loopback';
import { failureOf, startClient } from './fixture';
import { CREDENTIALS } from './recorded-upstream';

const FAR = 'https://admin.humanapi.invalid';

const addCleanup = useCleanup();

function listening(server: Server): Promise<number> {
  addCleanup(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return listenOnLoopback(server);
}

/** A proxy that records the requested tunnels, and opens each to `port`, or rejects it with `status`. */
async function startProxy({ port = 0, status = 200 }: { port?: number; status?: number }) {
  const tunnels: (string | undefined)[][] = [];
  const server = createServer((_, response) => response.writeHead(500).end());
  server.on('connect', (request, socket) => {
    tunnels.push([request.method, request.url, request.headers['proxy-authorization']]);
    socket.on('error', () => {});
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const far = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      far.pipe(socket).pipe(far);
    });
    far.on('error', () => socket.destroy());
    addCleanup(() => [far.destroy(), socket.destroy()]);
  });
  return { tunnels, address: `127.0.0.1:${await listening(server)}` };
}

function clientThrough(env: Record<string, string>, settings: Partial<HumanApiSettings> = {}) {
  const proxy = readProxy(env);
  if (proxy === null || 'malformed' in proxy) throw new Error('expected a proxy');
  const urls = { authUrl: FAR, adminUrl: FAR, dataUrl: FAR };
  const api = createUsersUpstream({ ...CREDENTIALS, ...urls, timeoutMs: 20_000, proxy, ...settings });
  addCleanup(() => api.close());
  return api;
}

/** Human API over TLS. */
async function startFarUpstream(): Promise<number> {
  const { cert, key } = issueCertificate(createAuthority());
  const server = createTlsServer({ cert, key }, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"client_token":"t","expires_in":60}');
  });
  return listening(server);
}

it.each(['HTTPS_PROXY', 'https_proxy'])(
  '%s: Human API is called through the proxy, and TLS ends at Human API',
  async (name) => {
    const { tunnels, address } = await startProxy({ port: await startFarUpstream() });
    const error = await failureOf(clientThrough({ [name]: `http://us%40er:pa%3Ass@${address}` }).proveCredentials());
    // The certificate is unknown here, so the handshake went through the tunnel.
    expect(error.message).toContain('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    const authorization = `Basic ${Buffer.from('us@er:pa:ss').toString('base64')}`;
    expect(tunnels).toEqual([['CONNECT', 'admin.humanapi.invalid:443', authorization]]);
  },
);

it('a host in NO_PROXY is called directly', async () => {
  const { tunnels, address } = await startProxy({ status: 502 });
  const env = { https_proxy: address, NO_PROXY: 'example.org, .humanapi.invalid' };
  expect((await failureOf(clientThrough(env).proveCredentials())).message).toMatch(/ENOTFOUND|EAI_AGAIN/);
  expect(tunnels).toEqual([]);
});

it('this machine is never called through the proxy, whatever NO_PROXY', async () => {
  const { tunnels, address } = await startProxy({ status: 502 });
  const proxy = readProxy({ http_proxy: `http://${address}`, https_proxy: `http://${address}` });
  if (proxy === null || 'malformed' in proxy) throw new Error('expected a proxy');
  const { api, humanId } = await startClient({ proxy });
  expect(await api.readStatus(humanId)).toMatchObject({ subjectId: humanId });
  for (const host of ['127.9.9.9', 'localhost', '[::1]']) {
    const url = `https://${host}:1`;
    const near = clientThrough({ https_proxy: address }, { authUrl: url });
    expect((await failureOf(near.proveCredentials())).message).toMatch(/the connection failed \((?!.*proxy)/);
  }
  expect(tunnels).toEqual([]);
});

it.each([
  [407, 'the proxy of HTTPS_PROXY refused the connection (407); check its user and password'],
  [502, 'the proxy of HTTPS_PROXY refused the connection (502); check whether it allows this host'],
])("a proxy's own %d is unavailable, the call is dead, and the message shows no password", async (status, expected) => {
  const { address } = await startProxy({ status });
  const error = await failureOf(clientThrough({ https_proxy: `http://me:pa55word@${address}` }).proveCredentials());
  expect(error).toMatchObject({ kind: 'unavailable', callMayBeAlive: false });
  expect(error.message).toContain(expected);
  expect(JSON.stringify([error, String(error.stack)])).not.toMatch(/pa55word|me:/);
});

it('an unreachable proxy is named', async () => {
  const error = await failureOf(clientThrough({ https_proxy: '127.0.0.1:1' }).proveCredentials());
  expect(error.message).toContain(
    'the connection failed (ECONNREFUSED); check that this machine can reach the proxy of HTTPS_PROXY',
  );
});

it.each([
  [{}, null],
  [{ http_proxy: 'http://proxy:3128' }, null],
  [{ https_proxy: '' }, null],
  [
    { https_proxy: 'proxy:3128', HTTPS_PROXY: 'http://other' },
    { url: 'http://proxy:3128', authorization: null, noProxy: '' },
  ],
  [
    { HTTPS_PROXY: 'https://proxy/', no_proxy: 'a', NO_PROXY: 'b' },
    { url: 'https://proxy', authorization: null, noProxy: 'a' },
  ],
  [{ HTTPS_PROXY: 'http://me@proxy' }, { url: 'http://proxy', authorization: 'Basic bWU6', noProxy: '' }],
  [{ HTTPS_PROXY: ' http://proxy:3128\r\n' }, { url: 'http://proxy:3128', authorization: null, noProxy: '' }],
  [{ https_proxy: 'socks5://proxy:1080' }, { malformed: 'https_proxy' }],
  [{ HTTPS_PROXY: 'http://a b' }, { malformed: 'HTTPS_PROXY' }],
  [{ HTTPS_PROXY: 'http://me:%ZZ@proxy' }, { malformed: 'HTTPS_PROXY' }],
  [{ HTTPS_PROXY: 'http://proxy/path' }, { malformed: 'HTTPS_PROXY' }],
])('reads the proxy of %j', (env, proxy) => {
  expect(readProxy(env)).toEqual(proxy);
});
