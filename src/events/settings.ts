import { createHash } from 'node:crypto';
import type { EventType } from '../domain/events';

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
  /** Host names that may have private addresses. */
  readonly allowPrivate: readonly string[];
}

export function endpointOf(url: string): Endpoint {
  return { name: createHash('sha256').update(url).digest('hex').slice(0, 12), url };
}
