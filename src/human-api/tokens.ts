import { LRUCache } from 'lru-cache';
import { AccessDenied, Unavailable } from '../upstream/errors';
import type { Reply } from './reply';
import type { TokenMint } from './token-mints';

interface Token {
  readonly token: string;
  readonly refreshAtMs: number;
  readonly expiresAtMs: number;
}

/** A token is renewed a tenth of its life before it expires, but at most this much earlier. */
const MAX_EARLY_REFRESH_MS = 5 * 60_000;
/** About 8 MB of access tokens, one per person whose reports are collected. */
const MAX_TOKENS = 5_000;

/** Tokens by key, renewed early. Concurrent callers share one mint. */
export class TokenCache {
  readonly #mint: TokenMint;
  readonly #now: () => number;
  readonly #tokens = new LRUCache<string, Token>({ max: MAX_TOKENS });
  readonly #minting = new Map<string, Promise<string>>();

  constructor(mint: TokenMint, now: () => number) {
    this.#mint = mint;
    this.#now = now;
  }

  /**
   * Sends with the token of a key; after a 401, once more with a new token. A gateway may send a 401 after Human API executed the call, so a call that
   * is not `repeatable` is sent again only if Human API itself sent the 401.
   */
  async sendAuthorized<Content>(
    key: string,
    send: (token: string) => Promise<Reply<Content>>,
    { repeatable }: { readonly repeatable: boolean } = { repeatable: true },
  ): Promise<Reply<Content>> {
    const token = await this.#get(key);
    const reply = await send(token);
    if (reply.facts.status !== 401) return reply;
    if (this.#tokens.get(key)?.token === token) this.#tokens.delete(key);
    if (!repeatable && reply.errorBody?.kind !== 'enveloped') return reply;
    const second = await send(await this.#get(key));
    const { status } = second.facts;
    if (status === 401 || status === 403) {
      const isFromUpstream = second.errorBody?.kind === 'enveloped';
      throw new Unavailable(second.facts, `a new token was refused (${status})`, { isFromUpstream });
    }
    return second;
  }

  /** Mints a token even if a valid one is cached. */
  async mintFresh(key: string): Promise<string> {
    const requestedAtMs = this.#now();
    const { token, lifeMs } = await this.#mint(key);
    const expiresAtMs = requestedAtMs + lifeMs;
    const refreshAtMs = expiresAtMs - Math.min(lifeMs / 10, MAX_EARLY_REFRESH_MS);
    this.#tokens.set(key, { token, refreshAtMs, expiresAtMs });
    return token;
  }

  async #get(key: string): Promise<string> {
    const cached = this.#tokens.get(key);
    if (cached && this.#now() < cached.refreshAtMs) return cached.token;
    try {
      return await this.#mintOnce(key);
    } catch (error) {
      // A failed early renewal does not matter while the old token is valid, except a denied access: the person may be gone.
      const isValid = cached !== undefined && this.#tokens.get(key) === cached && this.#now() < cached.expiresAtMs;
      if (isValid && !(error instanceof AccessDenied)) return cached.token;
      throw error;
    }
  }

  #mintOnce(key: string): Promise<string> {
    const pending = this.#minting.get(key);
    if (pending) return pending;
    const minting = this.mintFresh(key).finally(() => this.#minting.delete(key));
    this.#minting.set(key, minting);
    return minting;
  }
}
