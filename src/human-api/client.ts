import type { Dispatcher } from 'undici';
import { UNDECIDED } from '../domain/undecided';
import { isDeletionConfirmed } from './deletion';
import { onlyWay, openWays } from './dispatcher';
import { AlreadyExists, NotFound, NotOffered, Undecided, UnenvelopedFormat, ValidationRejected } from './errors';
import { Exchange } from './exchange';
import type { ProxySettings } from './proxy-settings';
import { contentOf, type Envelopes, isDeletedBefore, isInvalid, isNobody, isRefused } from './reply';
import type { ReportBody } from './report-body';
import type { Call } from './request';
import { accessTokenMint, clientTokenMint } from './token-mints';
import { Tokens } from './tokens';
import { everyUser, type UserFilter } from './user-pages';
import {
  createBody,
  type Invitation,
  type ReportRow,
  reportsFrom,
  type User,
  userCreated,
  userNamed,
  usersFrom,
} from './wire';

export type { ReportBody } from './report-body';
export type { Invitation, ReportRow, User } from './wire';

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
export interface HumanApi {
  /** Creates the person, which sends the invitation. Not idempotent: after an Unavailable, look up. @throws ValidationRejected, AlreadyExists, Undecided */
  invite(invitation: Invitation): Promise<User>;
  /** The only way to learn what an ambiguous create did. `[]` means that upstream said so. */
  findUsers(by: UserFilter): Promise<User[]>;
  /** One page of everybody, from `offset` on; `received` counts the unusable rows too. An empty page is behind the end. */
  listUsers(offset: number): Promise<{ readonly users: readonly User[]; readonly received: number }>;
  /** @throws NotFound, only for a 404 that is upstream's own word; Undecided for any other, as every call about a person does */
  readUser(humanId: string): Promise<User>;
  /**
   * Irreversible: stops e-mails and notifications; afterwards upstream grants no access token. An answer that does not confirm it is Unavailable
   * or Undecided: then a look-up by humanId with an empty list confirms it.
   */
  deleteUser(humanId: string): Promise<'deleted' | 'already-gone'>;
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
const LONGEST_CONNECT_MS = 10_000;
/** The client token belongs to nobody in particular. */
const OURS = '';

/** `seams` are for tests: the clock in ms, and undici's dispatcher. */
export function createHumanApi(
  settings: HumanApiSettings,
  seams: { now?: () => number; dispatcher?: Dispatcher } = {},
): HumanApi {
  const { authUrl: auth, adminUrl: admin, dataUrl: data, timeoutMs } = settings;
  const { maxReportBytes = GIBIBYTE, envelopes = 'strict', proxy = null } = settings;
  const now = seams.now ?? Date.now;
  const ways = seams.dispatcher ? onlyWay(seams.dispatcher) : openWays(proxy, Math.min(timeoutMs, LONGEST_CONNECT_MS));
  const exchange = new Exchange({ baseUrls: { auth, admin, data }, timeoutMs, maxReportBytes }, now, ways);
  const clientTokens = new Tokens(clientTokenMint(exchange, settings), now);
  const accessTokens = new Tokens(accessTokenMint(exchange, settings), now);

  const askAdmin = (method: Call['method'], route: string, more: Partial<Call>) => {
    const of = method === 'GET' && !more.ids ? 'list' : 'one';
    const call: Call = { ...more, host: 'admin', method, route };
    return clientTokens.authorise(OURS, (token) => exchange.ask({ ...call, token }, of), {
      // A create that was sent twice invites twice.
      repeatable: method !== 'POST',
    });
  };

  return {
    async invite(invitation) {
      const reply = await askAdmin('POST', '/api/v1/users', { body: createBody(invitation) });
      const { facts, refusal } = reply;
      if (isInvalid(reply, envelopes)) throw new ValidationRejected(facts, refusal?.keys ?? []);
      if (isRefused(reply, (status) => status === 409)) throw new AlreadyExists(facts);
      return userCreated(invitation.clientUserId, facts, contentOf(reply));
    },

    findUsers: (by) => everyUser(by, (query) => askAdmin('GET', '/api/v1/users', { query }), envelopes),

    async listUsers(offset) {
      const reply = await askAdmin('GET', '/api/v1/users', offset === 0 ? {} : { query: { offset: String(offset) } });
      return isNobody(reply, envelopes) ? { users: [], received: 0 } : usersFrom(reply.facts, contentOf(reply));
    },

    async readUser(humanId) {
      const reply = await askAdmin('GET', '/api/v1/users/{humanId}', { ids: { humanId } });
      if (isNobody(reply, envelopes)) throw new NotFound(reply.facts);
      return userNamed(humanId, reply.facts, contentOf(reply));
    },

    async deleteUser(humanId) {
      const reply = await askAdmin('DELETE', '/api/v1/users/{humanId}', { ids: { humanId } });
      if (isDeletedBefore(reply, envelopes)) return 'already-gone';
      if (isDeletionConfirmed(humanId, reply.facts, contentOf(reply))) return 'deleted';
      throw new Undecided(reply.facts, UNDECIDED.unconfirmedDeletion);
    },

    async listReports(clientUserId) {
      const call: Call = { method: 'GET', host: 'data', route: '/v1/human/medical/reports' };
      const reply = await accessTokens.authorise(clientUserId, (token) => exchange.ask({ ...call, token }, 'list'));
      return reportsFrom(reply.facts, contentOf(reply));
    },

    async openReport(clientUserId, reportId, format) {
      const route = '/v1/human/medical/reports/{id}/raw';
      const call: Call = { method: 'GET', host: 'data', route, ids: { id: reportId }, query: { format } };
      const reply = await accessTokens.authorise(clientUserId, (token) => exchange.open({ ...call, token }));
      const { facts } = reply;
      if (isRefused(reply, (status) => status === 404, envelopes)) throw new NotFound(facts);
      if (isRefused(reply, isOfFormat, envelopes)) throw new NotOffered(facts);
      if (isOfFormat(facts.status)) throw new UnenvelopedFormat(facts);
      return contentOf(reply);
    },

    async proveCredentials() {
      await clientTokens.mintAfresh(OURS);
    },

    close: () => exchange.close(),
  };
}

/** 400 and 415 are upstream's answer to a format that a report does not have. */
function isOfFormat(status: number | null): boolean {
  return status === 400 || status === 415;
}
