import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, createSecureServer, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import {
  connectClient,
  createLazyClient,
  probeNamespace,
  type ReachOptions,
  waitUntilReachable,
} from '../../src/temporal/connection';
import { readTemporalSettings, type TemporalEnvironment } from '../../src/temporal/settings';
import { connectWorker } from '../../src/temporal/workers';
import { createAuthority, issueCertificate } from '../support/certificates';
import { useFolders } from '../support/folders';
import { listenOnLoopback } from '../support/loopback';
import { useTemporalServer } from '../support/temporal-server';

const ca = createAuthority();
const client = issueCertificate(ca, 'chartway');
const unknown = issueCertificate(createAuthority('Another authority'), 'chartway');
const API_KEY = 'an-api-key';
/** Without a second attempt. */
const GIVE_UP_AFTER_MS = 0;
const PATIENCE_MS = 10_000;
/** gRPC retries until the deadline of the call. */
const UNREACHABLE_WITHIN_MS = 800;
const silent = { info: () => {}, warn: () => {}, error: () => {} };

const temporal = useTemporalServer();
const newFolder = useFolders();
let folder: string;
let front: Awaited<ReturnType<typeof startFront>>;
/** The key that the front end accepts. */
let accepted = API_KEY;
/** The gRPC status of the front end's rejections. */
let rejection = '16';
/** The callers of the front end. */
const callers: { subject: string | undefined; authorization: string | undefined }[] = [];

beforeAll(async () => {
  folder = await newFolder();
  const files = { 'ca.pem': ca.cert, 'client.pem': client.cert, 'client.key': client.key };
  const others = { 'unknown.pem': unknown.cert, 'unknown.key': unknown.key };
  for (const [name, text] of Object.entries({ ...files, ...others })) await writeFile(join(folder, name), text);
  front = await startFront(temporal().address);
});
afterAll(async () => {
  front?.close();
});
beforeEach(() => {
  callers.length = 0;
  rejection = '16';
});

/** A front end like that of a self-hosted cluster or Temporal Cloud: TLS, and a client certificate or an API key. */
async function startFront(target: string) {
  const { cert, key } = issueCertificate(ca);
  const made = createSecureServer({ cert, key, ca: ca.cert, requestCert: true, rejectUnauthorized: false });
  const upstream = connect(`http://${target}`);
  upstream.unref();
  made.on('stream', (stream, headers) => {
    const socket = stream.session?.socket as TLSSocket | undefined;
    const { authorization } = headers;
    const { CN } = socket?.getPeerCertificate().subject ?? {};
    callers.push({ subject: CN?.toString(), authorization });
    if (socket?.authorized !== true && authorization !== `Bearer ${accepted}`) {
      const answer = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': rejection };
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
  return { port: await listenOnLoopback(made), close: () => made.close() };
}

/** The settings of an environment, with names after `TEMPORAL_`. */
function settings(over: Record<string, string>): TemporalEnvironment {
  const read = readTemporalSettings({
    TEMPORAL_ADDRESS: `127.0.0.1:${front.port}`,
    ...Object.fromEntries(Object.entries(over).map(([name, value]) => [`TEMPORAL_${name}`, value])),
  });
  if (!('connection' in read)) throw new Error(`expected settings, got ${JSON.stringify(read)}`);
  return read;
}

const file = (name: string) => join(folder, name);
const trusted = () => ({ TLS_SERVER_CA_CERT_PATH: file('ca.pem') });
const mutual = (name: string) => ({
  ...trusted(),
  TLS_CLIENT_CERT_PATH: file(`${name}.pem`),
  TLS_CLIENT_KEY_PATH: file(`${name}.key`),
});

/** Connects and disconnects, for both kinds of connections. */
const CONNECTIONS = {
  async client(read: TemporalEnvironment, timeoutMs: number) {
    const lazy = createLazyClient(read);
    try {
      await waitUntilReachable(read, { log: silent, giveUpAfterMs: GIVE_UP_AFTER_MS }, () =>
        lazy.connection.withDeadline(Date.now() + timeoutMs, () =>
          lazy.connection.workflowService.describeNamespace({ namespace: read.namespace }),
        ),
      );
    } finally {
      await lazy.connection.close();
    }
  },
  async worker(read: TemporalEnvironment) {
    const connection = await connectWorker(read, { log: silent, giveUpAfterMs: GIVE_UP_AFTER_MS });
    await connection.close();
  },
};

/** Connects with these options, and disconnects. */
const REACHES = {
  client: async (read: TemporalEnvironment, options: ReachOptions) =>
    (await connectClient(read, options)).connection.close(),
  worker: async (read: TemporalEnvironment, options: ReachOptions) => (await connectWorker(read, options)).close(),
};

test('a long-lived client logs a rejected key once a minute, and that it is accepted again', async () => {
  const logged: string[] = [];
  const write = (_: object, text: string) => void logged.push(text);
  const log = { info: write, warn: write, error: write };
  const lazy = createLazyClient(settings({ ...trusted(), API_KEY }), undefined, log);
  const probe = () => probeNamespace(lazy.connection, 'default');
  accepted = 'another key';
  await expect(probe()).rejects.toMatchObject({ code: 16 });
  await expect(probe()).rejects.toMatchObject({ code: 16 });
  accepted = API_KEY;
  await probe();
  await probe();
  expect(logged).toEqual([
    expect.stringMatching(/rejected the API key \(TEMPORAL_API_KEY\) \(UNAUTHENTICATED\)/),
    'Temporal accepts the key or certificate again',
  ]);
  await lazy.connection.close();
});

/** A proxy whose tunnels all lead to `target`, whatever host they name. */
async function startProxy(target: string) {
  const hosts: string[] = [];
  const [host, port] = target.split(':');
  const proxy = createServer((request, response) => {
    hosts.push(request.url ?? '');
    response.writeHead(502).end();
  });
  proxy.on('connect', (request, socket) => {
    hosts.push(request.url ?? '');
    const tunnel = connectSocket(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    for (const end of [tunnel, socket]) end.on('error', () => {});
    tunnel.pipe(socket).pipe(tunnel);
  });
  const url = `http://127.0.0.1:${await listenOnLoopback(proxy)}`;
  return { url, hosts, close: () => void proxy.close() };
}

async function withProxy(url: string, act: () => Promise<unknown>, exceptions?: string): Promise<void> {
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
  const expectUnreachable = (over: Record<string, string>) =>
    expect(CONNECTIONS[kind](settings(over), UNREACHABLE_WITHIN_MS)).rejects.toMatchObject({
      kind: 'temporal-unreachable',
    });

  test('sends its certificate to a server that requires one', async () => {
    await reach(mutual('client'));
    expect(callers.at(-1)).toEqual({ subject: 'chartway', authorization: undefined });
  });

  test('sends its API key over TLS, which the key alone enables', async () => {
    await reach({ ...trusted(), API_KEY });
    expect(callers.at(-1)?.authorization).toBe(`Bearer ${API_KEY}`);
  });

  test('verifies the server by the configured name', async () => {
    await reach({ ...mutual('client'), TLS_SERVER_NAME: 'localhost' });
    await expectUnreachable({ ...mutual('client'), TLS_SERVER_NAME: 'elsewhere.example.org' });
  });

  test.each<[string, string, () => Record<string, string>, RegExp]>([
    ['UNAUTHENTICATED', 'an unknown certificate', () => mutual('unknown'), /TEMPORAL_TLS_CLIENT_CERT_PATH/],
    ['PERMISSION_DENIED', 'no certificate', trusted, /without a key or certificate .*set TEMPORAL_API_KEY/],
    [
      'PERMISSION_DENIED',
      'an API key',
      () => ({ ...trusted(), API_KEY: 'old' }),
      /rejected the API key \(TEMPORAL_API_KEY\).*no access to the namespace "default"/,
    ],
  ])('fails at once with what was rejected: %s for %s', async (status, _credentials, over, text) => {
    rejection = status === 'UNAUTHENTICATED' ? '16' : '7';
    const attempt = REACHES[kind](settings(over()), { log: silent, giveUpAfterMs: PATIENCE_MS });
    await expect(attempt).rejects.toMatchObject({ kind: 'temporal-refused', message: expect.stringMatching(text) });
    await expect(attempt).rejects.toMatchObject({ message: expect.stringContaining(`(${status})`) });
  });

  test('does not reach the server without TLS', () => expectUnreachable({ TLS: 'false' }));

  test('sends no key to a server that its authorities did not certify', async () => {
    await expectUnreachable({ TLS: 'true', API_KEY });
    expect(callers).toEqual([]);
  });

  test('without a limit logs a rejected key at once, and continues when it is accepted', async () => {
    const logged: string[] = [];
    const log = {
      ...silent,
      info: (_: object, text: string) => void logged.push(text),
      error: (_: object, text: string) => {
        logged.push(text);
        accepted = API_KEY;
      },
    };
    accepted = 'another key';
    await REACHES[kind](settings({ ...trusted(), API_KEY }), { log });
    expect(logged).toEqual([expect.stringMatching(/rejected the API key \(TEMPORAL_API_KEY\)/), 'Temporal answers']);
  });

  test('uses no proxy to loopback, even without no_proxy', async () => {
    const proxy = await startProxy(temporal().address);
    await withProxy(proxy.url, () => reach({ ADDRESS: temporal().address }));
    expect(proxy.hosts).toEqual([]);
    proxy.close();
  });

  test('uses the proxy to another host, unless no_proxy names it', async () => {
    const proxy = await startProxy(temporal().address);
    await withProxy(proxy.url, () => reach({ ADDRESS: 'temporal.example.org:7233' }));
    expect(new Set(proxy.hosts)).toEqual(new Set(['temporal.example.org:7233']));
    proxy.hosts.length = 0;
    await withProxy(proxy.url, () => expectUnreachable({ ADDRESS: 'temporal.invalid:7233' }), 'example.org,.invalid');
    expect(proxy.hosts).toEqual([]);
    proxy.close();
  });
});
