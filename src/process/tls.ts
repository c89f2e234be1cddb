import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions, type Server } from 'node:tls';
import type { Registry } from 'prom-client';
import type { Logger } from '../observability/log';
import { createGauge } from '../observability/metrics';
import type { TlsFiles } from './tls-settings';

/** Node's default is two minutes, too long for a connection that sends nothing. */
const HANDSHAKE_TIMEOUT_MS = 5_000;
/** Mozilla's "intermediate" without DHE: all suites are forward secret and authenticated. */
const CIPHERS = [
  ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ...['ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
].join(':');
const CHECK_EVERY_MS = 60_000;

interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** The options of a TLS server with the pair that the files hold now. @throws the system's error */
export function tlsOptions({ certFile, keyFile }: TlsFiles, timeoutMs = HANDSHAKE_TIMEOUT_MS) {
  const pair = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  return { ...toContext(pair), handshakeTimeout: timeoutMs };
}

/**
 * Uses a renewed pair for new connections, without a restart, until the server closes. Compares bytes, because a mounted secret changes by a
 * link and its time stamps are not reliable. Logs an unusable pair once, keeps the old one, and checks again.
 */
export function watchCertificate(
  server: Server,
  files: TlsFiles,
  deps: { readonly registry: Registry; readonly log: Logger; readonly everyMs?: number | undefined },
): void {
  const { registry, log, everyMs = CHECK_EVERY_MS } = deps;
  let usedPair: string | null = null;
  let rejectedPair: string | null = null;
  let isChecking = false;
  let endsMs = Number.NaN;
  createGauge(
    registry,
    'chartway_tls_certificate_not_after_seconds',
    'When the certificate in use ends, in seconds since 1970.',
    () => endsMs / 1_000,
  );
  const timer = setInterval(() => void check(), everyMs).unref();
  server.once('close', () => clearInterval(timer));
  void check();

  async function check(): Promise<void> {
    // A slow check that read the old pair must not overwrite a newer one.
    if (isChecking) return;
    isChecking = true;
    let pair = '';
    try {
      const [cert, key] = await Promise.all([readFile(files.certFile, 'utf8'), readFile(files.keyFile, 'utf8')]);
      pair = cert + key;
      if (pair === usedPair) return;
      const context = toContext({ cert, key });
      createSecureContext(context); // throws before the server is changed
      const { validTo } = new X509Certificate(cert);
      server.setSecureContext(context);
      endsMs = Date.parse(validTo);
      const fields = { notAfter: new Date(endsMs).toISOString() };
      if (endsMs <= Date.now()) log.error(fields, 'the TLS certificate has expired; senders will reject it');
      else log.info(fields, usedPair === null ? 'TLS certificate in use' : 'a renewed TLS certificate is in use');
      [usedPair, rejectedPair] = [pair, null];
    } catch (error) {
      if (rejectedPair === pair) return;
      rejectedPair = pair;
      log.error({ error }, 'the renewed TLS certificate and key cannot be used; the old ones stay in use');
    } finally {
      isChecking = false;
    }
  }
}

/** @throws for an invalid key */
function toContext(pair: CertificatePair) {
  // createSecureContext accepts an empty key, and the server would then reject every connection.
  createPrivateKey(pair.key);
  return {
    ...pair,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    // Renegotiation is only of use to attackers who want to cost us handshakes.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  } satisfies SecureContextOptions;
}
