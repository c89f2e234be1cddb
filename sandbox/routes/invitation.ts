import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Actions } from '../actions';
import { Refusal } from '../envelopes';
import { readAssets } from '../invitation/assets';
import { caseOf, choiceOf } from '../invitation/case';
import { demandOf, type Provider, providerOf } from '../invitation/catalogue';
import { onlyFromThisMachine } from '../loopback';
import type { People } from '../people';
import { validated } from '../requests';
import type { Organization, Person } from '../state';

/** What every provider of the vendor's own demo lets in. */
const LOGIN = { user: 'demouser', password: 'password' };

/** Nothing from elsewhere, nothing inline, in nobody's frame; the address, which is a secret, goes to nobody. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
  'cache-control': 'no-store',
};

const text = z.string().min(1).max(200);
const nothing = z.strictObject({});
const connection = z.strictObject({ providers: z.array(text).min(1).max(20), user: z.string(), password: z.string() });
const one = z.strictObject({ provider: text });
const answer = one.extend({ consent: z.boolean(), code: z.string() });

interface InvitationDeps {
  readonly people: People;
  readonly actions: Actions;
  /** The address of the page of an invitation. */
  readonly inviteLink: (person: Person) => string;
}

type OfInvitation = { Params: { token: string } };

/** The page on which an invited person says yes or no. Upstream's is not documented: paths and forms here are the sandbox's own. */
export function invitationRoutes(app: FastifyInstance, { people, actions, inviteLink }: InvitationDeps): void {
  const assets = readAssets();

  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(HEADERS);
  });

  app.get<{ Params: { name: string } }>('/assets/:name', async (request, reply) => {
    const asset = assets.get(request.params.name);
    if (!asset) throw new Refusal(404, 'There is no such file.');
    reply.header('cache-control', 'no-cache').header('etag', asset.etag);
    if (request.headers['if-none-match'] === asset.etag) return reply.code(304).send();
    return reply.type(asset.type).send(asset.bytes);
  });

  app.get<OfInvitation>('/:token', async (request, reply) => {
    const person = holderOf(request.params.token);
    if (!person) return page(reply.code(404), 'unknown.html');
    return page(reply.code(person.deletedAt === null ? 200 : 410), 'page.html');
  });

  app.get<OfInvitation>('/:token/case', async (request) => caseOf(require(request.params.token)));

  app.get<OfInvitation>('/:token/providers', async (request) => choiceOf(require(request.params.token)));

  action('open', nothing, (person) => actions.open(person));

  action('connect', connection, (person, { providers, user, password }) => {
    if (user !== LOGIN.user || password !== LOGIN.password) {
      throw new Refusal(403, 'User name and password do not fit. In this sandbox they are demouser and password.');
    }
    const chosen = providers.map(known);
    actions.connect(
      person,
      chosen.map(({ organization, gives, deliversAfterMs, demand }) => ({
        organization,
        gives,
        deliversAfterMs,
        demands: demand !== null,
      })),
    );
  });

  action('complete', answer, (person, { provider, consent, code }) => {
    const demand = demandOf(provider);
    if (demand.consent !== null && !consent) throw new Refusal(403, 'Tick the box to go on.');
    if (demand.code !== null && code !== demand.code) throw new Refusal(403, 'That is not the code that was sent.');
    actions.meetDemand(person, connected(person, provider));
  });

  action('disconnect', one, (person, { provider }) => actions.disconnectOne(person, connected(person, provider)));

  action('decline', nothing, (person) => actions.decline(person));

  app.register(async (outbox) => {
    onlyFromThisMachine(outbox);
    outbox.get('/', async (_request, reply) => page(reply, 'outbox.html'));
    outbox.get('/outbox', async () => mailed().map(letterTo).reverse());
  });

  /** Something that the person does; answered with the case as it is afterwards. */
  function action<T>(name: string, schema: z.ZodType<T>, perform: (person: Person, details: T) => void): void {
    app.post<OfInvitation>(`/:token/${name}`, async (request) => {
      const person = actions.invited(request.params.token);
      perform(person, validated(schema, 'payload', request.body));
      return caseOf(person);
    });
  }

  function page(reply: FastifyReply, name: string) {
    const asset = assets.get(name);
    if (!asset) throw new Error(`expected ${name} beside the invitation's code`);
    return reply.type(asset.type).send(asset.bytes);
  }

  /** Whose invitation it is, or was: somebody deleted is told so, kindly. */
  function holderOf(token: string): Person | undefined {
    return people.byInvitation(token) ?? people.everybody().find((person) => person.invitationToken === token);
  }

  function require(token: string): Person {
    const person = holderOf(token);
    if (!person) throw new Refusal(404, 'There is no such invitation.');
    return person;
  }

  /** The people whom an e-mail was sent to. */
  function mailed(): readonly Person[] {
    return people.everybody().filter(({ autoInvite }) => autoInvite);
  }

  /** What the e-mail of an invitation would say, which here nobody sends. */
  function letterTo(person: Person) {
    return {
      id: person.humanId,
      reference: person.clientUserId,
      status: person.status,
      persona: person.persona,
      isOver: person.deletedAt !== null,
      invitedAt: person.createdAt,
      link: new URL(inviteLink(person)).pathname,
    };
  }
}

function known(id: string): Provider {
  const provider = providerOf(id);
  if (!provider) throw new Refusal(400, 'There is no such provider.');
  return provider;
}

function connected({ sources }: Person, id: string): Organization {
  const source = sources.find(({ organization }) => organization.id === id);
  if (!source) throw new Refusal(409, 'This provider is not connected any more.');
  return source.organization;
}
