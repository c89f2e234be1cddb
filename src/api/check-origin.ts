import type { FastifyRequest } from 'fastify';
import { isLoopbackHost } from '../process/loopback';
import { Problem } from './problem';
import type { ApiSettings } from './settings';

export interface Origins {
  /** The origin at which the request reached us. */
  readonly ownOrigin: string;
  /** The origin of the page that sent it; null if it has none, for example because no browser sent it. */
  readonly callerOrigin: string | null;
}

/** @throws {Problem} 400 for several Host headers, and for none in HTTP/1.1 */
export function expectOneHost(request: FastifyRequest): void {
  const count = countHeaders(request, 'host');
  // Node uses the first one; a proxy may have checked another one.
  const isOptional = request.raw.httpVersion === '1.0';
  // What follows on the connection may belong to another request.
  if (count > 1 || (count === 0 && !isOptional))
    throw new Problem('malformed', 'expected one Host', {}, { Connection: 'close' });
}

/** How many headers of this name came. */
export function countHeaders({ raw }: FastifyRequest, lowerCaseName: string): number {
  return raw.rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === lowerCaseName).length;
}

/**
 * Rejects a request whose Host is not ours (DNS rebinding), and one from a page that is neither ours nor, with `allowsUi`, Temporal's UI.
 * @throws {Problem} 421, 403
 */
export function createOriginCheck(settings: Pick<ApiSettings, 'origins' | 'tls' | 'uiOrigins'>) {
  return (request: FastifyRequest, allowsUi: boolean): Origins => {
    const host = request.headers.host ?? '';
    const ownOrigin =
      settings.origins.find((origin) => new URL(origin).host === host.toLowerCase()) ?? onLoopback(host);
    if (ownOrigin === null) throw new Problem('wrong-host', 'expected a Host that is loopback or in API_ORIGINS');
    const callerOrigin = request.headers.origin ?? null;
    const isAllowed =
      callerOrigin === null || callerOrigin === ownOrigin || (allowsUi && settings.uiOrigins.includes(callerOrigin));
    if (!isAllowed) {
      throw new Problem(
        'wrong-origin',
        'expected an Origin in API_ORIGINS, or for the codec endpoint one in CODEC_UI_ORIGIN',
      );
    }
    return { ownOrigin, callerOrigin };
  };

  function onLoopback(host: string): string | null {
    const url = `${settings.tls === null ? 'http' : 'https'}://${host}`;
    if (!URL.canParse(url) || /[/?#@\\]/.test(host)) return null;
    const { hostname, origin } = new URL(url);
    return isLoopbackHost(hostname) ? origin : null;
  }
}
