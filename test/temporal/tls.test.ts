import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, createSecureServer, type Http2SecureServer, type IncomingHttpHeaders } from 'node:http2';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import {
  connectClient,
  createLazyClient,
  probeNamespace,
  type ReachOptions,
  waitUntilReachable,
} from '../../src/temporal/connection';
import { readTemporalSettings, type TemporalSettingsRead } from '../../src/temporal/settings';
import { connectWorker } from '../../src/temporal/worker-connection';
import { authority, issuedBy } from '../support/certificates';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';

const ca = authority();
const client = issuedBy(ca, 'chartway');
const stranger = issuedBy(authority('Another authority'), 'chartway');
const API_KEY = 'an-api-key';
const SETUP_TIMEOUT_MS = 60_000;
/** One that fails is not tried again. */
const GIVE_UP_AFTER_MS = 0;
const PATIENCE_MS = 10_000;
/** gRPC tries again and again until the call's time is up. */
const REFUSED_WITHIN_MS = 800;
const silent = { info: () => {}, warn: () => {}, error: () => {} };

let server: TemporalServer;
let folder: string;
let front: Http2SecureServer;
/** The key that the front end lets in. */
let accepted = API_KEY;
/** What the front end answers whom it does not let in. */
let refusal = '16';
/** Who came through, as the front end knows them. */
const came: { subject: string | undefined; authorization: string | undefined }[] = [];

beforeAll(async () => {
  server = await startTemporalServer();
  folder = await mkdtemp(join(tmpdir(), 'chartway-mtls-'));
  const files = { 'ca.pem': ca.cert, 'client.pem': client.cert, 'client.key': client.key };
  const others = { 'stranger.pem': stranger.cert, 'stranger.key': stranger.key };
  for (const [name, text] of Object.entries({ ...files, ...others })) await writeFile(join(folder, name), text);
  front = await startFront(server.address);
}, SETUP_TIMEOUT_MS);
afterAll(async () => {
  front?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  came.length = 0;
  refusal = '16';
});

/** A front end as a self-hosted cluster or Temporal Cloud has one: TLS, and a certificate of ours or an API key. */
async function startFront(target: string): Promise<Http2SecureServer> {
  const { cert, key } = issuedBy(ca);
  const made = createSecureServer({ cert, key, ca: ca.cert, requestCert: true, rejectUnauthorized: false });
  const upstream = connect(`http://${target}`);
  upstream.unref();
  made.on('stream', (stream, headers) => {
    const socket = stream.session?.socket as TLSSocket | undefined;
    const { authorization } = headers;
    const { CN } = socket?.getPeerCertificate().subject ?? {};
    came.push({ subject: CN?.toString(), authorization });
    if (socket?.authorized !== true && authorization !== `Bearer ${accepted}`) {
      const answer = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': refusal };
      stream.respond(answer, { endStream: true });
      return;
    }
    const call = upstream.request(headers);
    let trailers: IncomingHttpHeaders = {};
    call.on('trailers', (sent) => {
      trailers = sent;
    });
    call.on('response', (sent) => {
      stream.respond(sent, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      call.pipe(stream);
    });
    for (const end of [stream, call]) end.on('error', () => {});
    stream.on('close', () => call.close());
    stream.pipe(call);
  });
  made.listen(0, '127.0.0.1');
  await once(made, 'listening');
  return made;
}

/** As an environment says it: names of `TEMPORAL_...`, files of the folder. */
function settings(over: Record<string, string>): TemporalSettingsRead {
  const read = readTemporalSettings({
    TEMPORAL_ADDRESS: `127.0.0.1:${(front.address() as AddressInfo).port}`,
    ...Object.fromEntries(Object.entries(over).map(([name, value]) => [`TEMPORAL_${name}`, value])),
  });
  if (!('connection' in read)) throw new Error(`expected settings, came ${JSON.stringify(read)}`);
  return read;
}

const file = (name: string) => join(folder, name);
const trusted = () => ({ TLS_SERVER_CA_CERT_PATH: file('ca.pem') });
const mutual = (who: string) => ({
  ...trusted(),
  ...{ TLS_CLIENT_CERT_PATH: file(`${who}.pem`), TLS_CLIENT_KEY_PATH: file(`${who}.key`) },
});

/** Both kinds of connections that our processes have. */
const CONNECTIONS = {
  async client(given: TemporalSettingsRead, timeoutMs: number) {
    const lazy = createLazyClient(given);
    try {
      await waitUntilReachable(given, { log: silent, giveUpAfterMs: GIVE_UP_AFTER_MS }, () =>
        lazy.connection.withDeadline(Date.now() + timeoutMs, () =>
          lazy.connection.workflowService.describeNamespace({ namespace: given.namespace }),
        ),
      );
    } finally {
      await lazy.connection.close();
    }
  },
  async worker(given: TemporalSettingsRead) {
    const connection = await connectWorker(given, { log: silent, giveUpAfterMs: GIVE_UP_AFTER_MS });
    await connection.close();
  },
};

const WAITING = {
  client: async (given: TemporalSettingsRead, waiting: ReachOptions) =>
    (await connectClient(given, waiting)).connection.close(),
  worker: async (given: TemporalSettingsRead, waiting: ReachOptions) => (await connectWorker(given, waiting)).close(),
};

test('a client that is used for long logs a refused key once a minute, and that it is accepted again', async () => {
  const said: string[] = [];
  const say = (_: object, text: string) => void said.push(text);
  const lazy = createLazyClient(settings({ ...trusted(), API_KEY }), undefined, { info: say, warn: say, error: say });
  accepted = 'a key that replaces it';
  const asked = () => probeNamespace(lazy.connection, 'default');
  await expect(asked()).rejects.toMatchObject({ code: 16 });
  await expect(asked()).rejects.toMatchObject({ code: 16 });
  accepted = API_KEY;
  await asked();
  await asked();
  expect(said).toEqual([
    expect.stringMatching(/refused the API key \(TEMPORAL_API_KEY\) \(UNAUTHENTICATED\)/),
    'Temporal accepts the key or certificate again',
  ]);
  await lazy.connection.close();
});

/** A proxy as companies have one: every tunnel leads to `target`, whatever host it was asked for. */
async function startProxy(target: string) {
  const asked: string[] = [];
  const [host, port] = target.split(':');
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(502).end();
  });
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    const tunnel = connectSocket(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    for (const end of [tunnel, socket]) end.on('error', () => {});
    tunnel.pipe(socket).pipe(tunnel);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return { url, asked, close: () => void proxy.close() };
}

async function proxied(url: string, act: () => Promise<unknown>, exceptions?: string): Promise<void> {
  const before = { ...process.env };
  for (const name of ['no_proxy', 'NO_PROXY']) delete process.env[name];
  Object.assign(process.env, { http_proxy: url, https_proxy: url, ...(exceptions && { no_proxy: exceptions }) });
  try {
    await act();
  } finally {
    for (const name of ['http_proxy', 'https_proxy', 'no_proxy', 'NO_PROXY']) delete process.env[name];
    Object.assign(process.env, before);
  }
}

describe.each(['client', 'worker'] as const)('the connection of a %s', (kind) => {
  const reach = async (over: Record<string, string>) => CONNECTIONS[kind](settings(over), PATIENCE_MS);
  const refused = (over: Record<string, string>, why: object = { kind: 'temporal-unreachable' }) =>
    expect(CONNECTIONS[kind](settings(over), REFUSED_WITHIN_MS)).rejects.toMatchObject(why);

  test('shows its certificate to a server that demands one', async () => {
    await reach(mutual('client'));
    expect(came.at(-1)).toEqual({ subject: 'chartway', authorization: undefined });
  });

  test('shows its API key over TLS, which the key alone switches on', async () => {
    await reach({ ...trusted(), API_KEY });
    expect(came.at(-1)?.authorization).toBe(`Bearer ${API_KEY}`);
  });

  test('goes by the name that the configuration gives the server', async () => {
    await reach({ ...mutual('client'), TLS_SERVER_NAME: 'localhost' });
    await refused({ ...mutual('client'), TLS_SERVER_NAME: 'elsewhere.example.org' });
  });

  test.each<[string, string, () => Record<string, string>, RegExp]>([
    ['UNAUTHENTICATED', 'the certificate of a stranger', () => mutual('stranger'), /TEMPORAL_TLS_CLIENT_CERT_PATH/],
    ['PERMISSION_DENIED', 'no certificate', trusted, /without a key or certificate .*set TEMPORAL_API_KEY/],
    [
      'UNAUTHENTICATED',
      'an API key',
      () => ({ ...trusted(), API_KEY: 'old' }),
      /refused the API key \(TEMPORAL_API_KEY\)/,
    ],
    [
      'PERMISSION_DENIED',
      'an API key',
      () => ({ ...trusted(), API_KEY: 'old' }),
      /no access to the namespace "default"/,
    ],
  ])('to a server that answers %s to %s ends at once, with what was refused', async (status, _shown, over, says) => {
    refusal = status === 'UNAUTHENTICATED' ? '16' : '7';
    const message = expect.stringMatching(says);
    const given = settings(over());
    const patient = { log: silent, giveUpAfterMs: PATIENCE_MS };
    const attempt = WAITING[kind](given, patient);
    await expect(attempt).rejects.toMatchObject({ kind: 'temporal-refused', message });
    await expect(attempt).rejects.toMatchObject({ message: expect.stringContaining(`(${status})`) });
  });

  test('is not let in in clear', () => refused({ TLS: 'false' }));

  test('that waits without end says at once that the key was refused, and goes on when it is accepted', async () => {
    const said: string[] = [];
    const log = {
      ...silent,
      info: (_: object, text: string) => void said.push(text),
      error: (_: object, text: string) => {
        said.push(text);
        accepted = API_KEY;
      },
    };
    const given = settings({ ...trusted(), API_KEY });
    accepted = 'a key that replaces it';
    await WAITING[kind](given, { log });
    expect(said).toEqual([expect.stringMatching(/refused the API key \(TEMPORAL_API_KEY\)/), 'Temporal answers']);
  });

  test('with https_proxy and http_proxy set and no_proxy not set never goes through the proxy to loopback', async () => {
    const proxy = await startProxy(server.address);
    await proxied(proxy.url, () => reach({ ADDRESS: server.address }));
    expect(proxy.asked).toEqual([]);
    proxy.close();
  });

  test('goes through the proxy to another host, unless no_proxy names it', async () => {
    const proxy = await startProxy(server.address);
    await proxied(proxy.url, () => reach({ ADDRESS: 'temporal.example.org:7233' }));
    expect(new Set(proxy.asked)).toEqual(new Set(['temporal.example.org:7233']));
    proxy.asked.length = 0;
    await proxied(proxy.url, () => refused({ ADDRESS: 'temporal.invalid:7233' }), 'example.org,.invalid');
    expect(proxy.asked).toEqual([]);
    proxy.close();
  });

  test('tells nothing to a server that its authorities do not vouch for', async () => {
    await refused({ TLS: 'true', API_KEY });
    expect(came).toEqual([]);
  });
});
