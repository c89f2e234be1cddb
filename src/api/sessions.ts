import { createHash, randomBytes } from 'node:crypto';
import type { CookieSerializeOptions } from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createExpiringMap } from '../process/expiring-map';
import type { ApiKey } from './keys';

/** The holder of a key. */
type KeyHolder = Pick<ApiKey, 'name' | 'roles'>;

/** The sessions of browsers that sent a key or a one-time token. Only in memory: a restart ends them. */
export interface Sessions {
  /** Begins a session and returns its token. */
  begin(key: KeyHolder): string;
  /** Null if no session has this token, or if it has ended. */
  findKey(token: string): KeyHolder | null;
  end(token: string): void;
  /** Returns a token that begins one session of the key within {@link ONE_TIME_S}. */
  createOneTimeToken(key: KeyHolder): string;
  /** The key of a one-time token, which is then used up; null if it is unknown, used or too old. */
  redeemOneTimeToken(token: string): KeyHolder | null;
}

const SESSION_S = 3_600;
/** A browser opens its first page within seconds. */
export const ONE_TIME_S = 60;
/** Bounds the memory that logins can use; the oldest session ends first. */
const MAX_SESSIONS = 1_000;

export function createSessions(nowMs: () => number = Date.now): Sessions {
  // The keys of the maps are hashes, so that the time of a look-up reveals nothing about a token.
  const sessions = createExpiringMap<KeyHolder>({ max: MAX_SESSIONS, ttlMs: SESSION_S * 1_000, nowMs });
  const oneTime = createExpiringMap<KeyHolder>({ max: MAX_SESSIONS, ttlMs: ONE_TIME_S * 1_000, nowMs });
  return {
    begin: (key) => addToken(sessions, key),
    findKey: (token) => sessions.peek(hash(token)) ?? null,
    end(token) {
      sessions.delete(hash(token));
    },
    createOneTimeToken: (key) => addToken(oneTime, key),
    redeemOneTimeToken(token) {
      const key = oneTime.peek(hash(token)) ?? null;
      oneTime.delete(hash(token));
      return key;
    },
  };
}

function addToken(keys: ReturnType<typeof createExpiringMap<KeyHolder>>, key: KeyHolder): string {
  const token = randomBytes(32).toString('base64url');
  keys.set(hash(token), key);
  return token;
}

function hash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** With `__Host-`, a browser accepts the cookie over TLS only, and from no other host of the domain. Browsers reject the prefix over plain HTTP. */
function cookieName(isSecure: boolean): string {
  return isSecure ? '__Host-chartway' : 'chartway';
}

function cookieOptions(secure: boolean, maxAge: number): CookieSerializeOptions {
  return { path: '/', httpOnly: true, sameSite: 'strict', secure, maxAge };
}

export function sendSessionToken(reply: FastifyReply, token: string, isSecure: boolean): void {
  reply.setCookie(cookieName(isSecure), token, cookieOptions(isSecure, SESSION_S));
}

export function deleteSessionToken(reply: FastifyReply, isSecure: boolean): void {
  reply.setCookie(cookieName(isSecure), '', cookieOptions(isSecure, 0));
}

/** Null without the cookie. */
export function readSessionToken(request: FastifyRequest, isSecure: boolean): string | null {
  return request.cookies[cookieName(isSecure)] || null;
}
