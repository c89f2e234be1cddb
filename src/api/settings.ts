import { z } from 'zod';
import { type ConfigurationFault, describeFault, type Environment } from '../process/configuration-fault';
import { isLoopbackHost } from '../process/loopback';
import { networks } from '../process/networks';
import { parseList, setting } from '../process/setting';
import { type TlsFiles, tlsFaults, tlsFiles, tlsVariables } from '../process/tls-settings';
import { API_KEYS_EXPECTED, type ApiKey, parseApiKeys } from './keys';

/** The address of the api process, its callers, and what it offers to Temporal's UI and CLI. */
export interface ApiSettings {
  readonly host: string;
  readonly port: number;
  /** Empty: no one can call anything except an open codec endpoint. */
  readonly keys: readonly ApiKey[];
  /** The origins at which it is reached, in addition to loopback; any other Host is rejected. */
  readonly origins: readonly string[];
  /** Null: plain HTTP, on loopback or behind a proxy that terminates TLS. */
  readonly tls: TlsFiles | null;
  /** Addresses whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: readonly string[];
  /** `open`: without a login, on loopback only. */
  readonly codec: 'off' | 'on' | 'open';
  /** The origins of Temporal's UI, whose pages may call the codec endpoint. */
  readonly uiOrigins: readonly string[];
  /** Whether a holder of a key on this machine gets one-time tokens, with which a browser signs in without the key. */
  readonly oneTimeSessions: boolean;
}

const origins = setting(
  'https origins (plain http on loopback only), comma-separated: https://host or https://host:port',
  parseList((part) => {
    if (!URL.canParse(part)) return false;
    const { origin, protocol, hostname } = new URL(part);
    return part === origin && (protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname)));
  }),
);

/** The variables of the api process, except its host and port. */
export const API_VARIABLES = {
  API_KEYS: setting(API_KEYS_EXPECTED, parseApiKeys).optional(),
  API_ORIGINS: origins.optional(),
  ...tlsVariables('API'),
  API_TRUSTED_PROXIES: networks.optional(),
  CODEC_ENDPOINT: z.enum(['off', 'on', 'open'], { error: 'off, on or open' }).prefault('off'),
  CODEC_UI_ORIGIN: origins.optional(),
  API_ONE_TIME_SESSIONS: z.enum(['off', 'on'], { error: 'off or on' }).prefault('off'),
};

export function apiSettings(
  read: z.output<z.ZodObject<typeof API_VARIABLES>>,
  address: { readonly host: string; readonly port: number },
): ApiSettings {
  return {
    ...address,
    keys: read.API_KEYS ?? [],
    origins: read.API_ORIGINS ?? [],
    tls: tlsFiles(read.API_TLS_CERT_FILE, read.API_TLS_KEY_FILE),
    trustedProxies: read.API_TRUSTED_PROXIES ?? [],
    codec: read.CODEC_ENDPOINT,
    uiOrigins: read.CODEC_UI_ORIGIN ?? [],
    oneTimeSessions: read.API_ONE_TIME_SESSIONS === 'on',
  };
}

/** Finds faults beyond the form of one variable. */
export function apiFaults(set: Environment): ConfigurationFault[] {
  const faults = tlsFaults('API', set);
  const isLocal = isLoopbackHost(set['API_HOST'] ?? '127.0.0.1') && set['API_ORIGINS'] === undefined;
  if (isLocal) return faults;
  if (set['CODEC_ENDPOINT'] === 'open') {
    const expected = 'off or on; open (no login) only with API_HOST on loopback and without API_ORIGINS';
    faults.push(describeFault('CODEC_ENDPOINT', expected, set));
  }
  if (set['API_ONE_TIME_SESSIONS'] === 'on') {
    const expected = 'off; on only with API_HOST on loopback and without API_ORIGINS';
    faults.push(describeFault('API_ONE_TIME_SESSIONS', expected, set));
  }
  return faults;
}
