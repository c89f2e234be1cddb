import type { FastifyInstance } from 'fastify';
import { Refusal } from '../envelopes';
import type { Feed } from '../feed';
import { onlyFromThisMachine } from '../loopback';
import type { People } from '../people';
import { described, PERSONAS } from '../personas/catalogue';
import { controlFeedBody, controlStatusBody, validated } from '../requests';
import type { Director } from '../scenario/director';
import { ScenarioFault } from '../scenario/read';
import type { Person } from '../state';
import type { Storyteller } from '../storyteller';

interface ControlDeps {
  readonly people: People;
  readonly storyteller: Storyteller;
  readonly director: Director;
  readonly feeds: readonly Feed[];
  /** Where a browser opens somebody's invitation. */
  readonly inviteLink: (person: Person) => string;
  /** Plays another scenario; null: the one of the start. Throws a {@link ScenarioFault}. */
  readonly play: (document: unknown) => void;
  /** As if nobody had ever been invited. */
  readonly forget: () => void;
}

/** What the real upstream does not have: a look behind the scenes and a hand on them, for whoever sits at this machine. */
export function controlRoutes(
  app: FastifyInstance,
  { people, storyteller, director, feeds, inviteLink, play, forget }: ControlDeps,
): void {
  onlyFromThisMachine(app);

  app.get('/personas', async () =>
    PERSONAS.map((persona) => ({
      ...described(persona),
      realSeconds:
        persona.steps.reduce(
          (sum, step) => sum + (step.time === 'real' ? step.afterMs : storyteller.realMs(step.afterMs)),
          0,
        ) / 1_000,
    })),
  );

  app.get('/people', async () => people.everybody().map(overview));

  app.post<{ Params: { clientUserId: string } }>('/people/:clientUserId/status', async (request) => {
    const { value, notify } = validated(controlStatusBody, 'payload', request.body);
    const [person] = people.find({ clientUserId: request.params.clientUserId });
    if (!person) throw new Refusal(404, 'There is no user with this clientUserId.');
    storyteller.override(person, value, notify);
    return overview(person);
  });

  // Apart from the list: who has the link acts as this person.
  app.get<{ Params: { clientUserId: string } }>('/people/:clientUserId/invitation', async (request) => {
    const [person] = people.find({ clientUserId: request.params.clientUserId });
    if (!person) throw new Refusal(404, 'There is no user with this clientUserId.');
    return { inviteLink: inviteLink(person) };
  });

  app.get('/scenario', async () => shownScenario());

  app.route({
    method: ['PUT', 'POST'],
    url: '/scenario',
    handler: async (request) => {
      try {
        play(request.body ?? {});
      } catch (error) {
        throw error instanceof ScenarioFault ? asRefusal(error) : error;
      }
      return shownScenario();
    },
  });

  app.delete('/scenario', async () => {
    play(null);
    return shownScenario();
  });

  app.post('/feed', async (request) => {
    const { on } = validated(controlFeedBody, 'payload', request.body);
    for (const feed of feeds) feed.turn(on);
    return shownScenario();
  });

  app.post('/reset', async (_request, reply) => {
    forget();
    return reply.code(204).send();
  });

  function shownScenario() {
    return { ...director.described(), feeds: feeds.map(({ url, isOn }) => ({ to: url.origin, on: isOn })) };
  }
}

function asRefusal({ message, faults }: ScenarioFault): Refusal {
  const keys = faults.map(({ key }) => key);
  return new Refusal(400, `The scenario is not as expected, and the one before goes on. ${message}`, {
    source: 'payload',
    keys,
  });
}

/** A person without anything personal. */
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
