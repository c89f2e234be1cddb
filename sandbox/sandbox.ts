import type { FastifyInstance } from 'fastify';
import { Actions } from './actions';
import type { Clock, StorySpeed } from './clock';
import { CallFaults } from './faults/call-faults';
import { noJournal, type SavedState } from './journal';
import type { Log } from './log';
import { NotificationSender, type WebhookSettings } from './notification-sender';
import { People } from './people';
import { adminRoutes, type CreateAnswer } from './routes/admin';
import { authRoutes, type Credentials } from './routes/auth';
import { controlRoutes } from './routes/control';
import { dataRoutes } from './routes/data';
import { invitationRoutes } from './routes/invitation';
import { ActiveScenario } from './scenario/active-scenario';
import { ScriptRunner } from './script-runner';
import { createServer } from './server';
import { emptyState, type Person } from './state';
import { Tokens } from './tokens';

/** The settings of a sandbox. */
export interface SandboxSettings {
  readonly credentials: Credentials;
  readonly webhook: WebhookSettings;
  readonly tokenLifetimeSeconds: number;
  /** Null: the form of the persona. */
  readonly createAnswer: CreateAnswer | null;
  readonly storySpeed: StorySpeed;
  /** Origin of invite links; null: the address that the sandbox listens on. */
  readonly publicUrl: string | null;
  /** Null: a random seed at each start. */
  readonly seed: string | null;
  /** The scenario at the start, which replaces a saved one; null: the saved scenario. */
  readonly scenario: unknown;
}

/** A stand-in for Human API, not listening yet. */
export interface Sandbox {
  readonly app: FastifyInstance;
  /** The actions of an invited person that a user plays by hand. */
  readonly actions: Actions;
  /** Resolves when no notification is in flight. */
  idle(): Promise<void>;
  /** Stops all scripts, waits for requests and notifications in flight and closes the server. */
  close(): Promise<void>;
}

/** Creates a sandbox; without saved state it is empty. Throws {@link ScenarioFault}. */
export function createSandbox(
  settings: SandboxSettings,
  clock: Clock,
  log: Log,
  { state, journal }: SavedState = { state: emptyState(), journal: noJournal },
): Sandbox {
  const { createAnswer, credentials, webhook, seed } = settings;
  if (settings.scenario !== null) state.scenario = null;
  const scenario = new ActiveScenario(
    settings.scenario ?? state.scenario ?? {},
    { storySpeed: settings.storySpeed, seed },
    log,
  );
  const people = new People(state, clock, () => scenario.random, journal);
  const tokens = new Tokens(state, clock, settings.tokenLifetimeSeconds, journal);
  const sender = new NotificationSender(webhook, clock, log, {
    rules: () => scenario.noticeRules,
    offAfterFailures: () => scenario.offAfterFailures,
  });
  const scriptRunner = new ScriptRunner(clock, people, sender, log, () => scenario.storySpeed);
  const actions = new Actions(people, scriptRunner, clock);
  const faults = new CallFaults({ people, tokens, clock, log, rules: () => scenario.callRules });
  const inviteLink = ({ invitationToken }: Person) =>
    `${settings.publicUrl ?? listenAddress(app)}/invitation/${invitationToken}`;
  const personaFor = (clientUserId: string, email: string) => scenario.personaFor(clientUserId, email);

  const upstream = (routes: (host: FastifyInstance) => void) => (host: FastifyInstance) => {
    faults.install(host);
    routes(host);
  };
  const app: FastifyInstance = createServer(
    {
      '/auth': upstream((host) => authRoutes(host, people, tokens, credentials)),
      '/admin': upstream((host) =>
        adminRoutes(host, { people, tokens, scriptRunner, log, personaFor, createAnswer, inviteLink }),
      ),
      '/data': upstream((host) => dataRoutes(host, people, tokens)),
      '/invitation': (host) => invitationRoutes(host, { people, actions, inviteLink }),
      '/control': (host) =>
        controlRoutes(host, {
          people,
          scriptRunner,
          scenario,
          feeds: sender.feeds,
          inviteLink,
          replaceScenario(document) {
            const before = scenario.storySpeed;
            scenario.replace(document ?? settings.scenario ?? {});
            state.scenario = document;
            journal.scenario(document);
            scriptRunner.changeSpeed(before);
          },
          reset() {
            for (const person of people.all()) scriptRunner.stop(person);
            sender.discardHeld();
            people.clear();
            tokens.clear();
            journal.rewrite();
            log('reset');
            scenario.restart();
          },
        }),
    },
    log,
  );
  app.addHook('onListen', async () => {
    scenario.logScenario();
    for (const person of people.find({})) scriptRunner.resume(person);
  });
  return {
    app,
    actions,
    idle: () => sender.idle(),
    async close() {
      clock.close();
      faults.close();
      await app.close();
      await sender.idle();
      journal.close();
    },
  };
}

function listenAddress(app: FastifyInstance): string {
  const [bound] = app.addresses();
  if (typeof bound !== 'object') return 'http://127.0.0.1';
  return `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}
