import { existsSync } from 'node:fs';
import type { ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { type ConfigurationFault, type Environment, faultOf } from '../process/configuration-fault';
import { isLoopbackHost } from '../process/loopback';
import { separated, setting } from '../process/setting';

/** Where Temporal is and how it is spoken to: what both kinds of connection (gRPC for Node, the worker's own) take. */
export interface TemporalSettings {
  readonly namespace: string;
  readonly connection: Pick<ConnectionOptions, 'tls' | 'metadata'> & {
    readonly address: string;
    readonly apiKey?: string;
  };
}

/** The settings as they were read. `serverGiven`: something named a server, so the address is more than the default. */
export type GivenTemporalSettings = TemporalSettings & { readonly serverGiven: boolean };

/** Ours, beside those that `@temporalio/envconfig` reads. */
export const TEMPORAL_VARIABLES = {
  TEMPORAL_PLAINTEXT: setting(
    'allowed, refused, or the hosts (comma-separated, without port) to which plain text is allowed',
    plaintextHosts,
  ).prefault('refused'),
};

/** Read by `@temporalio/envconfig` 1.24; by its SDK's worker (DEBUG); and by our set-up for the programs it starts. */
const NAMES: readonly string[] = [
  ...['ADDRESS', 'NAMESPACE', 'API_KEY', 'CONFIG_FILE', 'PROFILE', 'CODEC_ENDPOINT', 'CODEC_AUTH', 'TLS'],
  ...['TLS_CLIENT_CERT_PATH', 'TLS_CLIENT_CERT_DATA', 'TLS_CLIENT_KEY_PATH', 'TLS_CLIENT_KEY_DATA'],
  ...['TLS_SERVER_CA_CERT_PATH', 'TLS_SERVER_CA_CERT_DATA', 'TLS_SERVER_NAME', 'TLS_DISABLE_HOST_VERIFICATION'],
  ...['CLI_PATH', 'TEST_SERVER_PATH', 'DEBUG'],
].map((name) => `TEMPORAL_${name}`);
/** Any gRPC header: what follows is its name. */
const HEADER_PREFIX = 'TEMPORAL_GRPC_META_';

/** The known names of the prefix `TEMPORAL_`, with those headers that are set. */
export function temporalNames(set: Environment): readonly string[] {
  return [...NAMES, ...Object.keys(set).filter((name) => name.startsWith(HEADER_PREFIX))];
}

/** Reads the settings out of an environment, its configuration file and its certificates. A name set to nothing must not be among them. */
export function readTemporalSettings(set: Environment): GivenTemporalSettings | readonly ConfigurationFault[] {
  const faults = malformed(set);
  if (faults.length > 0) return faults;
  try {
    const { namespace = 'default', connectionOptions } = loadClientConnectConfig({ overrideEnvVars: set });
    const { address, apiKey, tls, metadata } = connectionOptions;
    const connection = {
      address: address ?? '127.0.0.1:7233',
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(tls === undefined ? {} : { tls }),
      ...(metadata === undefined ? {} : { metadata }),
    };
    const serverGiven = address !== undefined || apiKey !== undefined || tls !== undefined;
    return { namespace, connection, serverGiven };
  } catch (error) {
    return [unreadable(error, set)];
  }
}

/** The host of an address; IPv6 in brackets. */
export function hostOf(address: string): string {
  return address.replace(/:\d+$/, '');
}

/** A connection that leaves the machine without TLS: payloads are encrypted, but ids, search attributes and an API key are not. */
export function plaintextFaults({ connection }: TemporalSettings, set: Environment): ConfigurationFault[] {
  const { address, tls } = connection;
  const isPlain = tls === undefined || tls === false;
  const host = hostOf(address);
  const allowed = plaintextHosts(set['TEMPORAL_PLAINTEXT'] ?? 'refused') ?? [];
  if (!isPlain || isLoopbackHost(host) || allowed === 'all' || allowed.includes(host.toLowerCase())) return [];
  const expected =
    `true, a certificate or TEMPORAL_API_KEY, because Temporal at ${address} is not on this machine, unless ` +
    `TEMPORAL_PLAINTEXT=allowed, or TEMPORAL_PLAINTEXT=${host} for this host only, says that the network between is trusted`;
  return [faultOf('TEMPORAL_TLS', expected, set)];
}

/** The hosts to which plain text is allowed, in lower case; null where `text` is none of the forms. */
function plaintextHosts(text: string): 'all' | readonly string[] | null {
  if (text === 'allowed') return 'all';
  if (text === 'refused') return [];
  return separated(/^([\w.-]+|\[[\da-f:]+\])$/i)(text.toLowerCase());
}

/** What envconfig itself would take for something else without a word. */
function malformed(set: Environment): ConfigurationFault[] {
  const rules: readonly (readonly [key: string, form: RegExp, expected: string])[] = [
    ['TEMPORAL_ADDRESS', /^([\w.-]+|\[[\da-f:]+\])(:\d{1,5})?$/i, 'host:port'],
    // Everything but "true" and "1" would mean "no TLS".
    ['TEMPORAL_TLS', /^(true|false|1|0)$/, 'true or false'],
    ['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION', /^(false|0)$/, 'false, for hosts are always verified'],
  ];
  const faults = rules.flatMap(([key, form, expected]) => {
    const text = set[key];
    return text === undefined || form.test(text) ? [] : [faultOf(key, expected, set)];
  });
  const file = set['TEMPORAL_CONFIG_FILE'];
  return file === undefined || existsSync(file)
    ? faults
    : [
        ...faults,
        { key: 'TEMPORAL_CONFIG_FILE', expected: 'a file', came: `${JSON.stringify(file)}, which is not there` },
      ];
}

/** The reasons that are known by name; a TOML error quotes the file, keys included, and is not repeated. */
function unreadable(error: unknown, set: Environment): ConfigurationFault {
  const { code, path, message } = error as { code?: string; path?: string; message?: string };
  if (path !== undefined) {
    const key = Object.keys(set).find((name) => NAMES.includes(name) && set[name] === path) ?? 'TEMPORAL_CONFIG_FILE';
    return { key, expected: 'a file that can be read', came: `${JSON.stringify(path)} (${code})` };
  }
  if (message?.startsWith('Profile ')) {
    const came = JSON.stringify(set['TEMPORAL_PROFILE']);
    return { key: 'TEMPORAL_PROFILE', expected: 'a profile of the configuration file', came };
  }
  const both = /^Cannot specify both (\w+)_path and \w+_data$/.exec(message ?? '')?.[1]?.toUpperCase();
  return both === undefined
    ? {
        key: 'TEMPORAL_CONFIG_FILE',
        expected: "a file of Temporal's client configuration (TOML)",
        came: 'another form',
      }
    : { key: `TEMPORAL_TLS_${both}_PATH`, expected: `it or TEMPORAL_TLS_${both}_DATA`, came: 'both' };
}
