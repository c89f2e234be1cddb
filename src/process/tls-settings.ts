import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { type ConfigurationFault, describeFault, type Environment } from './configuration-fault';
import { setting } from './setting';

/** The paths of a certificate chain and its private key, both PEM. They are read again when they change. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

type Name<Prefix extends string> = `${Prefix}_TLS_CERT_FILE` | `${Prefix}_TLS_KEY_FILE`;

const file = setting('a file', (path) => path).optional();

/** The two variables of a process that serves TLS. Other processes do not need to read the files. */
export function tlsVariables<Prefix extends string>(prefix: Prefix) {
  const variables: Record<string, typeof file> = {
    [`${prefix}_TLS_CERT_FILE`]: file,
    [`${prefix}_TLS_KEY_FILE`]: file,
  };
  return variables as Record<Name<Prefix>, typeof file>;
}

/** Null: plain HTTP, on loopback or behind a proxy that terminates TLS. */
export function tlsFiles(certFile: string | undefined, keyFile: string | undefined): TlsFiles | null {
  return certFile === undefined || keyFile === undefined ? null : { certFile, keyFile };
}

/** Faults of the pair: one file is not set, a file is not readable PEM, or the key is not the certificate's. */
export function tlsFaults(prefix: string, set: Environment): ConfigurationFault[] {
  const names = [`${prefix}_TLS_CERT_FILE`, `${prefix}_TLS_KEY_FILE`] as const;
  const [cert, key] = names.map((name) => set[name]);
  if (cert === undefined && key === undefined) return [];
  if (cert === undefined || key === undefined) {
    const missing = cert === undefined ? names[0] : names[1];
    return [describeFault(missing, 'a file, because the other half of the pair is set', set)];
  }
  const unreadable = names.flatMap((name) => pemFaults(name, set[name] ?? ''));
  if (unreadable.length > 0) return unreadable;
  try {
    createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) });
    return [];
  } catch (error) {
    const expected = `the private key, without a passphrase, of the certificate in ${names[0]}`;
    return [{ key: names[1], expected, got: displayFailure(key, error) }];
  }
}

function pemFaults(name: string, path: string): ConfigurationFault[] {
  try {
    const isPem = readFileSync(path, 'utf8').includes('-----BEGIN ');
    return isPem ? [] : [{ key: name, expected: 'a PEM file', got: JSON.stringify(path) }];
  } catch (error) {
    return [{ key: name, expected: 'a readable PEM file', got: displayFailure(path, error) }];
  }
}

function displayFailure(path: string, error: unknown): string {
  const { code = 'an unknown failure' } = error as NodeJS.ErrnoException;
  return `${JSON.stringify(path)} (${code})`;
}
