import { Recent } from '../process/recent';
import { AccessDenied, Unavailable } from '../upstream/errors';
import type { Reply } from './reply';
import type { TokenMint } from './token-mints';

interface HeldToken {
  readonly token: string;
  readonly refreshAtMs: number;
  readonly expiresAtMs: number;
}

/** Renewed before the end by a tenth of the life, so that it works with lives of seconds, and at most by this. */
const MAX_EARLY_REFRESH_MS = 5 * 60_000;
/** Access tokens held at once, one a person being collected: about 8 MB of JWTs. The least recently used goes first. */
const MAX_TOKENS = 5_000;

/** Tokens by key, kept for this process, renewed early, each by one caller while the others wait for the same answer. */
export class TokenCache {
  readonly #mint: TokenMint;
  readonly #now: () => number;
  readonly #held = new Recent<HeldToken>(MAX_TOKENS);
  readonly #minting = new Map<string, Promise<string>>();

  constructor(mint: TokenMint, now: () => number) {
    this.#mint = mint;
    this.#now = now;
  }

  /**
   * Sends with the token; a 401 drops it, and the call is made once more with a new one. Upstream did not execute what it refused; of what a
   * gateway answers nothing is known, so a call that is not `repeatable` is not made again then.
   */
  async sendAuthorised<Content>(
    key: string,
    send: (token: string) => Promise<Reply<Content>>,
    { repeatable }: { readonly repeatable: boolean } = { repeatable: true },
  ): Promise<Reply<Content>> {
    const token = await this.#get(key);
    const reply = await send(token);
    if (reply.facts.status !== 401) return reply;
    if (this.#held.get(key)?.token === token) this.#held.delete(key);
    if (!repeatable && reply.refusal?.kind !== 'enveloped') return reply;
    const again = await send(await this.#get(key));
    const { status } = again.facts;
    if (status === 401 || status === 403) {
      const isUpstreamsWord = again.refusal?.kind === 'enveloped';
      throw new Unavailable(again.facts, `a freshly minted token was refused (${status})`, { isUpstreamsWord });
    }
    return again;
  }

  /** Mints whatever is held, or on its way. */
  async mintFresh(key: string): Promise<string> {
    const askedAtMs = this.#now();
    const { token, lifeMs } = await this.#mint(key);
    const expiresAtMs = askedAtMs + lifeMs;
    const refreshAtMs = expiresAtMs - Math.min(lifeMs / 10, MAX_EARLY_REFRESH_MS);
    this.#held.set(key, { token, refreshAtMs, expiresAtMs });
    return token;
  }

  async #get(key: string): Promise<string> {
    const held = this.#held.get(key);
    if (held && this.#now() < held.refreshAtMs) {
      this.#held.set(key, held);
      return held.token;
    }
    try {
      return await this.#mintOnce(key);
    } catch (error) {
      // An early renewal that fails costs nothing while the old token lives; that the person is gone is an answer.
      const stillGood = held !== undefined && this.#held.get(key) === held && this.#now() < held.expiresAtMs;
      if (stillGood && !(error instanceof AccessDenied)) return held.token;
      throw error;
    }
  }

  #mintOnce(key: string): Promise<string> {
    const underWay = this.#minting.get(key);
    if (underWay) return underWay;
    const minting = this.mintFresh(key).finally(() => this.#minting.delete(key));
    this.#minting.set(key, minting);
    return minting;
  }
}
