import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsFiles } from '../../src/process/tls-settings';

/** A certificate and its private key, in PEM. Node creates keys but no certificates (X.509 version 3, RFC 5280). */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

interface Issuer extends Certificate {
  readonly name: string;
  readonly privateKey: KeyObject;
}

const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const COMMON_NAME = oid(0x55, 0x04, 0x03);

/** A certificate authority of a test. */
export function createAuthority(name = 'An authority'): Issuer {
  const { publicKey, privateKey } = keys();
  return {
    name,
    privateKey,
    ...createCertificate({ subject: name, issuer: name, publicKey, privateKey, signer: privateKey }),
  };
}

/** A certificate for a server on this machine, or for a client. `days`: its validity; below 0: it has expired. */
export function issueCertificate(issuer: Issuer, subject = 'localhost', days = 30): Certificate {
  const { publicKey, privateKey } = keys();
  const hosts = ['localhost', '127.0.0.1'];
  return createCertificate({
    subject,
    issuer: issuer.name,
    publicKey,
    privateKey,
    signer: issuer.privateKey,
    hosts,
    days,
  });
}

/** Writes a pair of files for a process; `put` replaces them. */
export async function writePair(pair: Certificate) {
  const folder = await mkdtemp(join(tmpdir(), 'chartway-tls-'));
  const files: TlsFiles = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
  const put = async ({ cert, key }: Certificate) => {
    await writeFile(files.certFile, cert);
    await writeFile(files.keyFile, key);
  };
  await put(pair);
  return { folder, files, put, remove: () => rm(folder, { recursive: true }) };
}

function keys() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function createCertificate(fields: {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly signer: KeyObject;
  /** None: an authority. */
  readonly hosts?: readonly string[];
  readonly days?: number;
}): Certificate {
  const { hosts, days = 30 } = fields;
  const endsMs = Date.now() + days * DAY_MS;
  const extension =
    hosts === undefined
      ? sequence(oid(0x55, 0x1d, 0x13), der(0x01, Buffer.of(0xff)), octets(sequence(der(0x01, Buffer.of(0xff)))))
      : sequence(oid(0x55, 0x1d, 0x11), octets(sequence(...hosts.map(alternative))));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(0x01), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    nameOf(fields.issuer),
    sequence(time(endsMs - 400 * DAY_MS), time(endsMs)),
    nameOf(fields.subject),
    fields.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(extension)),
  );
  const signature = der(0x03, Buffer.concat([Buffer.of(0), sign('sha256', body, fields.signer)]));
  const base64 = sequence(body, ECDSA_WITH_SHA256, signature).toString('base64');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    key: fields.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function alternative(host: string): Buffer {
  return isIPv4(host) ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host));
}

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(commonName)))));
}

function time(ms: number): Buffer {
  return der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14)}Z`));
}

function octets(content: Buffer): Buffer {
  return der(0x04, content);
}

function oid(...bytes: number[]): Buffer {
  return der(0x06, Buffer.from(bytes));
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

/** Tag, length, content. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}
