import type { HumanApi } from '../../src/human-api/client';
import { AlreadyExists, NotFound, Unavailable, Undecided, ValidationRejected } from '../../src/human-api/errors';
import { envelope } from './dialects';
import { page, text } from './faults';
import { failureOf, startClient } from './fixture';
import { json } from './recorded-upstream';

const CREATE = 'POST /admin/api/v1/users';
const LOOK_UP = 'GET /admin/api/v1/users';
const INVITATION = { clientUserId: 'POL-2', clientUserEmail: 'eve@example.org' };

const users = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({ humanId: `h${from + index}`, clientUserId: `P-${from + index}` }));

describe('a create', () => {
  it('sends what is known of the person and asks for the e-mail', async () => {
    const { upstream, api } = await startClient();
    const known = { firstName: 'Eve', dateOfBirth: '1990-12-30', suggestedSources: ['Starfleet Medical'] };
    await api.invite({ ...INVITATION, ...known });
    expect(upstream.received.at(-1)?.body).toEqual({ ...INVITATION, ...known, autoInvite: true });
  });

  it.each([
    [
      'ours among others',
      [
        { humanId: 'h1', clientUserId: 'POL-9' },
        { humanId: 'h2', clientUserId: 'POL-2' },
      ],
    ],
    ['the only one, which carries no clientUserId', [{ humanId: 'h2' }]],
    [
      'one object with unknown fields',
      { humanId: 'h2', clientUserId: 'POL-2', consumerLink: 'x', status: 7, updatedAt: 8 },
    ],
  ])('takes %s', async (_, body) => {
    const { upstream, api } = await startClient();
    upstream.answer(CREATE, json(200, body));
    expect(await api.invite(INVITATION)).toMatchObject({ humanId: 'h2', clientUserEmail: null });
  });

  it.each([
    ['nobody', []],
    ["only another's", [{ humanId: 'h1', clientUserId: 'POL-9' }]],
    ['two without a clientUserId', [{ humanId: 'h1' }, { humanId: 'h2' }]],
    ['ours without a humanId', { clientUserId: 'POL-2' }],
    ['ours with a humanId that is none', { clientUserId: 'POL-2', humanId: 'a b' }],
    ['null', null],
  ])('that answers %s is unavailable: it must be looked up', async (_, body) => {
    const { upstream, api } = await startClient();
    upstream.answer(CREATE, json(201, body));
    expect(await failureOf(api.invite(INVITATION))).toBeInstanceOf(Unavailable);
  });

  it('that is refused as invalid tells field names only', async () => {
    const { upstream, api } = await startClient();
    const keys = [
      'dateOfBirth',
      'mallory',
      'suggestedSources[0]',
      'mallory@example.org',
      'firstName.mallory',
      '1990-01-01',
      7,
      ...Array(30).fill('suggestedSources.1'),
    ];
    upstream.answer(CREATE, json(400, envelope('statusCode', 400, keys as string[])));
    const error = (await failureOf(api.invite(INVITATION))) as ValidationRejected;
    expect(error).toBeInstanceOf(ValidationRejected);
    expect(error.keys.slice(0, 4)).toEqual([
      'dateOfBirth',
      'suggestedSources[0]',
      'suggestedSources.1',
      'suggestedSources.1',
    ]);
    expect(error.keys.length).toBeLessThanOrEqual(20);
    upstream.answer(CREATE, json(400, envelope('code', 400)));
    expect(await failureOf(api.invite(INVITATION))).toMatchObject({ kind: 'validation', keys: [] });
  });

  it('409 means that the person may exist', async () => {
    const { upstream, api } = await startClient();
    upstream.answer(CREATE, json(409, envelope('code', 409)));
    expect(await failureOf(api.invite(INVITATION))).toBeInstanceOf(AlreadyExists);
  });
});

describe('a look-up', () => {
  it('of one short page is one call', async () => {
    const { upstream, api } = await startClient();
    expect(await api.findUsers({ clientUserId: 'POL-1' })).toHaveLength(1);
    expect(upstream.calls(LOOK_UP)).toBe(1);
  });

  it('follows full pages by the number received until a short one', async () => {
    const { upstream, api } = await startClient();
    upstream.answer(LOOK_UP, json(200, [...users(49), null]));
    upstream.answer(LOOK_UP, json(200, users(3, 100)));
    expect(await api.findUsers({ clientUserId: 'POL-1' })).toHaveLength(52);
    expect(upstream.received.map(({ query }) => query.get('offset'))).toEqual([null, '50']);
  });

  it.each([
    ['an empty page', json(200, [])],
    ['a 404 in an envelope', json(404, envelope('code', 404))],
    ['the same page again', json(200, users(50))],
  ])('ends at %s', async (_, end) => {
    const { upstream, api } = await startClient();
    upstream.answer(LOOK_UP, json(200, users(50)));
    upstream.answer(LOOK_UP, end);
    expect(await api.findUsers({ clientUserId: 'POL-1' })).toHaveLength(50);
    expect(upstream.calls(LOOK_UP)).toBe(2);
  });

  it('that finds whom it seeks in a list of everybody looks no further', async () => {
    const { upstream, api } = await startClient();
    upstream.answer(LOOK_UP, json(200, users(50)));
    expect(
      (await api.findUsers({ clientUserId: 'P-7' })).filter(({ clientUserId }) => clientUserId === 'P-7'),
    ).toHaveLength(1);
    expect(upstream.calls(LOOK_UP)).toBe(1);
  });

  it('without end could not find out', async () => {
    const { upstream, api } = await startClient();
    for (let page = 0; page < 30; page++) upstream.answer(LOOK_UP, json(200, users(50, page * 50)));
    expect(await failureOf(api.findUsers({ clientUserId: 'POL-1' }))).toBeInstanceOf(Unavailable);
    expect(upstream.calls(LOOK_UP)).toBe(20);
  });

  it('drops an element without a humanId', async () => {
    const { upstream, api } = await startClient();
    upstream.answer(LOOK_UP, json(200, [null, 'x', { clientUserId: 'POL-1' }, { humanId: 'h1' }]));
    expect(await api.findUsers({ clientUserId: 'POL-1' })).toEqual([
      { humanId: 'h1', clientUserId: null, clientUserEmail: null, status: '', updatedAt: null },
    ]);
  });

  it.each([[[{ clientUserId: 'POL-1' }]], [[null]], [{ users: [] }], [null]])(
    'of %j could not find out',
    async (body) => {
      const { upstream, api } = await startClient();
      upstream.answer(LOOK_UP, json(200, body));
      expect(await failureOf(api.findUsers({ clientUserId: 'POL-1' }))).toBeInstanceOf(Unavailable);
    },
  );
});

describe('a user read by humanId', () => {
  it.each([
    ['with no status', (humanId: string) => ({ humanId, orders: [] }), ''],
    ['with an unknown status', (humanId: string) => ({ humanId, status: 'Paused' }), 'Paused'],
    ['in an array', (humanId: string) => [{ humanId, status: 'Invited' }], 'Invited'],
    ['that does not repeat the humanId', () => ({ status: 'Invited' }), 'Invited'],
    ['with a status of a page', (humanId: string) => ({ humanId, status: 'x'.repeat(9_999) }), 'x'.repeat(200)],
  ])('may come %s', async (_, body, status) => {
    const { upstream, api, humanId } = await startClient();
    upstream.answer(`GET /admin/api/v1/users/${humanId}`, json(200, body(humanId)));
    expect(await api.readUser(humanId)).toMatchObject({ humanId, status });
  });

  it("is never another's", async () => {
    const { upstream, api, humanId } = await startClient();
    upstream.answer(`GET /admin/api/v1/users/${humanId}`, json(200, { humanId: 'h1', status: 'Declined' }));
    expect(await failureOf(api.readUser(humanId))).toBeInstanceOf(Unavailable);
  });
});

describe('a deletion', () => {
  it.each([200, 202, 204])('is done with %d, whatever comes with it', async (status) => {
    const { upstream, api, humanId } = await startClient();
    upstream.answer(`DELETE /admin/api/v1/users/${humanId}`, text(status, status === 204 ? '' : 'OK'));
    expect(await api.deleteUser(humanId)).toBe('deleted');
  });

  it('of somebody gone answers 404 with an envelope', async () => {
    const { upstream, api, humanId } = await startClient();
    upstream.answer(`DELETE /admin/api/v1/users/${humanId}`, json(404, envelope('statusCode', 404)));
    expect(await api.deleteUser(humanId)).toBe('already-gone');
  });

  it('is not believed of a page, nor of another status', async () => {
    const { upstream, api, humanId } = await startClient();
    for (const answer of [page(404), text(203, ''), text(206, '')]) {
      upstream.answer(`DELETE /admin/api/v1/users/${humanId}`, answer);
      expect(await failureOf(api.deleteUser(humanId))).toBeInstanceOf(Unavailable);
    }
  });
});

/** What gateways and frameworks answer by default, and what upstream's envelopes look like with a request id that is none. */
const GATEWAYS: [string, (status: number) => unknown][] = [
  ['NestJS', (statusCode) => ({ statusCode, error: 'Not Found', message: 'Cannot GET /api/v1/users' })],
  ['hapi', (statusCode) => ({ statusCode, error: 'Not Found', message: 'Not Found' })],
  ['a gateway', (code) => ({ code, message: 'Not Found' })],
  ['an empty id', (code) => ({ ...envelope('code', code), 'x-humanapi-request-id': '' })],
  ['an id of another form', (code) => ({ ...envelope('code', code), 'x-humanapi-request-id': 'req-1' })],
];

describe('whose word a refusal is', () => {
  const calls = (humanId: string): [string, (api: HumanApi) => Promise<unknown>][] => [
    [LOOK_UP, (api) => api.findUsers({ humanId })],
    [LOOK_UP, (api) => api.listUsers(0)],
    [`GET /admin/api/v1/users/${humanId}`, (api) => api.readUser(humanId)],
    [`DELETE /admin/api/v1/users/${humanId}`, (api) => api.deleteUser(humanId)],
  ];

  it.each(GATEWAYS)(
    'a 404 in the default form of %s decides about nobody, and the error says what to do',
    async (_, body) => {
      const { upstream, api, humanId } = await startClient();
      for (const [call, ask] of calls(humanId)) {
        upstream.answer(call, json(404, body(404)));
        const error = await failureOf(ask(api));
        expect([call, error]).toEqual([call, expect.any(Undecided)]);
        expect(error.message).toContain('404 without x-humanapi-request-id');
        expect(error.message).toContain('HUMAN_API_ENVELOPES=lenient');
      }
    },
  );

  it.each(GATEWAYS)('a 400 in the default form of %s does not make the details invalid', async (_, body) => {
    const { upstream, api } = await startClient();
    upstream.answer(CREATE, json(400, body(400)));
    const error = await failureOf(api.invite(INVITATION));
    expect(error).toBeInstanceOf(Undecided);
    expect(error.message).toContain('400 without x-humanapi-request-id');
  });

  it.each([
    ['an empty one', text(404, '')],
    ["a proxy's page", page(404)],
    ['another JSON', json(404, { message: 'no Route matched' })],
  ])('a 404 that is %s is nobody, and the error says where to look', async (_, answer) => {
    const { upstream, api, humanId } = await startClient();
    for (const [call, ask] of calls(humanId)) {
      upstream.answer(call, answer);
      const error = await failureOf(ask(api));
      expect([call, error]).toEqual([call, expect.any(Undecided)]);
      expect(error.message).toMatch(/HUMAN_API_ADMIN_URL|HUMAN_API_ENVELOPES/);
    }
  });

  it.each(['b3b7c1de-0000-4000-8000-000000000001', 'B3B7C1DE000040008000000000000001'])(
    'a request id may be written as %s',
    async (id) => {
      const { upstream, api, humanId } = await startClient();
      const body = { ...envelope('code', 404), 'x-humanapi-request-id': id };
      for (const [call, ask] of calls(humanId).slice(2)) {
        upstream.answer(call, json(404, body));
        expect(await ask(api).catch((error: unknown) => error)).toEqual(
          call.startsWith('DELETE') ? 'already-gone' : expect.any(NotFound),
        );
      }
    },
  );

  it('lenient is for an upstream that leaves the id out: any of its envelopes counts, and an empty 404 to a deletion', async () => {
    const { upstream, api, humanId } = await startClient({ envelopes: 'lenient' });
    const bare = json(404, { code: 404, error: 'Not Found', message: 'Not Found' });
    const [user, deletion] = [`GET /admin/api/v1/users/${humanId}`, `DELETE /admin/api/v1/users/${humanId}`];
    for (const call of [LOOK_UP, user, deletion]) upstream.answer(call, bare);
    expect(await api.findUsers({ humanId })).toEqual([]);
    expect(await failureOf(api.readUser(humanId))).toBeInstanceOf(NotFound);
    expect(await api.deleteUser(humanId)).toBe('already-gone');
    upstream.answer(deletion, text(404, ''));
    expect(await api.deleteUser(humanId)).toBe('already-gone');
    upstream.answer(user, page(404));
    expect(await failureOf(api.readUser(humanId))).toBeInstanceOf(Undecided);
    upstream.answer(CREATE, json(400, { code: 400, error: 'Bad Request', message: 'x' }));
    expect(await failureOf(api.invite(INVITATION))).toBeInstanceOf(ValidationRejected);
  });
});
