import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions, type Server } from 'node:tls';
import { Gauge, type Registry } from 'prom-client';
import type { Logger } from '../observability/log';
import type { TlsFiles } from './tls-settings';

/** For a handshake; Node would wait two minutes for somebody who opens a connection and says nothing. */
const HANDSHAKE_TIMEOUT_MS = 5_000;
/** Mozilla's "intermediate", without the suites whose parameters a server would have to make: forward secret and authenticated, all of them. */
const CIPHERS = [
  ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ...['ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
].join(':');
/** A renewal comes weeks before the old certificate ends. */
const LOOK_EVERY_MS = 60_000;

interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** What a server needs to end TLS with the pair as it lies there now. @throws the system's error */
export function tlsOptions({ certFile, keyFile }: TlsFiles, timeoutMs = HANDSHAKE_TIMEOUT_MS) {
  const pair = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  return { ...contextOf(pair), handshakeTimeout: timeoutMs };
}

/**
 * Takes a renewed pair for new connections, without a restart, until the server closes. By its bytes: a secret that is mounted changes by
 * a link, and time stamps say nothing. A pair that is not whole yet is left, told once, and looked at again.
 */
export function followRenewals(
  server: Server,
  files: TlsFiles,
  deps: { readonly registry: Registry; readonly log: Logger; readonly everyMs?: number | undefined },
): void {
  const { registry, log, everyMs = LOOK_EVERY_MS } = deps;
  let used: string | null = null;
  let refused: string | null = null;
  let looking = false;
  let endsMs = Number.NaN;
  new Gauge({
    name: 'chartway_tls_certificate_not_after_seconds',
    help: 'When the certificate in use ends, in seconds since 1970.',
    registers: [registry],
    collect() {
      this.set(endsMs / 1_000);
    },
  });
  const timer = setInterval(() => void look(), everyMs).unref();
  server.once('close', () => clearInterval(timer));
  void look();

  async function look(): Promise<void> {
    // One at a time: a slow one that read the old pair would bring it back.
    if (looking) return;
    looking = true;
    let seen = '';
    try {
      const [cert, key] = await Promise.all([readFile(files.certFile, 'utf8'), readFile(files.keyFile, 'utf8')]);
      seen = cert + key;
      if (seen === used) return;
      const context = contextOf({ cert, key });
      createSecureContext(context); // throws before anything in use is changed
      const { validTo } = new X509Certificate(cert);
      server.setSecureContext(context);
      endsMs = Date.parse(validTo);
      const told = { notAfter: new Date(endsMs).toISOString() };
      if (endsMs <= Date.now()) log.error(told, 'the TLS certificate has expired; senders will refuse us');
      else log.info(told, used === null ? 'TLS certificate in use' : 'a renewed TLS certificate is in use');
      [used, refused] = [seen, null];
    } catch (error) {
      if (refused === seen) return;
      refused = seen;
      log.error({ error }, 'the renewed TLS certificate and key cannot be used; the old ones stay in use');
    } finally {
      looking = false;
    }
  }
}

/** @throws where the key is none */
function contextOf(pair: Pair) {
  // An empty one is no fault to createSecureContext, and a server without a key refuses everybody.
  createPrivateKey(pair.key);
  return {
    ...pair,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    // It serves nobody but those who want to cost us handshakes.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  } satisfies SecureContextOptions;
}
