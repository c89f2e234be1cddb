import type { Socket } from 'node:net';
import type { Counter } from 'prom-client';
import { createExpiringMap } from './expiring-map';
import { toCallerKey } from './networks';

/** Connections of a listener. Those without a valid secret (a webhook secret, an API key or a session) are closed when others need room. */
export interface Connections {
  /** A connection was accepted, before TLS. */
  add(socket: Socket): void;
  /** A request with a valid secret arrived on the socket (TLS or plain). */
  authenticate(socket: Socket): void;
  /** A request without a valid secret was answered. No effect on an authenticated connection. */
  markAnswered(socket: Socket): void;
  isAuthenticated(socket: Socket): boolean;
}

/** Half of the lowest usual limit of open files, so that spool and audit log can always open their own. One sender and its proxies need far less. */
export const MAX_CONNECTIONS = 2_000;
/** From this number on, each new connection closes an unverified one, so that a valid sender always connects. */
const CROWDED_FROM = 0.8 * MAX_CONNECTIONS;
/** Unverified connections of one address. */
const MAX_PER_ADDRESS = 100;
/** A sender sends its secret with the first bytes. */
const SECRET_WAIT_MS = 2_000;
/** An address that sent a valid secret within this time may open any number of connections. */
const TRUSTED_FOR_MS = 10 * 60 * 1_000;
/** A sender has some dozens of addresses. */
const MAX_TRUSTED = 1_000;

interface UnverifiedConnection {
  readonly key: string;
  readonly caller: string;
  readonly socket: Socket;
  readonly openedAtMs: number;
}

/** Unverified connections of one address, oldest first. */
interface AddressConnections {
  readonly silent: Map<string, UnverifiedConnection>;
  readonly answered: Map<string, UnverifiedConnection>;
}

/** `isProxy`: addresses of proxies, which have many senders behind them and no limit per address. */
export function createConnections(options: {
  readonly isProxy: (address: string) => boolean;
  readonly dropped: Counter<'why'>;
  readonly addressOf: (socket: Socket) => string;
  readonly nowMs?: () => number;
}): Connections {
  const { isProxy, dropped, addressOf, nowMs = () => performance.now() } = options;
  const unverified = new Map<string, UnverifiedConnection>(); // oldest first
  const byCaller = new Map<string, AddressConnections>();
  const authenticated = new Set<string>();
  const trusted = createExpiringMap<true>({ max: MAX_TRUSTED, ttlMs: TRUSTED_FOR_MS, nowMs });
  let open = 0;

  function forget({ key, caller }: UnverifiedConnection): void {
    unverified.delete(key);
    const ofCaller = byCaller.get(caller);
    ofCaller?.silent.delete(key);
    ofCaller?.answered.delete(key);
    if (ofCaller !== undefined && sizeOf(ofCaller) === 0) byCaller.delete(caller);
  }

  function drop(connection: UnverifiedConnection | undefined, why: 'address' | 'crowded'): void {
    if (connection === undefined) return;
    forget(connection);
    dropped.inc({ why });
    connection.socket.destroy();
  }

  /** An answered connection, else the oldest one that has had time to send a secret. */
  function findIdle(ofCaller: AddressConnections | undefined): UnverifiedConnection | undefined {
    const [answered] = ofCaller?.answered.values() ?? [];
    if (answered !== undefined) return answered;
    const [oldest] = ofCaller?.silent.values() ?? [];
    return oldest !== undefined && nowMs() - oldest.openedAtMs > SECRET_WAIT_MS ? oldest : undefined;
  }

  function findBusiest(): AddressConnections | undefined {
    let busiest: AddressConnections | undefined;
    for (const ofCaller of byCaller.values())
      if (busiest === undefined || sizeOf(ofCaller) > sizeOf(busiest)) busiest = ofCaller;
    return busiest;
  }

  return {
    add(socket) {
      const key = keyOf(socket);
      const caller = toCallerKey(addressOf(socket));
      const connection = { key, caller, socket, openedAtMs: nowMs() };
      const ofCaller = byCaller.get(caller) ?? { silent: new Map(), answered: new Map() };
      open += 1;
      unverified.set(key, connection);
      byCaller.set(caller, ofCaller);
      ofCaller.silent.set(key, connection);
      socket.once('close', () => {
        open -= 1;
        authenticated.delete(key);
        if (unverified.get(key) === connection) forget(connection);
      });
      if (sizeOf(ofCaller) > MAX_PER_ADDRESS && !isProxy(addressOf(socket)) && !trusted.has(caller)) {
        drop(findIdle(ofCaller), 'address');
      }
      if (open > CROWDED_FROM && unverified.size > 1) drop(findIdle(findBusiest()) ?? oldestOf(unverified), 'crowded');
    },
    authenticate(socket) {
      const key = keyOf(socket);
      const connection = unverified.get(key);
      trusted.set(toCallerKey(addressOf(socket)), true);
      if (authenticated.has(key) || connection === undefined) return;
      authenticated.add(key);
      forget(connection);
    },
    markAnswered(socket) {
      const connection = unverified.get(keyOf(socket));
      const ofCaller = connection && byCaller.get(connection.caller);
      if (connection !== undefined && ofCaller?.silent.delete(connection.key))
        ofCaller.answered.set(connection.key, connection);
    },
    isAuthenticated: (socket) => authenticated.has(keyOf(socket)),
  };
}

function sizeOf({ silent, answered }: AddressConnections): number {
  return silent.size + answered.size;
}

function oldestOf(connections: ReadonlyMap<string, UnverifiedConnection>): UnverifiedConnection | undefined {
  const [oldest] = connections.values();
  return oldest;
}

/** A TLS socket is another object than the connection beneath it, with the same addresses and ports. */
function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
