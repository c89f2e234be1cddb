import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Actions } from '../actions';
import { ErrorAnswer } from '../error-answer';
import { readAssets } from '../invitation/assets';
import { describeCase, describeProviders } from '../invitation/case';
import { demandFor, findProvider, type Provider } from '../invitation/catalogue';
import { requireLoopback } from '../loopback';
import type { People } from '../people';
import { validate } from '../requests';
import type { Organization, Person } from '../state';

/** The login of the vendor's demo providers. */
const LOGIN = { user: 'demouser', password: 'password' };

/** No external or inline content and no frames. No referrer, because the address is a secret. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
  'cache-control': 'no-store',
};

const text = z.string().min(1).max(200);
const emptyBody = z.strictObject({});
const connectBody = z.strictObject({ providers: z.array(text).min(1).max(20), user: z.string(), password: z.string() });
const providerBody = z.strictObject({ provider: text });
const completeBody = providerBody.extend({ consent: z.boolean(), code: z.string() });

interface InvitationDeps {
  readonly people: People;
  readonly actions: Actions;
  readonly inviteLink: (person: Person) => string;
}

type InvitationRoute = { Params: { token: string } };

/** The page of an invitation. Upstream does not document its page: paths and bodies here are the sandbox's own. */
export function invitationRoutes(app: FastifyInstance, { people, actions, inviteLink }: InvitationDeps): void {
  const assets = readAssets();

  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(HEADERS);
  });

  app.get<{ Params: { name: string } }>('/assets/:name', async (request, reply) => {
    const asset = assets.get(request.params.name);
    if (!asset) throw new ErrorAnswer(404, 'No such file.');
    reply.header('cache-control', 'no-cache').header('etag', asset.etag);
    if (request.headers['if-none-match'] === asset.etag) return reply.code(304).send();
    return reply.type(asset.type).send(asset.bytes);
  });

  app.get<InvitationRoute>('/:token', async (request, reply) => {
    const person = findInvitee(request.params.token);
    if (!person) return page(reply.code(404), 'unknown.html');
    return page(reply.code(person.deletedAt === null ? 200 : 410), 'page.html');
  });

  app.get<InvitationRoute>('/:token/case', async (request) => describeCase(requireInvitee(request.params.token)));

  app.get<InvitationRoute>('/:token/providers', async (request) =>
    describeProviders(requireInvitee(request.params.token)),
  );

  action('open', emptyBody, (person) => actions.open(person));

  action('connect', connectBody, (person, { providers, user, password }) => {
    if (user !== LOGIN.user || password !== LOGIN.password) {
      throw new ErrorAnswer(403, 'Wrong user name or password. In this sandbox they are demouser and password.');
    }
    const selected = providers.map(requireProvider);
    actions.connect(
      person,
      selected.map(({ organization, gives, deliversAfterMs, demand }) => ({
        organization,
        gives,
        deliversAfterMs,
        demands: demand !== null,
      })),
    );
  });

  action('complete', completeBody, (person, { provider, consent, code }) => {
    const demand = demandFor(provider);
    if (demand.consent !== null && !consent) throw new ErrorAnswer(403, 'Check the box to continue.');
    if (demand.code !== null && code !== demand.code) throw new ErrorAnswer(403, 'Wrong code.');
    actions.meetDemand(person, connectedOrganization(person, provider));
  });

  action('disconnect', providerBody, (person, { provider }) =>
    actions.disconnectOne(person, connectedOrganization(person, provider)),
  );

  action('decline', emptyBody, (person) => actions.decline(person));

  app.register(async (outbox) => {
    requireLoopback(outbox);
    outbox.get('/', async (_request, reply) => page(reply, 'outbox.html'));
    outbox.get('/outbox', async () => {
      const mailed = people.all().filter(({ autoInvite }) => autoInvite);
      return mailed.map(toLetter).reverse();
    });
  });

  /** A route of one action, which returns the state after it. */
  function action<T>(name: string, schema: z.ZodType<T>, perform: (person: Person, details: T) => void): void {
    app.post<InvitationRoute>(`/:token/${name}`, async (request) => {
      const person = actions.personByToken(request.params.token);
      perform(person, validate(schema, 'payload', request.body));
      return describeCase(person);
    });
  }

  function page(reply: FastifyReply, name: string) {
    const asset = assets.get(name);
    if (!asset) throw new Error(`expected ${name} in the folder of the page`);
    return reply.type(asset.type).send(asset.bytes);
  }

  /** The person of an invitation, deleted people included, because the page explains that the invitation is closed. */
  function findInvitee(token: string): Person | undefined {
    return people.byInvitation(token) ?? people.all().find((person) => person.invitationToken === token);
  }

  function requireInvitee(token: string): Person {
    const person = findInvitee(token);
    if (!person) throw new ErrorAnswer(404, 'This invitation does not exist.');
    return person;
  }

  /** The content of an invitation e-mail, which the sandbox lists instead of sending it. */
  function toLetter(person: Person) {
    return {
      id: person.humanId,
      reference: person.clientUserId,
      status: person.status,
      persona: person.persona,
      isClosed: person.deletedAt !== null,
      invitedAt: person.createdAt,
      link: new URL(inviteLink(person)).pathname,
    };
  }
}

function requireProvider(id: string): Provider {
  const provider = findProvider(id);
  if (!provider) throw new ErrorAnswer(400, 'This provider does not exist.');
  return provider;
}

function connectedOrganization({ sources }: Person, id: string): Organization {
  const source = sources.find(({ organization }) => organization.id === id);
  if (!source) throw new ErrorAnswer(409, 'This provider is no longer connected.');
  return source.organization;
}
