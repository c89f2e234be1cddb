import { UNDECIDED } from '../../src/human-api/undecided-reasons';
import { AlreadyExists, NotFound, Unavailable, Undecided, ValidationRejected } from '../../src/upstream/errors';
import type { Upstream } from '../../src/upstream/port';
import { envelope } from './dialects';
import { page, text } from './faults';
import { failureOf, startClient } from './fixture';
import { type Answer, json } from './recorded-upstream';

const CREATE = 'POST /admin/api/v1/users';
const LOOK_UP = 'GET /admin/api/v1/users';
const INVITATION = { clientUserId: 'POL-2', clientUserEmail: 'eve@example.org' };

const users = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({ humanId: `h${from + index}`, clientUserId: `P-${from + index}` }));

describe('a create', () => {
  it("sends the known details, the date in the cookbook's form, and requests the e-mail", async () => {
    const { upstream, api } = await startClient();
    const known = { firstName: 'Eve', suggestedSources: ['Starfleet Medical'] };
    await api.invite({ ...INVITATION, ...known, dateOfBirth: '1968-02-13' });
    const dateOfBirth = '1968-02-13T00:00:00.000Z';
    expect(upstream.received.at(-1)?.body).toEqual({ ...INVITATION, ...known, dateOfBirth, autoInvite: true });
    upstream.answer(CREATE, json(202, { humanId: 'h3', clientUserId: 'POL-2' }));
    await api.invite({ ...INVITATION, dateOfBirth, autoInvite: false });
    expect(upstream.received.at(-1)?.body).toEqual({ ...INVITATION, dateOfBirth, autoInvite: false });
  });

  it('returns a valid link of the invitation, which no other answer has', async () => {
    const { upstream, api } = await startClient();
    const link = 'https://hosted.example.org/invite/1?a=b';
    const linkOf = async (inviteLink: unknown) => {
      upstream.answer(
        CREATE,
        json(202, [
          { humanId: 'h1', clientUserId: 'POL-9' },
          { humanId: 'h2', clientUserId: 'POL-2', inviteLink },
        ]),
      );
      return (await api.invite(INVITATION)).inviteLink;
    };
    expect(await linkOf(link)).toBe(link);
    const invalid = [
      undefined,
      null,
      7,
      {},
      '',
      'hosted.example.org',
      'javascript:x',
      `https://h/${'x'.repeat(2_000)}`,
      'https://h/\n',
      'https://',
    ];
    expect(await Promise.all(invalid.map(linkOf))).toEqual(invalid.map(() => null));
    upstream.answer(LOOK_UP, json(200, [{ humanId: 'h2', clientUserId: 'POL-2', inviteLink: link }]));
    expect(await api.findPeople({ clientUserId: 'POL-2' })).toMatchObject([{ inviteLink: null }]);
  });

  it.each([
    [
      'the person among others',
      [
        { humanId: 'h1', clientUserId: 'POL-9' },
        { humanId: 'h2', clientUserId: 'POL-2' },
      ],
    ],
    ['the only one, without a clientUserId', [{ humanId: 'h2' }]],
    [
      'one object with unknown fields',
      { humanId: 'h2', clientUserId: 'POL-2', consumerLink: 'x', status: 7, updatedAt: 8 },
    ],
  ])('accepts %s', async (_, body) => {
    const { upstream, api } = await startClient();
    upstream.answer(CREATE, json(200, body));
    expect(await api.invite(INVITATION)).toMatchObject({ subjectId: 'h2', email: null });
  });

  it.each([
    ['no one', []],
    ['only another person', [{ humanId: 'h1', clientUserId: 'POL-9' }]],
    ['two without a clientUserId', [{ humanId: 'h1' }, { humanId: 'h2' }]],
    ['the person without a humanId', { clientUserId: 'POL-2' }],
    ['the person with an invalid humanId', { clientUserId: 'POL-2', humanId: 'a b' }],
    ['null', null],
  ])('that answers %s is unavailable, which requires a look-up', async (_, body) => {
    const { upstream, api } = await startClient();
    upstream.answer(CREATE, json(201, body));
    expect(await failureOf(api.invite(INVITATION))).toBeInstanceOf(Unavailable);
  });

  it('that is rejected as invalid names only the fields', async () => {
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

  it('that answers 409 means that the person may exist', async () => {
    const { upstream, api } = await startClient();
    upstream.answer(CREATE, json(409, envelope('code', 409)));
    expect(await failureOf(api.invite(INVITATION))).toBeInstanceOf(AlreadyExists);
  });
});

describe('a look-up', () => {
  it('with one short page is one call', async () => {
    const { upstream, api } = await startClient();
    expect(await api.findPeople({ clientUserId: 'POL-1' })).toHaveLength(1);
    expect(upstream.calls(LOOK_UP)).toBe(1);
  });

  it('follows full pages by the number received until a short one', async () => {
    const { upstream, api } = await startClient();
    upstream.answer(LOOK_UP, json(200, users(50)));
    upstream.answer(LOOK_UP, json(200, users(3, 100)));
    expect(await api.findPeople({ clientUserId: 'P-101' })).toHaveLength(53);
    expect(upstream.received.map(({ query }) => query.get('offset'))).toEqual([null, '50']);
  });

  it.each([
    ['an empty page', json(200, [])],
    ['a 404 in an envelope', json(404, envelope('code', 404))],
    ['the same page again', json(200, users(50))],
    ['a short page', json(200, users(3, 50))],
  ])(
    'that is full of other people, and ends with %s, is not supported, so that no person is created',
    async (_, end) => {
      const { upstream, api } = await startClient();
      upstream.answer(LOOK_UP, json(200, users(50)));
      upstream.answer(LOOK_UP, end);
      expect(await failureOf(api.findPeople({ clientUserId: 'POL-1' }))).toMatchObject({
        why: UNDECIDED.lookUpUnsupported,
      });
      expect(upstream.calls(LOOK_UP)).toBe(2);
    },
  );

  it.each([400, 403, 405, 501])('that is answered %d is not supported', async (status) => {
    const { upstream, api } = await startClient();
    upstream.answer(LOOK_UP, json(status, envelope('code', status)));
    const error = await failureOf(api.findPeople({ clientUserId: 'POL-1' }));
    expect(error).toMatchObject({ why: UNDECIDED.lookUpUnsupported });
    expect(error.message).toContain('docs/real-human-api.md');
  });

  it('with one or two others is an answer by clientUserId, but not by humanId', async () => {
    const { upstream, api } = await startClient();
    upstream.answer(LOOK_UP, json(200, users(2)), 2);
    expect(await api.findPeople({ clientUserId: 'POL-1' })).toHaveLength(2);
    expect(await failureOf(api.findPeople({ subjectId: 'h9' }))).toMatchObject({ why: UNDECIDED.lookUpUnsupported });
  });

  it('that finds the person in a list of all people stops', async () => {
    const { upstream, api } = await startClient();
    upstream.answer(LOOK_UP, json(200, users(50)));
    expect(
      (await api.findPeople({ clientUserId: 'P-7' })).filter(({ clientUserId }) => clientUserId === 'P-7'),
    ).toHaveLength(1);
    expect(upstream.calls(LOOK_UP)).toBe(1);
  });

  it('without end is not supported', async () => {
    const { upstream, api } = await startClient();
    for (let page = 0; page < 30; page++) upstream.answer(LOOK_UP, json(200, users(50, page * 50)));
    expect(await failureOf(api.findPeople({ clientUserId: 'POL-1' }))).toMatchObject({
      why: UNDECIDED.lookUpUnsupported,
    });
    expect(upstream.calls(LOOK_UP)).toBe(20);
  });

  it.each(['null', '"x"', '{"humanId":NaN}', '{"clientUserId":"POL-9"}', '{"humanId":"h\u0000"}'])(
    'finds the person next to the invalid row %s',
    async (bad) => {
      const { upstream, api } = await startClient();
      upstream.answer(LOOK_UP, text(200, `[${bad},{"humanId":"h1","clientUserId":"POL-1"}]`));
      const found = await api.findPeople({ clientUserId: 'POL-1' });
      expect(found).toMatchObject([{ subjectId: 'h1', clientUserId: 'POL-1' }]);
    },
  );

  it.each(['null', '{"humanId":NaN}', '{"clientUserId":"POL-1"}'])(
    'is unavailable if the invalid row %s may be the person',
    async (bad) => {
      const { upstream, api } = await startClient();
      upstream.answer(LOOK_UP, text(200, `[${bad},{"humanId":"h1","clientUserId":"POL-9"}]`));
      expect(await failureOf(api.findPeople({ clientUserId: 'POL-1' }))).toBeInstanceOf(Unavailable);
    },
  );

  it.each([[[{ clientUserId: 'POL-1' }]], [[null]], [{ users: [] }], [null]])('of %j is unavailable', async (body) => {
    const { upstream, api } = await startClient();
    upstream.answer(LOOK_UP, json(200, body));
    expect(await failureOf(api.findPeople({ clientUserId: 'POL-1' }))).toBeInstanceOf(Unavailable);
  });
});

describe('reading a user by humanId', () => {
  it.each([
    ['without a status', (humanId: string) => ({ humanId, orders: [] }), ''],
    ['with an unknown status', (humanId: string) => ({ humanId, status: 'Paused' }), 'Paused'],
    ['in an array', (humanId: string) => [{ humanId, status: 'Invited' }], 'Invited'],
    ['that does not repeat the humanId', () => ({ clientUserId: 'POL-1', status: 'Invited' }), 'Invited'],
    ['with a long status', (humanId: string) => ({ humanId, status: 'x'.repeat(9_999) }), 'x'.repeat(200)],
  ])('accepts one %s', async (_, body, status) => {
    const { upstream, api, humanId } = await startClient();
    upstream.answer(`GET /admin/api/v1/users/${humanId}`, json(200, body(humanId)));
    expect(await api.readStatus(humanId)).toMatchObject({ subjectId: humanId, status });
  });

  it.each([{ humanId: 'h1', status: 'Declined' }, { status: 'error' }, { status: 'error', message: 'x' }, {}])(
    'does not accept %j of another person or a gateway',
    async (body) => {
      const { upstream, api, humanId } = await startClient();
      upstream.answer(`GET /admin/api/v1/users/${humanId}`, json(200, body));
      expect(await failureOf(api.readStatus(humanId))).toBeInstanceOf(Unavailable);
    },
  );
});

describe('a deletion', () => {
  it.each([200, 202, 204])("is confirmed by %d without a body, or with Human API's own JSON", async (status) => {
    const { upstream, api, humanId } = await startClient();
    const bodies =
      status === 204
        ? ['']
        : ['', ' \n', `{"humanId":"${humanId}"}`, JSON.stringify({ ...envelope('code', 0), code: null, error: null })];
    for (const body of bodies) {
      upstream.answer(`DELETE /admin/api/v1/users/${humanId}`, text(status, body));
      expect(await api.withdraw(humanId)).toBe('deleted');
    }
  });

  const error = JSON.stringify({ ...envelope('code', 0), code: null });
  it.each(['OK', '{}', '{"message":"OK"}', '[]', '<html></html>', '{"humanId":"h1"}', error])(
    'is not confirmed by 200 with %s, which a proxy may answer',
    async (body) => {
      const { upstream, api, humanId } = await startClient();
      upstream.answer(`DELETE /admin/api/v1/users/${humanId}`, text(200, body));
      expect(await failureOf(api.withdraw(humanId))).toMatchObject({ why: UNDECIDED.unconfirmedDeletion });
    },
  );

  it('of a deleted person is answered 404 in an envelope', async () => {
    const { upstream, api, humanId } = await startClient();
    upstream.answer(`DELETE /admin/api/v1/users/${humanId}`, json(404, envelope('statusCode', 404)));
    expect(await api.withdraw(humanId)).toBe('already-gone');
  });

  it('is not confirmed by a page or another status', async () => {
    const { upstream, api, humanId } = await startClient();
    for (const answer of [page(404), text(203, ''), text(206, '')]) {
      upstream.answer(`DELETE /admin/api/v1/users/${humanId}`, answer);
      expect(await failureOf(api.withdraw(humanId))).toBeInstanceOf(Unavailable);
    }
  });
});

const BARE = { code: 404, error: 'Not Found', message: 'Not Found' };
/** Default errors of gateways and frameworks, and envelopes without a valid request id. */
const NOT_IDENTIFIED: [string, (status: number) => unknown][] = [
  ['NestJS', (statusCode) => ({ statusCode, error: 'Not Found', message: 'Cannot GET /api/v1/users' })],
  ['hapi', (statusCode) => ({ statusCode, error: 'Not Found', message: 'Not Found' })],
  ['a gateway', (code) => ({ code, message: 'Not Found' })],
  ['an empty request id', (code) => ({ ...envelope('code', code), 'x-humanapi-request-id': '' })],
  ['a malformed request id', (code) => ({ ...envelope('code', code), 'x-humanapi-request-id': 'req-1' })],
];

describe("an error that may be a gateway's", () => {
  const calls = (humanId: string): [string, (api: Upstream) => Promise<unknown>][] => [
    [LOOK_UP, (api) => api.findPeople({ subjectId: humanId })],
    [LOOK_UP, (api) => api.listPeople(0)],
    [`GET /admin/api/v1/users/${humanId}`, (api) => api.readStatus(humanId)],
    [`DELETE /admin/api/v1/users/${humanId}`, (api) => api.withdraw(humanId)],
  ];

  it.each<[string, Answer, string]>([
    ...NOT_IDENTIFIED.map(([name, body]): [string, Answer, string] => [
      name,
      json(404, body(404)),
      '404 without x-humanapi-request-id',
    ]),
    ['no body', text(404, ''), 'HUMAN_API_'],
    ['a page', page(404), 'HUMAN_API_ADMIN_URL'],
    ['other JSON', json(404, { message: 'no Route matched' }), 'HUMAN_API_ADMIN_URL'],
  ])('decides about no person: a 404 with %s, and the error names the remedy', async (_, answer, remedy) => {
    const { upstream, api, humanId } = await startClient();
    for (const [call, make] of calls(humanId)) {
      upstream.answer(call, answer);
      const error = await failureOf(make(api));
      expect([call, error]).toEqual([call, expect.any(Undecided)]);
      expect(error.message).toContain(remedy);
    }
  });

  it.each(NOT_IDENTIFIED)('does not make the details invalid: a 400 with %s', async (_, body) => {
    const { upstream, api } = await startClient();
    upstream.answer(CREATE, json(400, body(400)));
    const error = await failureOf(api.invite(INVITATION));
    expect(error).toBeInstanceOf(Undecided);
    expect(error.message).toContain('400 without x-humanapi-request-id');
  });

  it.each(['b3b7c1de-0000-4000-8000-000000000001', 'B3B7C1DE000040008000000000000001'])(
    "is Human API's own with the request id %s",
    async (id) => {
      const { upstream, api, humanId } = await startClient();
      const answer = json(404, { ...envelope('code', 404), 'x-humanapi-request-id': id });
      upstream.answer(`GET /admin/api/v1/users/${humanId}`, answer);
      expect(await failureOf(api.readStatus(humanId))).toBeInstanceOf(NotFound);
      upstream.answer(`DELETE /admin/api/v1/users/${humanId}`, answer);
      expect(await api.withdraw(humanId)).toBe('already-gone');
    },
  );

  it('counts as its own under `lenient`, and so does an empty 404 to a deletion', async () => {
    const { upstream, api, humanId } = await startClient({ envelopes: 'lenient' });
    const [user, deletion] = [`GET /admin/api/v1/users/${humanId}`, `DELETE /admin/api/v1/users/${humanId}`];
    for (const call of [LOOK_UP, user, deletion]) upstream.answer(call, json(404, BARE));
    expect(await api.findPeople({ subjectId: humanId })).toEqual([]);
    expect(await failureOf(api.readStatus(humanId))).toBeInstanceOf(NotFound);
    expect(await api.withdraw(humanId)).toBe('already-gone');
    upstream.answer(deletion, text(404, ''));
    expect(await api.withdraw(humanId)).toBe('already-gone');
    upstream.answer(user, page(404));
    expect(await failureOf(api.readStatus(humanId))).toBeInstanceOf(Undecided);
    upstream.answer(CREATE, json(400, { code: 400, error: 'Bad Request', message: 'x' }));
    expect(await failureOf(api.invite(INVITATION))).toBeInstanceOf(ValidationRejected);
  });
});
