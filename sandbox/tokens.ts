import { randomBytes } from 'node:crypto';
import type { Clock } from './clock';
import { ErrorAnswer } from './error-answer';
import type { StateJournal } from './journal';
import type { SandboxState, Token } from './state';

/** Mints and checks bearer tokens. They expire by the wall clock, not in story time. */
export class Tokens {
  constructor(
    private readonly state: SandboxState,
    private readonly clock: Clock,
    private readonly lifetimeSeconds: number,
    private readonly journal: StateJournal,
  ) {}

  /** Mints a token for the admin host. */
  mintClient(): Record<string, unknown> {
    return { client_token: this.mint({ kind: 'client', humanId: null }), ...this.commonFields('crt') };
  }

  /** Mints a token for the data host and one person. */
  mintAccess(humanId: string): Record<string, unknown> {
    return { access_token: this.mint({ kind: 'access', humanId }), ...this.commonFields('art') };
  }

  /** The token of an `Authorization` header. Throws {@link ErrorAnswer} (401) if it is unknown, expired or of another kind. */
  require(kind: Token['kind'], header: string | undefined): Token {
    const token = this.find(header);
    if (!token || token.kind !== kind || token.expiresAtMs <= this.clock.nowMs()) throw unauthorized();
    return token;
  }

  /** The token of an `Authorization` header, expired tokens included. */
  find(header: string | undefined): Token | undefined {
    const text = /^Bearer (\S+)$/.exec(header ?? '')?.[1];
    return text !== undefined && Object.hasOwn(this.state.tokens, text) ? this.state.tokens[text] : undefined;
  }

  /** Revokes all tokens. */
  clear(): void {
    for (const text of Object.keys(this.state.tokens)) delete this.state.tokens[text];
  }

  private mint(token: Omit<Token, 'expiresAtMs'>): string {
    const text = `${token.kind}-${randomBytes(32).toString('base64url')}`;
    const minted = { ...token, expiresAtMs: this.clock.nowMs() + this.lifetimeSeconds * 1_000 };
    this.state.tokens[text] = minted;
    this.journal.token(text, minted);
    return text;
  }

  private commonFields(prefix: string): Record<string, unknown> {
    return {
      expires_in: this.lifetimeSeconds,
      token_type: 'Bearer',
      refresh_token: `${prefix}-${randomBytes(16).toString('hex')}`,
    };
  }
}

/** The answer to each invalid token, without the reason. */
export function unauthorized(): ErrorAnswer {
  return new ErrorAnswer(401, 'Expected a valid bearer token of the right kind; mint a new one.');
}
