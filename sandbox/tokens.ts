import { randomBytes } from 'node:crypto';
import type { Clock } from './clock';
import { Refusal } from './envelopes';
import type { Keeper } from './journal';
import type { SandboxState, Token } from './state';

/** Mints bearer tokens and tells good ones from bad ones. They expire by the wall clock, not by the story's. */
export class Tokens {
  constructor(
    private readonly state: SandboxState,
    private readonly clock: Clock,
    /** How long a token lives, in seconds. */
    private readonly lifetimeSeconds: number,
    private readonly keeper: Keeper,
  ) {}

  /** A token for the admin host. */
  mintClient(): Record<string, unknown> {
    return { client_token: this.mint({ kind: 'client', humanId: null }), ...this.terms('crt') };
  }

  /** A token for the data host, good for one person. */
  mintAccess(humanId: string): Record<string, unknown> {
    return { access_token: this.mint({ kind: 'access', humanId }), ...this.terms('art') };
  }

  /** The token behind an `Authorization` header. Throws a {@link Refusal} (401) unless it is a live one of that kind. */
  require(kind: Token['kind'], header: string | undefined): Token {
    const token = this.find(header);
    if (!token || token.kind !== kind || token.expiresAtMs <= this.clock.nowMs()) throw unauthorized();
    return token;
  }

  /** The token behind an `Authorization` header, expired ones included. */
  find(header: string | undefined): Token | undefined {
    const text = /^Bearer (\S+)$/.exec(header ?? '')?.[1];
    return text !== undefined && Object.hasOwn(this.state.tokens, text) ? this.state.tokens[text] : undefined;
  }

  /** Makes every token that was ever minted worthless. */
  forget(): void {
    for (const text of Object.keys(this.state.tokens)) delete this.state.tokens[text];
  }

  private mint(token: Omit<Token, 'expiresAtMs'>): string {
    const text = `${token.kind}-${randomBytes(32).toString('base64url')}`;
    const minted = { ...token, expiresAtMs: this.clock.nowMs() + this.lifetimeSeconds * 1_000 };
    this.state.tokens[text] = minted;
    this.keeper.token(text, minted);
    return text;
  }

  private terms(prefix: string): Record<string, unknown> {
    return {
      expires_in: this.lifetimeSeconds,
      token_type: 'Bearer',
      refresh_token: `${prefix}-${randomBytes(16).toString('hex')}`,
    };
  }
}

/** The one answer to every bad token: which of its faults it has is not said. */
export function unauthorized(): Refusal {
  return new Refusal(401, 'A live bearer token of the right kind was expected; mint a new one.');
}
