import type { FastifyInstance } from 'fastify';
import { Actions } from './actions';
import type { Clock, Pace } from './clock';
import { Courier, type Webhook } from './courier';
import type { Log } from './log';
import { People } from './people';
import { adminRoutes, type CreateAnswer } from './routes/admin';
import { authRoutes, type Credentials } from './routes/auth';
import { controlRoutes } from './routes/control';
import { dataRoutes } from './routes/data';
import { invitationRoutes } from './routes/invitation';
import { makeServer } from './server';
import { emptyState, type Person } from './state';
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
  readonly pace: Pace;
  /** How a browser reaches the sandbox, for the links of invitations; null: the address that it listens on. */
  readonly publicUrl: string | null;
}

/** A whole stand-in for Human API, not listening yet. */
export interface Sandbox {
  readonly app: FastifyInstance;
  /** What somebody can do who plays an invited person by hand. */
  readonly actions: Actions;
  /** Ends all stories, lets requests and notices under way finish, closes the server. */
  close(): Promise<void>;
}

/** Puts a sandbox together that has met nobody. */
export function makeSandbox(settings: SandboxSettings, clock: Clock, log: Log): Sandbox {
  const state = emptyState();
  const people = new People(state, clock);
  const tokens = new Tokens(state, clock, settings.tokenLifetimeSeconds);
  const courier = new Courier(settings.webhook, clock, log);
  const storyteller = new Storyteller(clock, people, courier, settings.pace);
  const actions = new Actions(people, storyteller, clock);
  const { createAnswer } = settings;
  const inviteLink = ({ invitationToken }: Person) =>
    `${settings.publicUrl ?? addressOf(app)}/invitation/${invitationToken}`;
  const app: FastifyInstance = makeServer(
    {
      '/auth': (host) => authRoutes(host, people, tokens, settings.credentials),
      '/admin': (host) => adminRoutes(host, { people, tokens, storyteller, clock, createAnswer, inviteLink }),
      '/data': (host) => dataRoutes(host, people, tokens),
      '/invitation': (host) => invitationRoutes(host, { people, actions, inviteLink }),
      '/control': (host) => controlRoutes(host, people, storyteller),
    },
    log,
  );
  return {
    app,
    actions,
    async close() {
      clock.close();
      await app.close();
      await courier.idle();
    },
  };
}

/** Where it listens, as a URL. */
function addressOf(app: FastifyInstance): string {
  const [bound] = app.addresses();
  if (typeof bound !== 'object') return 'http://127.0.0.1';
  return `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}
