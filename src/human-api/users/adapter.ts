import type { Dispatcher } from 'undici';
import {
  AlreadyExists,
  type CallFacts,
  NotFound,
  NotOffered,
  Undecided,
  UnenvelopedFormat,
  ValidationRejected,
} from '../../upstream/errors';
import type { Upstream } from '../../upstream/port';
import { createDispatchers, singleDispatcher } from '../dispatcher';
import { parseRequestId } from '../error-body';
import { Exchange } from '../exchange';
import { isRecord, parseBoundedJson } from '../json';
import type { ProxySettings } from '../proxy-settings';
import { type Envelopes, isAlreadyDeleted, isInvalid, isMissingPerson, isRejected, requireContent } from '../reply';
import type { Call } from '../request';
import { accessTokenMint, clientTokenMint } from '../token-mints';
import { TokenCache } from '../tokens';
import { UNDECIDED } from '../undecided-reasons';
import { findAllPeople } from './look-up';
import { createBody, parseCreatedPerson, parsePeople, parsePerson, parseReports } from './wire';

/** The URLs of Human API, and our account. A base URL may have a path prefix. */
export interface HumanApiSettings {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly authUrl: string;
  readonly adminUrl: string;
  readonly dataUrl: string;
  /** For a complete answer, and for the next byte of a report. */
  readonly timeoutMs: number;
  /** The size limit of a report in bytes. Default: 1 GiB. */
  readonly maxReportBytes?: number;
  /** Default: `strict`. */
  readonly envelopes?: Envelopes;
  /** Used for every host except this machine. Default: none. */
  readonly proxy?: ProxySettings | null;
}

const GIBIBYTE = 1024 ** 3;
/** A host that accepts no connection for this long is down, even if `timeoutMs` is longer. */
const MAX_CONNECT_MS = 10_000;
/** The key of the only client token in its cache. */
const CLIENT_KEY = '';

/** The first generation of Human API ("users", insurance integration). `seams` are for tests: the clock in ms, and undici's dispatcher. */
export function createUsersUpstream(
  settings: HumanApiSettings,
  seams: { now?: () => number; dispatcher?: Dispatcher } = {},
): Upstream {
  const { authUrl: auth, adminUrl: admin, dataUrl: data, timeoutMs } = settings;
  const { maxReportBytes = GIBIBYTE, envelopes = 'strict', proxy = null } = settings;
  const now = seams.now ?? Date.now;
  const dispatchers = seams.dispatcher
    ? singleDispatcher(seams.dispatcher)
    : createDispatchers(proxy, Math.min(timeoutMs, MAX_CONNECT_MS));
  const exchange = new Exchange({ baseUrls: { auth, admin, data }, timeoutMs, maxReportBytes }, now, dispatchers);
  const clientTokens = new TokenCache(clientTokenMint(exchange, settings), now);
  const accessTokens = new TokenCache(accessTokenMint(exchange, settings), now);

  const callAdmin = (method: Call['method'], route: string, more: Partial<Call>) => {
    const kind = method === 'GET' && !more.ids ? 'list' : 'one';
    const call: Call = { ...more, host: 'admin', method, route };
    return clientTokens.sendAuthorized(CLIENT_KEY, (token) => exchange.requestBody({ ...call, token }, kind), {
      // A create that is sent twice invites twice.
      repeatable: method !== 'POST',
    });
  };

  return {
    async invite(invitation) {
      const reply = await callAdmin('POST', '/api/v1/users', { body: createBody(invitation) });
      const { facts, errorBody } = reply;
      if (isInvalid(reply, envelopes)) throw new ValidationRejected(facts, errorBody?.keys ?? []);
      if (isRejected(reply, (status) => status === 409)) throw new AlreadyExists(facts);
      return parseCreatedPerson(invitation.clientUserId, facts, requireContent(reply));
    },

    findPeople: (filter) => findAllPeople(filter, (query) => callAdmin('GET', '/api/v1/users', { query }), envelopes),

    async listPeople(offset) {
      const reply = await callAdmin('GET', '/api/v1/users', offset === 0 ? {} : { query: { offset: String(offset) } });
      if (isMissingPerson(reply, envelopes)) return { people: [], received: 0 };
      return parsePeople(reply.facts, requireContent(reply));
    },

    async readStatus(humanId) {
      const reply = await callAdmin('GET', '/api/v1/users/{humanId}', { ids: { humanId } });
      if (isMissingPerson(reply, envelopes)) throw new NotFound(reply.facts);
      return parsePerson(humanId, reply.facts, requireContent(reply));
    },

    async withdraw(humanId) {
      const reply = await callAdmin('DELETE', '/api/v1/users/{humanId}', { ids: { humanId } });
      if (isAlreadyDeleted(reply, envelopes)) return 'already-gone';
      if (isDeletionConfirmed(humanId, reply.facts, requireContent(reply))) return 'deleted';
      throw new Undecided(reply.facts, UNDECIDED.unconfirmedDeletion);
    },

    async listReports(clientUserId) {
      const call: Call = { method: 'GET', host: 'data', route: '/v1/human/medical/reports' };
      const reply = await accessTokens.sendAuthorized(clientUserId, (token) =>
        exchange.requestBody({ ...call, token }, 'list'),
      );
      return parseReports(reply.facts, requireContent(reply));
    },

    async openReport(clientUserId, reportId, format) {
      const route = '/v1/human/medical/reports/{id}/raw';
      const call: Call = { method: 'GET', host: 'data', route, ids: { id: reportId }, query: { format } };
      const reply = await accessTokens.sendAuthorized(clientUserId, (token) => exchange.openBody({ ...call, token }));
      const { facts } = reply;
      if (isRejected(reply, (status) => status === 404, envelopes)) throw new NotFound(facts);
      if (isRejected(reply, isFormatStatus, envelopes)) throw new NotOffered(facts);
      if (isFormatStatus(facts.status)) throw new UnenvelopedFormat(facts);
      return requireContent(reply);
    },

    async proveCredentials() {
      await clientTokens.mintFresh(CLIENT_KEY);
    },

    close: () => exchange.close(),
  };
}

/** Human API answers 400 or 415 to a format that a report does not have. */
function isFormatStatus(status: number | null): boolean {
  return status === 400 || status === 415;
}

/**
 * True for an answer that only Human API gives: an empty body, as in the vendor's cookbook, or JSON with the person's id or a request id, and without
 * an error. A page or other JSON may come from a proxy.
 */
function isDeletionConfirmed(humanId: string, { status }: CallFacts, body: Buffer): boolean {
  if (status !== 200 && status !== 202 && status !== 204) return false;
  if (body.toString('latin1').trim() === '') return true;
  const value = parseBoundedJson(body);
  if (!isRecord(value) || (value['error'] ?? null) !== null) return false;
  return value['humanId'] === humanId || parseRequestId(value['x-humanapi-request-id']) !== null;
}
