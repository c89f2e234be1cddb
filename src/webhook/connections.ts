import type { Socket } from 'node:net';
import type { Counter } from 'prom-client';
import { callerAt } from '../process/allowance';
import { Recent } from '../process/recent';

/** The connections of the listener. Those on which a valid secret was shown are left alone; the others make room. */
export interface Connections {
  /** A connection was accepted, before any TLS. */
  opened(socket: Socket): void;
  /** A valid secret came on it, a TLS socket's own or plain. */
  authenticate(socket: Socket): void;
  /** A request without a valid secret came on it, and is answered. Nothing happens to one that is authenticated. */
  markAnswered(socket: Socket): void;
  isAuthenticated(socket: Socket): boolean;
}

/** Half of the files that the least of systems let a process open: the spool must always get its own. Far more than one upstream and its proxies hold. */
export const MOST_CONNECTIONS = 2_000;
/** Above it each new connection closes one without a secret, so that an honest sender always gets in. */
const CROWDED_FROM = 0.8 * MOST_CONNECTIONS;
/** Of one address without a secret. */
const MOST_OF_AN_ADDRESS = 100;
/** A sender shows its secret with its first bytes; TLS, the network and a burst of others take less than this. */
const PATIENCE_MS = 2_000;
/** An address that showed a valid secret in this time may open as many connections as it likes. */
const TRUSTED_FOR_MS = 10 * 60 * 1_000;
/** Only senders with a valid secret get in: an upstream has some dozens of addresses. */
const MOST_TRUSTED = 1_000;

interface Stranger {
  readonly key: string;
  readonly caller: string;
  readonly socket: Socket;
  readonly openedAtMs: number;
}

/** The strangers of one address, the oldest first; at first all are silent. */
interface OfAddress {
  readonly silent: Map<string, Stranger>;
  readonly answered: Map<string, Stranger>;
}

/** `isProxy`: addresses behind which many senders are, to which the limit of an address does not apply. */
export function createConnections(options: {
  readonly isProxy: (address: string) => boolean;
  readonly dropped: Counter<'why'>;
  readonly addressOf: (socket: Socket) => string;
  readonly nowMs?: () => number;
}): Connections {
  const { isProxy, dropped, addressOf, nowMs = () => performance.now() } = options;
  const strangers = new Map<string, Stranger>(); // the oldest first
  const strangersOf = new Map<string, OfAddress>();
  const authenticated = new Set<string>();
  const trustedAtMs = new Recent<number>(MOST_TRUSTED);
  let open = 0;

  function forget({ key, caller }: Stranger): void {
    strangers.delete(key);
    const own = strangersOf.get(caller);
    own?.silent.delete(key);
    own?.answered.delete(key);
    if (own !== undefined && sizeOf(own) === 0) strangersOf.delete(caller);
  }

  function drop(stranger: Stranger | undefined, why: 'address' | 'crowded'): void {
    if (stranger === undefined) return;
    forget(stranger);
    dropped.inc({ why });
    stranger.socket.destroy();
  }

  /** One that has had its answer, else the oldest where it had time enough to show a secret. */
  function idleOf(own: OfAddress | undefined): Stranger | undefined {
    const [answered] = own?.answered.values() ?? [];
    if (answered !== undefined) return answered;
    const [oldest] = own?.silent.values() ?? [];
    return oldest !== undefined && nowMs() - oldest.openedAtMs > PATIENCE_MS ? oldest : undefined;
  }

  function busiest(): OfAddress | undefined {
    let most: OfAddress | undefined;
    for (const own of strangersOf.values()) if (most === undefined || sizeOf(own) > sizeOf(most)) most = own;
    return most;
  }

  function isTrusted(caller: string): boolean {
    const atMs = trustedAtMs.get(caller);
    return atMs !== undefined && nowMs() - atMs < TRUSTED_FOR_MS;
  }

  return {
    opened(socket) {
      const key = keyOf(socket);
      const caller = callerAt(addressOf(socket));
      const stranger = { key, caller, socket, openedAtMs: nowMs() };
      const own = strangersOf.get(caller) ?? { silent: new Map(), answered: new Map() };
      open += 1;
      strangers.set(key, stranger);
      strangersOf.set(caller, own);
      own.silent.set(key, stranger);
      socket.once('close', () => {
        open -= 1;
        authenticated.delete(key);
        if (strangers.get(key) === stranger) forget(stranger);
      });
      if (sizeOf(own) > MOST_OF_AN_ADDRESS && !isProxy(addressOf(socket)) && !isTrusted(caller))
        drop(idleOf(own), 'address');
      if (open > CROWDED_FROM && strangers.size > 1) drop(idleOf(busiest()) ?? oldestOf(strangers), 'crowded');
    },
    authenticate(socket) {
      const key = keyOf(socket);
      const stranger = strangers.get(key);
      const caller = callerAt(addressOf(socket));
      trustedAtMs.set(caller, nowMs());
      if (authenticated.has(key) || stranger === undefined) return;
      authenticated.add(key);
      forget(stranger);
    },
    markAnswered(socket) {
      const stranger = strangers.get(keyOf(socket));
      const own = stranger && strangersOf.get(stranger.caller);
      if (stranger !== undefined && own?.silent.delete(stranger.key)) own.answered.set(stranger.key, stranger);
    },
    isAuthenticated: (socket) => authenticated.has(keyOf(socket)),
  };
}

function sizeOf({ silent, answered }: OfAddress): number {
  return silent.size + answered.size;
}

function oldestOf(strangers: ReadonlyMap<string, Stranger>): Stranger | undefined {
  const [oldest] = strangers.values();
  return oldest;
}

/** A TLS socket is another object than the connection beneath it; the addresses and ports of both sides are the same. */
function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
