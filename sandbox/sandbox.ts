import type { FastifyInstance } from 'fastify';
import type { Clock } from './clock';
import { Courier, type Webhook } from './courier';
import type { Log } from './log';
import { People } from './people';
import { adminRoutes, type CreateAnswer } from './routes/admin';
import { authRoutes, type Credentials } from './routes/auth';
import { controlRoutes } from './routes/control';
import { dataRoutes } from './routes/data';
import { makeServer } from './server';
import { emptyState } from './state';
import { Storyteller } from './storyteller';
import { Tokens } from './tokens';

/** What a sandbox is made from. */
export interface SandboxSettings {
  readonly credentials: Credentials;
  readonly webhook: Webhook;
  /** How long a token lives, in seconds. */
  readonly tokenLifetimeSeconds: number;
  /** Null: each persona has its own. */
  readonly createAnswer: CreateAnswer | null;
}

/** A whole stand-in for Human API, not listening yet. */
export interface Sandbox {
  readonly app: FastifyInstance;
  /** Ends all stories, lets requests and notices under way finish, closes the server. */
  close(): Promise<void>;
}

/** Puts a sandbox together that has met nobody. */
export function makeSandbox(settings: SandboxSettings, clock: Clock, log: Log): Sandbox {
  const state = emptyState();
  const people = new People(state, clock);
  const tokens = new Tokens(state, clock, settings.tokenLifetimeSeconds);
  const courier = new Courier(settings.webhook, clock, log);
  const storyteller = new Storyteller(clock, people, courier);
  const { createAnswer } = settings;
  const app = makeServer(
    {
      '/auth': (host) => authRoutes(host, people, tokens, settings.credentials),
      '/admin': (host) => adminRoutes(host, { people, tokens, storyteller, clock, createAnswer }),
      '/data': (host) => dataRoutes(host, people, tokens),
      '/control': (host) => controlRoutes(host, people, storyteller),
    },
    log,
  );
  return {
    app,
    async close() {
      clock.close();
      await app.close();
      await courier.idle();
    },
  };
}
