import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { type ConfigurationFault, type Environment, faultOf } from './configuration-fault';
import { setting } from './setting';

/** Where a certificate chain and its private key lie, both in PEM: they are read again while the process runs, for they are renewed. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

type Name<Prefix extends string> = `${Prefix}_TLS_CERT_FILE` | `${Prefix}_TLS_KEY_FILE`;

const file = setting('a file', (path) => path).optional();

/** The two variables of a process that can end TLS itself. Of others it is not expected that they can read the files. */
export function tlsVariables<Prefix extends string>(prefix: Prefix) {
  const variables: Record<string, typeof file> = {
    [`${prefix}_TLS_CERT_FILE`]: file,
    [`${prefix}_TLS_KEY_FILE`]: file,
  };
  return variables as Record<Name<Prefix>, typeof file>;
}

/** Null: plain HTTP, on loopback or behind a proxy that ends TLS. */
export function tlsFiles(certFile: string | undefined, keyFile: string | undefined): TlsFiles | null {
  return certFile === undefined || keyFile === undefined ? null : { certFile, keyFile };
}

/** What keeps the process from using its pair: half of it missing, a file that cannot be read, two that do not belong together. */
export function tlsFaults(prefix: string, set: Environment): ConfigurationFault[] {
  const names = [`${prefix}_TLS_CERT_FILE`, `${prefix}_TLS_KEY_FILE`] as const;
  const [cert, key] = names.map((name) => set[name]);
  if (cert === undefined && key === undefined) return [];
  if (cert === undefined || key === undefined) {
    const missing = cert === undefined ? names[0] : names[1];
    return [faultOf(missing, 'a file, because the other half of the pair is set', set)];
  }
  const unreadable = names.flatMap((name) => unreadableFault(name, set[name] ?? ''));
  if (unreadable.length > 0) return unreadable;
  try {
    createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) });
    return [];
  } catch (error) {
    const expected = `the private key, without a passphrase, of the certificate in ${names[0]}`;
    return [{ key: names[1], expected, came: told(key, error) }];
  }
}

function unreadableFault(name: string, path: string): ConfigurationFault[] {
  try {
    const isPem = readFileSync(path, 'utf8').includes('-----BEGIN ');
    return isPem ? [] : [{ key: name, expected: 'a file in PEM', came: JSON.stringify(path) }];
  } catch (error) {
    return [{ key: name, expected: 'a file in PEM that can be read', came: told(path, error) }];
  }
}

function told(path: string, error: unknown): string {
  const { code = 'an unknown failure' } = error as NodeJS.ErrnoException;
  return `${JSON.stringify(path)} (${code})`;
}
