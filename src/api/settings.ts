import { z } from 'zod';
import { type ConfigurationFault, type Environment, faultOf } from '../process/configuration-fault';
import { isLoopbackHost } from '../process/loopback';
import { networks } from '../process/networks';
import { setting } from '../process/setting';
import { type TlsFiles, tlsFaults, tlsFiles, tlsVariables } from '../process/tls-settings';
import { API_KEYS_EXPECTED, type ApiKey, parseApiKeys } from './keys';

/** How the api process is reached, by whom, and what it offers to Temporal's UI and CLI. */
export interface ApiSettings {
  readonly host: string;
  readonly port: number;
  /** None: nobody gets in, but where the codec endpoint is open. */
  readonly keys: readonly ApiKey[];
  /** Under which it is reached besides loopback; any other Host is refused. */
  readonly origins: readonly string[];
  /** Null: plain HTTP, on loopback or behind a proxy that ends TLS. */
  readonly tls: TlsFiles | null;
  /** Addresses whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** `open`: without login, on loopback only. */
  readonly codec: 'off' | 'on' | 'open';
  /** Of Temporal's UI: the only pages that may ask from another origin. */
  readonly uiOrigins: readonly string[];
}

const origins = setting(
  'https origins (plain http on loopback only), comma-separated: https://host or https://host:port',
  (text) =>
    list(text, (part) => {
      if (!URL.canParse(part)) return false;
      const { origin, protocol, hostname } = new URL(part);
      return part === origin && (protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname)));
    }),
);

/** The variables about the api process but for its host and port. */
export const API_VARIABLES = {
  API_KEYS: setting(API_KEYS_EXPECTED, parseApiKeys).optional(),
  API_ORIGINS: origins.optional(),
  ...tlsVariables('API'),
  API_TRUSTED_PROXIES: networks.optional(),
  CODEC_ENDPOINT: z.enum(['off', 'on', 'open'], { error: 'off, on or open' }).prefault('off'),
  CODEC_UI_ORIGIN: origins.optional(),
};

/** The settings out of the checked variables. */
export function apiSettings(
  read: z.output<z.ZodObject<typeof API_VARIABLES>>,
  at: { readonly host: string; readonly port: number },
): ApiSettings {
  return {
    ...at,
    keys: read.API_KEYS ?? [],
    origins: read.API_ORIGINS ?? [],
    tls: tlsFiles(read.API_TLS_CERT_FILE, read.API_TLS_KEY_FILE),
    trustedProxies: read.API_TRUSTED_PROXIES ?? [],
    codec: read.CODEC_ENDPOINT,
    uiOrigins: read.CODEC_UI_ORIGIN ?? [],
  };
}

/** What the form of one variable cannot tell. */
export function apiFaults(set: Environment): ConfigurationFault[] {
  const faults = tlsFaults('API', set);
  if (set['CODEC_ENDPOINT'] !== 'open') return faults;
  const alone = isLoopbackHost(set['API_HOST'] ?? '127.0.0.1') && set['API_ORIGINS'] === undefined;
  const expected = 'off or on; open, which asks for no login, only with API_HOST on loopback and without API_ORIGINS';
  return alone ? faults : [...faults, faultOf('CODEC_ENDPOINT', expected, set)];
}

function list(text: string, good: (part: string) => boolean): readonly string[] | null {
  const parts = text.split(',').map((part) => part.trim());
  return parts.every(good) ? parts : null;
}
