import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createSecureServer, type Http2SecureServer, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { lazyClient, untilReachable } from '../../src/temporal/connection';
import { type GivenTemporalSettings, readTemporalSettings } from '../../src/temporal/settings';
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
const silent = { info: () => {}, warn: () => {} };

let server: TemporalServer;
let folder: string;
let front: Http2SecureServer;
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
    if (socket?.authorized !== true && authorization !== `Bearer ${API_KEY}`) {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16' }, { endStream: true });
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
function settings(over: Record<string, string>): GivenTemporalSettings {
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
  async client(given: GivenTemporalSettings, timeoutMs: number) {
    const lazy = lazyClient(given);
    try {
      await untilReachable(given, { log: silent, giveUpAfterMs: GIVE_UP_AFTER_MS }, () =>
        lazy.connection.withDeadline(Date.now() + timeoutMs, () =>
          lazy.connection.workflowService.describeNamespace({ namespace: given.namespace }),
        ),
      );
    } finally {
      await lazy.connection.close();
    }
  },
  async worker(given: GivenTemporalSettings) {
    const connection = await connectWorker(given, { log: silent, giveUpAfterMs: GIVE_UP_AFTER_MS });
    await connection.close();
  },
};

describe.each(['client', 'worker'] as const)('the connection of a %s', (kind) => {
  const reach = async (over: Record<string, string>) => CONNECTIONS[kind](settings(over), PATIENCE_MS);
  const refused = (over: Record<string, string>) =>
    expect(CONNECTIONS[kind](settings(over), REFUSED_WITHIN_MS)).rejects.toMatchObject({
      kind: 'temporal-unreachable',
    });

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

  test.each<[string, () => Record<string, string>]>([
    ['with the certificate of a stranger', () => mutual('stranger')],
    ['without a certificate', trusted],
    ['with a wrong API key', () => ({ ...trusted(), API_KEY: 'wrong' })],
    ['in clear', () => ({ TLS: 'false' })],
  ])('is not let in %s', async (_how, over) => {
    await refused(over());
  });

  test('tells nothing to a server that its authorities do not vouch for', async () => {
    await refused({ TLS: 'true', API_KEY });
    expect(came).toEqual([]);
  });
});
