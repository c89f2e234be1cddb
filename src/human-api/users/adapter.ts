import type { Dispatcher } from 'undici';
import { UNDECIDED } from '../../domain/undecided';
import {
  AlreadyExists,
  NotFound,
  NotOffered,
  Undecided,
  UnenvelopedFormat,
  ValidationRejected,
} from '../../upstream/errors';
import { isDeletionConfirmed } from '../deletion';
import { createDispatchers, singleDispatcher } from '../dispatcher';
import { Exchange } from '../exchange';
import type { ProxySettings } from '../proxy-settings';
import { type Envelopes, isAlreadyDeleted, isInvalid, isMissingPerson, isRejected, requireContent } from '../reply';
import type { ReportBody } from '../report-body';
import type { Call } from '../request';
import { accessTokenMint, clientTokenMint } from '../token-mints';
import { TokenCache } from '../tokens';
import { findAllPeople, type PersonFilter } from './look-up';
import {
  createBody,
  type Invitation,
  type Person,
  parseCreatedPerson,
  parsePeople,
  parsePerson,
  parseReports,
  type ReportRow,
} from './wire';

export type { ReportBody } from '../report-body';
export type { Invitation, Person as User, ReportRow } from './wire';

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

/**
 * Human API's first generation, insurance integration. Every method makes one call besides tokens (a look-up one a page), retries nothing
 * but a call answered 401 (once, with a new token), and throws RateLimited or Unavailable besides what it names.
 */
export interface Upstream {
  /** Creates the person, which sends the invitation. Not idempotent: after an Unavailable, look up. @throws ValidationRejected, AlreadyExists, Undecided */
  invite(invitation: Invitation): Promise<Person>;
  /** The only way to learn what an ambiguous create did. `[]` means that upstream said so. */
  findPeople(by: PersonFilter): Promise<Person[]>;
  /** One page of everybody, from `offset` on; `received` counts the unusable rows too. An empty page is behind the end. */
  listPeople(offset: number): Promise<{ readonly users: readonly Person[]; readonly received: number }>;
  /** @throws NotFound, only for a 404 that is upstream's own word; Undecided for any other, as every call about a person does */
  readStatus(humanId: string): Promise<Person>;
  /**
   * Irreversible: stops e-mails and notifications; afterwards upstream grants no access token. An answer that does not confirm it is Unavailable
   * or Undecided: then a look-up by humanId with an empty list confirms it.
   */
  withdraw(humanId: string): Promise<'deleted' | 'already-gone'>;
  /** @throws NotYet while the access token is refused */
  listReports(clientUserId: string): Promise<ReportRow[]>;
  /** @throws NotYet, NotFound and NotOffered (404; 400, 415; in an envelope), UnenvelopedFormat (400, 415 without one) */
  openReport(clientUserId: string, reportId: string, format: 'json' | 'html' | 'pdf'): Promise<ReportBody>;
  /** Resolves only if upstream has just minted a client token for our credentials: proof that a refusal is not our own fault. */
  proveCredentials(): Promise<void>;
  /** Ends every connection. */
  close(): Promise<void>;
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
        ? { users: [], received: 0 }
        : parsePeople(reply.facts, requireContent(reply));
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
