import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { EVENT_TYPES, type EventType } from '../domain/events';
import { type ConfigurationFault, describeFault, type Environment } from '../process/configuration-fault';
import { isLoopbackHost } from '../process/loopback';
import { parseList, setting } from '../process/setting';

/** A receiver of the outbound events. */
export interface Endpoint {
  /** The first 12 hex digits of SHA-256 of its URL. */
  readonly name: string;
  readonly url: string;
}

export interface EventsSettings {
  /** Empty: there are no events. */
  readonly endpoints: readonly Endpoint[];
  /** The types that are sent. */
  readonly types: readonly EventType[];
  /** Each signs; several while one replaces another. */
  readonly secrets: readonly Uint8Array[];
  /** Host names, in lower case, that may have private addresses. */
  readonly allowPrivate: readonly string[];
}

export const NO_EVENTS: EventsSettings = { endpoints: [], types: EVENT_TYPES, secrets: [], allowPrivate: [] };

const MAX_ENDPOINTS = 10;
/** The limits of Standard Webhooks. */
const SECRET_BYTES = { min: 24, max: 64 };

const urls = parseList(isEndpointUrl);

/** The variables of the outbound events. */
export const EVENTS_VARIABLES = {
  EVENTS_URL: setting(
    `up to ${MAX_ENDPOINTS} different https URLs (plain http on loopback only) without user and fragment, comma-separated`,
    (text) => {
      const parts = urls(text);
      return parts !== null && parts.length <= MAX_ENDPOINTS && new Set(parts).size === parts.length ? parts : null;
    },
  ).optional(),
  EVENTS_SECRET: setting(
    `whsec_ and the base64 of ${SECRET_BYTES.min} to ${SECRET_BYTES.max} random bytes; several, comma-separated, while one replaces another`,
    parseList((part) => decodeSecret(part) !== null),
  ).optional(),
  EVENTS_TYPES: setting(
    `types of events, comma-separated: ${EVENT_TYPES.join(', ')}`,
    parseList((part) => (EVENT_TYPES as readonly string[]).includes(part)),
  ).optional(),
  EVENTS_ALLOW_PRIVATE: setting(
    'host names of EVENTS_URL, comma-separated',
    parseList((part) => /^[\w.:[\]-]{1,253}$/.test(part)),
  ).optional(),
};

export function eventsSettings(read: z.output<z.ZodObject<typeof EVENTS_VARIABLES>>): EventsSettings {
  return {
    endpoints: (read.EVENTS_URL ?? []).map(endpointOf),
    types: EVENT_TYPES.filter((type) => read.EVENTS_TYPES?.includes(type) ?? true),
    secrets: (read.EVENTS_SECRET ?? []).flatMap((text) => decodeSecret(text) ?? []),
    allowPrivate: (read.EVENTS_ALLOW_PRIVATE ?? []).map((host) => host.toLowerCase()),
  };
}

/** Finds faults beyond the form of one variable. */
export function eventsFaults(set: Environment): ConfigurationFault[] {
  if (set['EVENTS_URL'] === undefined || set['EVENTS_SECRET'] !== undefined) return [];
  return [describeFault('EVENTS_SECRET', 'a secret (whsec_...), because EVENTS_URL is set and events are signed', set)];
}

export function endpointOf(url: string): Endpoint {
  return { name: createHash('sha256').update(url).digest('hex').slice(0, 12), url };
}

function isEndpointUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  const isSecure = protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
  return isSecure && `${username}${password}` === '' && !text.includes('#');
}

/** Null for another form. */
function decodeSecret(text: string): Uint8Array | null {
  const [, encoded] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (encoded === undefined) return null;
  const bytes = Buffer.from(encoded, 'base64');
  const isCanonical = bytes.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '');
  return isCanonical && bytes.length >= SECRET_BYTES.min && bytes.length <= SECRET_BYTES.max ? bytes : null;
}
