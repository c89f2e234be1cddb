import { existsSync } from 'node:fs';
import type { ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { type ConfigurationFault, describeFault, type Environment } from '../process/configuration-fault';
import { isLoopbackHost } from '../process/loopback';
import { parseList, parseMatch, setting } from '../process/setting';

/** The namespace, the address and the options of a connection. Both kinds of connection take them: gRPC for Node, and the worker's native one. */
export interface TemporalSettings {
  readonly namespace: string;
  readonly connection: Pick<ConnectionOptions, 'tls' | 'metadata'> & {
    readonly address: string;
    readonly apiKey?: string;
  };
}

export interface TemporalEnvironment extends TemporalSettings {
  /** Whether the environment names a server; without it, the address is the default. */
  readonly hasServer: boolean;
}

/** How a worker identifies itself to Temporal. */
export interface Deployment {
  /** The worker deployment; null: no deployment versioning. */
  readonly name: string | null;
  /** The code that runs; null: a digest of the workflow bundle. */
  readonly buildId: string | null;
}

/** Chartway's own variables, in addition to those of `@temporalio/envconfig`. */
export const TEMPORAL_VARIABLES = {
  TEMPORAL_PLAINTEXT: setting(
    'allowed, refused, or the hosts (comma-separated, without port) to which plain text is allowed',
    parsePlaintextHosts,
  ).prefault('refused'),
};

/** The variables of worker deployment versioning, which needs a name. */
export const DEPLOYMENT_VARIABLES = {
  WORKER_DEPLOYMENT_NAME: setting('1 to 100 letters, digits, "_" or "-"', parseMatch(/^[\w-]{1,100}$/)).optional(),
  WORKER_BUILD_ID: setting('1 to 100 letters, digits, ".", "_" or "-"', parseMatch(/^[\w.-]{1,100}$/)).optional(),
};

/** Read by `@temporalio/envconfig` 1.24, by the SDK's worker (DEBUG), and by our setup for the programs that it starts. */
const NAMES: readonly string[] = [
  ...['ADDRESS', 'NAMESPACE', 'API_KEY', 'CONFIG_FILE', 'PROFILE', 'CODEC_ENDPOINT', 'CODEC_AUTH', 'TLS'],
  ...['TLS_CLIENT_CERT_PATH', 'TLS_CLIENT_CERT_DATA', 'TLS_CLIENT_KEY_PATH', 'TLS_CLIENT_KEY_DATA'],
  ...['TLS_SERVER_CA_CERT_PATH', 'TLS_SERVER_CA_CERT_DATA', 'TLS_SERVER_NAME', 'TLS_DISABLE_HOST_VERIFICATION'],
  ...['CLI_PATH', 'TEST_SERVER_PATH', 'DEBUG'],
].map((name) => `TEMPORAL_${name}`);
/** The prefix of variables that set a gRPC header. */
const HEADER_PREFIX = 'TEMPORAL_GRPC_META_';

/** The known names with the prefix `TEMPORAL_`, and the headers that are set. */
export function temporalNames(set: Environment): readonly string[] {
  return [...NAMES, ...Object.keys(set).filter((name) => name.startsWith(HEADER_PREFIX))];
}

/** Reads an environment, its configuration file and its certificates. The environment must not contain empty values. */
export function readTemporalSettings(set: Environment): TemporalEnvironment | readonly ConfigurationFault[] {
  const faults = findMalformed(set);
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
    const hasServer = address !== undefined || apiKey !== undefined || tls !== undefined;
    return { namespace, connection, hasServer };
  } catch (error) {
    return [describeReadFault(error, set)];
  }
}

/** The host of an address; IPv6 in brackets. */
export function hostOf(address: string): string {
  return address.replace(/:\d+$/, '');
}

/** Faults of a remote connection without TLS. Encrypted payloads are not enough: ids, search attributes and an API key are sent in plain text. */
export function plaintextFaults({ connection }: TemporalSettings, set: Environment): ConfigurationFault[] {
  const { address, tls } = connection;
  const isPlain = tls === undefined || tls === false;
  const host = hostOf(address);
  const allowed = parsePlaintextHosts(set['TEMPORAL_PLAINTEXT'] ?? 'refused') ?? [];
  if (!isPlain || isLoopbackHost(host) || allowed === 'all' || allowed.includes(host.toLowerCase())) return [];
  const expected =
    `true, a client certificate or TEMPORAL_API_KEY, because Temporal at ${address} is not on this machine; ` +
    `on a trusted network set TEMPORAL_PLAINTEXT=${host} (or allowed, for every host) instead`;
  return [describeFault('TEMPORAL_TLS', expected, set)];
}

/** The hosts to which plain text is allowed, in lower case; null for any other text. */
function parsePlaintextHosts(text: string): 'all' | readonly string[] | null {
  if (text === 'allowed') return 'all';
  if (text === 'refused') return [];
  return parseList((host) => /^([\w.-]+|\[[\da-f:]+\])$/i.test(host))(text.toLowerCase());
}

/** Finds values that envconfig would silently read as something else. */
function findMalformed(set: Environment): ConfigurationFault[] {
  const rules: readonly (readonly [key: string, form: RegExp, expected: string])[] = [
    ['TEMPORAL_ADDRESS', /^([\w.-]+|\[[\da-f:]+\])(:\d{1,5})?$/i, 'host:port'],
    // Any text except "true" and "1" would mean "no TLS".
    ['TEMPORAL_TLS', /^(true|false|1|0)$/, 'true or false'],
    ['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION', /^(false|0)$/, 'false, because hosts are always verified'],
  ];
  const faults = rules.flatMap(([key, form, expected]) => {
    const text = set[key];
    return text === undefined || form.test(text) ? [] : [describeFault(key, expected, set)];
  });
  const file = set['TEMPORAL_CONFIG_FILE'];
  if (file === undefined || existsSync(file)) return faults;
  const got = `${JSON.stringify(file)}, which does not exist`;
  return [...faults, { key: 'TEMPORAL_CONFIG_FILE', expected: 'a file', got }];
}

/** Describes envconfig's known errors; a TOML error is not repeated, because it quotes the file, keys included. */
function describeReadFault(error: unknown, set: Environment): ConfigurationFault {
  const { code, path, message } = error as { code?: string; path?: string; message?: string };
  if (path !== undefined) {
    const key = Object.keys(set).find((name) => NAMES.includes(name) && set[name] === path) ?? 'TEMPORAL_CONFIG_FILE';
    return { key, expected: 'a readable file', got: `${JSON.stringify(path)} (${code})` };
  }
  if (message?.startsWith('Profile ')) {
    const got = JSON.stringify(set['TEMPORAL_PROFILE']);
    return { key: 'TEMPORAL_PROFILE', expected: 'a profile of the configuration file', got };
  }
  const both = /^Cannot specify both (\w+)_path and \w+_data$/.exec(message ?? '')?.[1]?.toUpperCase();
  if (both === undefined) {
    const expected = "a file of Temporal's client configuration (TOML)";
    return { key: 'TEMPORAL_CONFIG_FILE', expected, got: 'another form' };
  }
  return {
    key: `TEMPORAL_TLS_${both}_PATH`,
    expected: `only one of TEMPORAL_TLS_${both}_PATH and TEMPORAL_TLS_${both}_DATA`,
    got: 'both',
  };
}
