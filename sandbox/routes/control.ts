import type { FastifyInstance } from 'fastify';
import { ErrorAnswer } from '../error-answer';
import { requireLoopback } from '../loopback';
import type { NotificationFeed } from '../notification-feed';
import type { People } from '../people';
import { describePersona, PERSONAS } from '../personas/catalogue';
import { controlFeedBody, controlStatusBody, validate } from '../requests';
import type { ActiveScenario } from '../scenario/active-scenario';
import { ScenarioFault } from '../scenario/parse';
import type { ScriptRunner } from '../script-runner';
import type { Person } from '../state';

interface ControlDeps {
  readonly people: People;
  readonly scriptRunner: ScriptRunner;
  readonly scenario: ActiveScenario;
  readonly feeds: readonly NotificationFeed[];
  readonly inviteLink: (person: Person) => string;
  /** Null restores the scenario of the start. Throws {@link ScenarioFault}. */
  readonly replaceScenario: (document: unknown) => void;
  /** Removes all people and tokens. */
  readonly reset: () => void;
}

/** Routes that the real upstream does not have, for requests of this machine only. */
export function controlRoutes(
  app: FastifyInstance,
  { people, scriptRunner, scenario, feeds, inviteLink, replaceScenario, reset }: ControlDeps,
): void {
  requireLoopback(app);

  app.get('/personas', async () =>
    PERSONAS.map((persona) => ({
      ...describePersona(persona),
      realSeconds:
        persona.steps.reduce(
          (sum, step) => sum + (step.time === 'real' ? step.afterMs : scriptRunner.toRealMs(step.afterMs)),
          0,
        ) / 1_000,
    })),
  );

  app.get('/people', async () => people.all().map(overview));

  app.post<{ Params: { clientUserId: string } }>('/people/:clientUserId/status', async (request) => {
    const { value, notify } = validate(controlStatusBody, 'payload', request.body);
    const [person] = people.find({ clientUserId: request.params.clientUserId });
    if (!person) throw new ErrorAnswer(404, 'No user has this clientUserId.');
    scriptRunner.overrideStatus(person, value, notify);
    return overview(person);
  });

  // Not part of the list, because the link is a secret.
  app.get<{ Params: { clientUserId: string } }>('/people/:clientUserId/invitation', async (request) => {
    const [person] = people.find({ clientUserId: request.params.clientUserId });
    if (!person) throw new ErrorAnswer(404, 'No user has this clientUserId.');
    return { inviteLink: inviteLink(person) };
  });

  app.get('/scenario', async () => scenarioStatus());

  app.route({
    method: ['PUT', 'POST'],
    url: '/scenario',
    handler: async (request) => {
      try {
        replaceScenario(request.body ?? {});
      } catch (error) {
        throw error instanceof ScenarioFault ? toErrorAnswer(error) : error;
      }
      return scenarioStatus();
    },
  });

  app.delete('/scenario', async () => {
    replaceScenario(null);
    return scenarioStatus();
  });

  app.post('/feed', async (request) => {
    const { on } = validate(controlFeedBody, 'payload', request.body);
    for (const feed of feeds) feed.switchTo(on);
    return scenarioStatus();
  });

  app.post('/reset', async (_request, reply) => {
    reset();
    return reply.code(204).send();
  });

  function scenarioStatus() {
    return { ...scenario.describe(), feeds: feeds.map(({ url, isOn }) => ({ to: url.origin, on: isOn })) };
  }
}

function toErrorAnswer({ message, faults }: ScenarioFault): ErrorAnswer {
  const keys = faults.map(({ key }) => key);
  return new ErrorAnswer(400, `The scenario is invalid; the previous one stays active. ${message}`, {
    source: 'payload',
    keys,
  });
}

/** A person without personal data. */
function overview({ clientUserId, humanId, persona, status, deletedAt, updatedAt, reports, notices }: Person) {
  return {
    clientUserId,
    humanId,
    persona,
    status,
    deleted: deletedAt !== null,
    updatedAt,
    reports: reports.length,
    notices,
  };
}
