import type { Dispatcher } from 'undici';
import {
  AlreadyExists,
  NotFound,
  NotOffered,
  Undecided,
  UnenvelopedFormat,
  ValidationRejected,
} from '../../upstream/errors';
import type { Upstream } from '../../upstream/port';
import { isDeletionConfirmed } from '../deletion';
import { createDispatchers, singleDispatcher } from '../dispatcher';
import { Exchange } from '../exchange';
import type { ProxySettings } from '../proxy-settings';
import { type Envelopes, isAlreadyDeleted, isInvalid, isMissingPerson, isRejected, requireContent } from '../reply';
import type { Call } from '../request';
import { accessTokenMint, clientTokenMint } from '../token-mints';
import { TokenCache } from '../tokens';
import { UNDECIDED } from '../undecided-reasons';
import { findAllPeople } from './look-up';
import { createBody, parseCreatedPerson, parsePeople, parsePerson, parseReports } from './wire';

/** Where Human API is, and who we are to it. A base URL may carry a path prefix. */
export interface HumanApiSettings {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly authUrl: string;
  readonly adminUrl: string;
  readonly dataUrl: string;
  /** How long an answer, or the next byte of a report, may take. */
  readonly timeoutMs: number;
  /** The largest report that is taken, in bytes; 1 GiB where nothing is said. */
  readonly maxReportBytes?: number;
  /** Whose word an error about a person is; `strict` where nothing is said. */
  readonly envelopes?: Envelopes;
  /** The way out to every host but this machine; none where nothing is said. */
  readonly proxy?: ProxySettings | null;
}

const GIBIBYTE = 1024 ** 3;
/** A host that takes no connection for this long is down, however patient we are with its answers. */
const MAX_CONNECT_MS = 10_000;
/** The client token belongs to nobody in particular. */
const OURS = '';

/** `seams` are for tests: the clock in ms, and undici's dispatcher. */
export function createUsersUpstream(
  settings: HumanApiSettings,
  seams: { now?: () => number; dispatcher?: Dispatcher } = {},
): Upstream {
  const { authUrl: auth, adminUrl: admin, dataUrl: data, timeoutMs } = settings;
  const { maxReportBytes = GIBIBYTE, envelopes = 'strict', proxy = null } = settings;
  const now = seams.now ?? Date.now;
  const ways = seams.dispatcher
    ? singleDispatcher(seams.dispatcher)
    : createDispatchers(proxy, Math.min(timeoutMs, MAX_CONNECT_MS));
  const exchange = new Exchange({ baseUrls: { auth, admin, data }, timeoutMs, maxReportBytes }, now, ways);
  const clientTokens = new TokenCache(clientTokenMint(exchange, settings), now);
  const accessTokens = new TokenCache(accessTokenMint(exchange, settings), now);

  const callAdmin = (method: Call['method'], route: string, more: Partial<Call>) => {
    const of = method === 'GET' && !more.ids ? 'list' : 'one';
    const call: Call = { ...more, host: 'admin', method, route };
    return clientTokens.sendAuthorised(OURS, (token) => exchange.requestBody({ ...call, token }, of), {
      // A create that was sent twice invites twice.
      repeatable: method !== 'POST',
    });
  };

  return {
    async invite(invitation) {
      const reply = await callAdmin('POST', '/api/v1/users', { body: createBody(invitation) });
      const { facts, refusal } = reply;
      if (isInvalid(reply, envelopes)) throw new ValidationRejected(facts, refusal?.keys ?? []);
      if (isRejected(reply, (status) => status === 409)) throw new AlreadyExists(facts);
      return parseCreatedPerson(invitation.clientUserId, facts, requireContent(reply));
    },

    findPeople: (by) => findAllPeople(by, (query) => callAdmin('GET', '/api/v1/users', { query }), envelopes),

    async listPeople(offset) {
      const reply = await callAdmin('GET', '/api/v1/users', offset === 0 ? {} : { query: { offset: String(offset) } });
      return isMissingPerson(reply, envelopes)
        ? { people: [], received: 0 }
        : parsePeople(reply.facts, requireContent(reply));
    },

    async readStatus(subjectId) {
      const reply = await callAdmin('GET', '/api/v1/users/{humanId}', { ids: { humanId: subjectId } });
      if (isMissingPerson(reply, envelopes)) throw new NotFound(reply.facts);
      return parsePerson(subjectId, reply.facts, requireContent(reply));
    },

    async withdraw(subjectId) {
      const reply = await callAdmin('DELETE', '/api/v1/users/{humanId}', { ids: { humanId: subjectId } });
      if (isAlreadyDeleted(reply, envelopes)) return 'already-gone';
      if (isDeletionConfirmed(subjectId, reply.facts, requireContent(reply))) return 'deleted';
      throw new Undecided(reply.facts, UNDECIDED.unconfirmedDeletion);
    },

    async listReports(clientUserId) {
      const call: Call = { method: 'GET', host: 'data', route: '/v1/human/medical/reports' };
      const reply = await accessTokens.sendAuthorised(clientUserId, (token) =>
        exchange.requestBody({ ...call, token }, 'list'),
      );
      return parseReports(reply.facts, requireContent(reply));
    },

    async openReport(clientUserId, reportId, format) {
      const route = '/v1/human/medical/reports/{id}/raw';
      const call: Call = { method: 'GET', host: 'data', route, ids: { id: reportId }, query: { format } };
      const reply = await accessTokens.sendAuthorised(clientUserId, (token) => exchange.openBody({ ...call, token }));
      const { facts } = reply;
      if (isRejected(reply, (status) => status === 404, envelopes)) throw new NotFound(facts);
      if (isRejected(reply, isFormatStatus, envelopes)) throw new NotOffered(facts);
      if (isFormatStatus(facts.status)) throw new UnenvelopedFormat(facts);
      return requireContent(reply);
    },

    async proveCredentials() {
      await clientTokens.mintFresh(OURS);
    },

    close: () => exchange.close(),
  };
}

/** 400 and 415 are upstream's answer to a format that a report does not have. */
function isFormatStatus(status: number | null): boolean {
  return status === 400 || status === 415;
}
