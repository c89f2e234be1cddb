import type { FastifyInstance } from 'fastify';
import { Actions } from './actions';
import type { Clock, Pace } from './clock';
import { Courier, type Webhook } from './courier';
import { CallFaults } from './faults/call-faults';
import { type Keeper, keepsNothing } from './journal';
import type { Log } from './log';
import { People } from './people';
import { adminRoutes, type CreateAnswer } from './routes/admin';
import { authRoutes, type Credentials } from './routes/auth';
import { controlRoutes } from './routes/control';
import { dataRoutes } from './routes/data';
import { invitationRoutes } from './routes/invitation';
import { Director } from './scenario/director';
import { makeServer } from './server';
import { emptyState, type Person, type SandboxState } from './state';
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
  /** Null: another one at every start. */
  readonly seed: string | null;
  /** What is played from the start on, before anything that was given over the control surface; null: what was played last. */
  readonly scenario: unknown;
}

/** What a sandbox knows from before, and where it writes down what changes. */
export interface Memory {
  readonly state: SandboxState;
  readonly keeper: Keeper;
}

/** A whole stand-in for Human API, not listening yet. */
export interface Sandbox {
  readonly app: FastifyInstance;
  /** What somebody can do who plays an invited person by hand. */
  readonly actions: Actions;
  /** Resolves when every notice under way has been answered or given up. */
  idle(): Promise<void>;
  /** Ends all stories, lets requests and notices under way finish, closes the server. */
  close(): Promise<void>;
}

/** Puts a sandbox together; without a memory it has met nobody. Throws a {@link ScenarioFault}. */
export function makeSandbox(
  settings: SandboxSettings,
  clock: Clock,
  log: Log,
  { state, keeper }: Memory = { state: emptyState(), keeper: keepsNothing },
): Sandbox {
  const { createAnswer, credentials, webhook, seed } = settings;
  if (settings.scenario !== null) state.scenario = null;
  const director = new Director(settings.scenario ?? state.scenario ?? {}, { pace: settings.pace, seed }, log);
  const people = new People(state, clock, () => director.chance, keeper);
  const tokens = new Tokens(state, clock, settings.tokenLifetimeSeconds, keeper);
  const courier = new Courier(webhook, clock, log, {
    rules: () => director.noticeRules,
    offAfterFailures: () => director.offAfterFailures,
  });
  const storyteller = new Storyteller(clock, people, courier, log, () => director.pace);
  const actions = new Actions(people, storyteller, clock);
  const faults = new CallFaults({ people, tokens, clock, log, rules: () => director.callRules });
  const inviteLink = ({ invitationToken }: Person) =>
    `${settings.publicUrl ?? addressOf(app)}/invitation/${invitationToken}`;
  const cast = (clientUserId: string, email: string) => director.castFor(clientUserId, email);

  const upstream = (routes: (host: FastifyInstance) => void) => (host: FastifyInstance) => {
    faults.install(host);
    routes(host);
  };
  const app: FastifyInstance = makeServer(
    {
      '/auth': upstream((host) => authRoutes(host, people, tokens, credentials)),
      '/admin': upstream((host) =>
        adminRoutes(host, { people, tokens, storyteller, log, cast, createAnswer, inviteLink }),
      ),
      '/data': upstream((host) => dataRoutes(host, people, tokens)),
      '/invitation': (host) => invitationRoutes(host, { people, actions, inviteLink }),
      '/control': (host) =>
        controlRoutes(host, {
          people,
          storyteller,
          director,
          feeds: courier.feeds,
          inviteLink,
          play(document) {
            const before = director.pace;
            director.play(document ?? settings.scenario ?? {});
            state.scenario = document;
            keeper.scenario(document);
            storyteller.repace(before);
          },
          forget() {
            for (const person of people.everybody()) storyteller.stop(person);
            courier.forget();
            people.forget();
            tokens.forget();
            keeper.rewrite();
            log('reset');
            director.restart();
          },
        }),
    },
    log,
  );
  app.addHook('onListen', async () => {
    director.announce();
    for (const person of people.find({})) storyteller.tell(person);
  });
  return {
    app,
    actions,
    idle: () => courier.idle(),
    async close() {
      clock.close();
      faults.close();
      await app.close();
      await courier.idle();
      keeper.close();
    },
  };
}

/** Where it listens, as a URL. */
function addressOf(app: FastifyInstance): string {
  const [bound] = app.addresses();
  if (typeof bound !== 'object') return 'http://127.0.0.1';
  return `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}
