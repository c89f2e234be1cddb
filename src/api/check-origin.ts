import type { FastifyRequest } from 'fastify';
import { isLoopbackHost } from '../process/loopback';
import { Problem } from './problem';
import type { ApiSettings } from './settings';

/** Where a request believes to be, and which page sent it. */
export interface Origins {
  /** Under which we were reached. */
  readonly ownOrigin: string;
  /** Of the page that asked; null where no browser did, or did not say. */
  readonly callerOrigin: string | null;
}

/**
 * Refuses what reached us under a name that is not ours (DNS rebinding: a stranger's page whose name leads to our address), and what a page of
 * neither ours nor Temporal's UI sent. @throws {Problem} 400, 421, 403
 */
export function createOriginCheck(settings: Pick<ApiSettings, 'origins' | 'tls' | 'uiOrigins'>) {
  return (request: FastifyRequest, uiMayAsk: boolean): Origins => {
    const names = request.raw.rawHeaders.filter((_text, index) => index % 2 === 0);
    // Node takes the first; a proxy may have looked at another.
    if (names.filter((name) => /^host$/i.test(name)).length > 1) throw new Problem(400, 'expected one Host');
    const host = request.headers.host ?? '';
    const own = settings.origins.find((origin) => new URL(origin).host === host.toLowerCase()) ?? onLoopback(host);
    if (own === null) throw new Problem(421, 'expected a Host that is loopback or in API_ORIGINS');
    const page = request.headers.origin ?? null;
    if (page !== null && page !== own && !(uiMayAsk && settings.uiOrigins.includes(page))) {
      throw new Problem(403, 'expected an Origin of ours, or for the codec endpoint one in CODEC_UI_ORIGIN');
    }
    return { ownOrigin: own, callerOrigin: page };
  };

  function onLoopback(host: string): string | null {
    const url = `${settings.tls === null ? 'http' : 'https'}://${host}`;
    if (!URL.canParse(url) || /[/?#@\\]/.test(host)) return null;
    const { hostname, origin } = new URL(url);
    return isLoopbackHost(hostname) ? origin : null;
  }
}
