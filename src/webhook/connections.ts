import type { Socket } from 'node:net';
import type { Counter } from 'prom-client';
import { callerAt } from '../observability/allowance';

/** The connections of the listener. Those on which a valid secret was shown are left alone; the others make room. */
export interface Connections {
  /** A connection was accepted, before any TLS. */
  opened(socket: Socket): void;
  /** A valid secret came on it, a TLS socket's own or plain. */
  authenticate(socket: Socket): void;
  isAuthenticated(socket: Socket): boolean;
}

/** Half of the files that the least of systems let a process open: the spool must always get its own. Far more than one upstream and its proxies hold. */
export const MOST_CONNECTIONS = 2_000;
/** From here on each new connection costs the oldest one without a secret its place, so that an honest sender always gets in. */
const CROWDED_FROM = 0.8 * MOST_CONNECTIONS;
/** Of one address without a secret. A sender shows its secret with its first bytes, so that few of its connections are without one at any moment. */
const MOST_OF_AN_ADDRESS = 100;

/** `isProxy`: addresses behind which many senders are, to which the limit of an address does not apply. */
export function createConnections(options: {
  readonly isProxy: (address: string) => boolean;
  readonly dropped: Counter<'why'>;
  readonly addressOf: (socket: Socket) => string;
}): Connections {
  const { isProxy, dropped, addressOf } = options;
  // The oldest first.
  const strangers = new Map<string, Socket>();
  const strangersOf = new Map<string, Map<string, Socket>>();
  const authenticated = new Set<string>();
  let open = 0;

  function forget(key: string, caller: string): void {
    strangers.delete(key);
    const others = strangersOf.get(caller);
    others?.delete(key);
    if (others?.size === 0) strangersOf.delete(caller);
  }

  function drop(from: ReadonlyMap<string, Socket>, why: 'address' | 'crowded'): void {
    const [oldest] = from;
    if (oldest === undefined) return;
    const [key, socket] = oldest;
    forget(key, callerAt(addressOf(socket)));
    dropped.inc({ why });
    socket.destroy();
  }

  return {
    opened(socket) {
      const key = keyOf(socket);
      const caller = callerAt(addressOf(socket));
      open += 1;
      strangers.set(key, socket);
      const ofCaller = strangersOf.get(caller) ?? new Map<string, Socket>();
      strangersOf.set(caller, ofCaller.set(key, socket));
      socket.once('close', () => {
        open -= 1;
        authenticated.delete(key);
        if (strangers.get(key) === socket) forget(key, caller);
      });
      if (ofCaller.size > MOST_OF_AN_ADDRESS && !isProxy(addressOf(socket))) drop(ofCaller, 'address');
      if (open > CROWDED_FROM && strangers.size > 1) drop(strangers, 'crowded');
    },
    authenticate(socket) {
      const key = keyOf(socket);
      if (authenticated.has(key) || !strangers.has(key)) return;
      authenticated.add(key);
      forget(key, callerAt(addressOf(socket)));
    },
    isAuthenticated: (socket) => authenticated.has(keyOf(socket)),
  };
}

/** A TLS socket is another object than the connection beneath it; the address and port of the sender are the same. */
function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
