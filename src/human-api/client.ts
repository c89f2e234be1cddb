import type { Dispatcher } from 'undici';
import { AlreadyExists, NotFound, NotOffered, Unavailable, ValidationRejected } from './errors';
import { Exchange } from './exchange';
import { contentOf, type Envelopes, isDeletedBefore, isInvalid, isNobody, isNotFound, type Reply } from './reply';
import type { ReportBody } from './report-body';
import type { Call } from './request';
import { accessTokenMint, clientTokenMint } from './token-mints';
import { Tokens } from './tokens';
import { everyUser, type UserFilter } from './user-pages';
import { type Invitation, type ReportRow, reportsFrom, type User, userCreated, userNamed, usersFrom } from './wire';

export type { ReportBody } from './report-body';
export type { ReportRow, User } from './wire';

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
  /** Irreversible: stops e-mails and notifications; no access token is to be had afterwards. */
  deleteUser(humanId: string): Promise<'deleted' | 'already-gone'>;
  /** @throws NotYet while the access token is refused */
  listReports(clientUserId: string): Promise<ReportRow[]>;
  /** @throws NotYet, NotFound (in an envelope), NotOffered (400, 415) */
  openReport(clientUserId: string, reportId: string, format: 'json' | 'html' | 'pdf'): Promise<ReportBody>;
  /** Resolves only if upstream has just minted a client token for our credentials: proof that a refusal is not our own fault. */
  proveCredentials(): Promise<void>;
  /** Ends every connection. */
  close(): Promise<void>;
}

const GIBIBYTE = 1024 ** 3;
/** The client token belongs to nobody in particular. */
const OURS = '';

/** `seams` are for tests: the clock in ms, and undici's dispatcher. */
export function createHumanApi(
  settings: HumanApiSettings,
  seams: { now?: () => number; dispatcher?: Dispatcher } = {},
): HumanApi {
  const { authUrl: auth, adminUrl: admin, dataUrl: data, timeoutMs } = settings;
  const { maxReportBytes = GIBIBYTE, envelopes = 'strict' } = settings;
  const now = seams.now ?? Date.now;
  const exchange = new Exchange({ baseUrls: { auth, admin, data }, timeoutMs, maxReportBytes }, now, seams.dispatcher);
  const clientTokens = new Tokens(clientTokenMint(exchange, settings), now);
  const accessTokens = new Tokens(accessTokenMint(exchange, settings), now);

  const askAdmin = (method: Call['method'], route: string, more: Partial<Call>) =>
    clientTokens.authorise(OURS, (token) => exchange.ask({ ...more, host: 'admin', method, route, token }));

  return {
    async invite(invitation) {
      const { dateOfBirth: d, ...rest } = invitation;
      const body = { ...rest, ...(d !== undefined && { dateOfBirth: `${d}T00:00:00.000Z` }), autoInvite: true };
      const reply = await askAdmin('POST', '/api/v1/users', { body });
      const { facts, refusal } = reply;
      if (isInvalid(reply, envelopes)) throw new ValidationRejected(facts, refusal?.keys ?? []);
      if (facts.status === 409) throw new AlreadyExists(facts);
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
      const { facts } = reply;
      if (isDeletedBefore(reply, envelopes)) return 'already-gone';
      contentOf(reply);
      if (facts.status === 200 || facts.status === 202 || facts.status === 204) return 'deleted';
      throw new Unavailable(facts, `expected 200, 202 or 204, ${facts.status} came`);
    },

    async listReports(clientUserId) {
      const call: Call = { method: 'GET', host: 'data', route: '/v1/human/medical/reports' };
      const reply = await accessTokens.authorise(clientUserId, (token) => exchange.ask({ ...call, token }));
      return reportsFrom(reply.facts, contentOf(reply));
    },

    async openReport(clientUserId, reportId, format) {
      const route = '/v1/human/medical/reports/{id}/raw';
      const call: Call = { method: 'GET', host: 'data', route, ids: { id: reportId }, query: { format } };
      const reply = await accessTokens.authorise(clientUserId, (token) => exchange.open({ ...call, token }));
      if (isNotFound(reply)) throw new NotFound(reply.facts);
      if (isNotOffered(reply)) throw new NotOffered(reply.facts);
      return contentOf(reply);
    },

    async proveCredentials() {
      await clientTokens.mintAfresh(OURS);
    },

    close: () => exchange.close(),
  };
}

/** 400 and 415 are upstream's answer to a format that a report does not have; a proxy's page with such a status is none. */
function isNotOffered({ facts, refusal }: Reply<unknown>): boolean {
  return (facts.status === 400 || facts.status === 415) && refusal?.kind !== 'html';
}
