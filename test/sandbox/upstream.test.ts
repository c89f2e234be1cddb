import { noJournal } from '../../sandbox/journal';
import { emptyState } from '../../sandbox/state';
import { CLIENT, DAY_MS, field, generalError, MINUTE_MS, startSandbox, validationError } from './fixture';

const USERS = '/admin/api/v1/users';
const REPORTS = '/data/v1/human/medical/reports';
const PERSON = {
  clientUserId: 'POL-1',
  clientUserEmail: 'eager@example.org',
  autoInvite: true,
  firstName: 'Max',
  lastName: 'Example',
  dateOfBirth: '1968-02-29T00:00:00.000Z',
  suggestedSources: ['Starfleet Medical'],
};
/** When eager becomes Syncing. */
const SYNCING_MS = 10 * MINUTE_MS;

describe('tokens', () => {
  it('are minted for the right credentials', async () => {
    const { mintClient } = await startSandbox();
    expect(await mintClient()).toMatchObject({
      status: 200,
      body: {
        client_token: expect.any(String),
        expires_in: 86_400,
        token_type: 'Bearer',
        refresh_token: expect.any(String),
      },
    });
  });

  it.each([
    ['admin', { client_secret: 'other', type: 'client' }, 401, null],
    ['admin', { client_id: 'other', type: 'client' }, 401, null],
    ['connect', { client_secret: 'other', type: 'access', client_user_id: 'POL-1' }, 401, null],
    ['admin', { type: 'access' }, 400, ['type']],
    ['admin', { type: 'client', scope: 'x' }, 400, ['scope']],
    ['admin', { type: 'client', client_id: undefined, client_secret: undefined }, 400, ['client_id', 'client_secret']],
    ['connect', { type: 'access' }, 400, ['client_user_id']],
    ['connect', { type: 'client', client_user_id: 'POL-1' }, 400, ['type']],
  ])('of %s with %j are rejected with %d', async (host, details, status, keys) => {
    const { call } = await startSandbox();
    const answer = await call('POST', `/auth/v1/${host}/token`, { json: { ...CLIENT, ...details } });
    const body = keys ? validationError('payload', keys) : generalError(status);
    expect([answer.status, answer.body]).toEqual([status, body]);
  });

  it('for access require a connected source and end with the person', async () => {
    const { invite, mintAccess, clock, call, users } = await startSandbox();
    expect((await mintAccess('POL-1')).status).toBe(403);
    const humanId = await invite('POL-1', 'eager@example.org');
    clock.advance(SYNCING_MS - 1);
    expect((await mintAccess('POL-1')).body).toEqual(generalError(403));
    clock.advance(1);
    const token = field(await mintAccess('POL-1'), 'access_token');
    expect((await call('GET', REPORTS, { token })).status).toBe(200);
    await users('DELETE', `/${humanId}`);
    expect((await mintAccess('POL-1')).status).toBe(403);
    expect((await call('GET', REPORTS, { token })).body).toEqual(generalError(401));
  });

  it('expire, and are valid on their own host only', async () => {
    const { clock, clientToken, call, invite, accessToken } = await startSandbox({ tokenLifetimeSeconds: 60 });
    await invite('POL-1', 'eager@example.org');
    clock.advance(SYNCING_MS);
    const [client, access] = [await clientToken(), await accessToken('POL-1')];
    for (const token of [access, 'client-made-up', 'constructor', undefined]) {
      expect((await call('GET', USERS, token ? { token } : {})).body).toEqual(generalError(401));
    }
    for (const token of [client, 'access-made-up']) expect((await call('GET', REPORTS, { token })).status).toBe(401);
    clock.advance(59_999);
    expect((await call('GET', USERS, { token: client })).status).toBe(200);
    clock.advance(1);
    expect((await call('GET', USERS, { token: client })).body).toEqual(generalError(401));
  });
});

describe('an invitation', () => {
  const person = {
    clientUserId: 'POL-1',
    firstName: 'Max',
    lastName: 'Example',
    dateOfBirth: '1968-02-29T00:00:00.000Z',
    humanId: expect.stringMatching(/^[0-9a-f]{32}$/),
    suggestedSources: ['Starfleet Medical'],
    createdAt: '2030-03-01T09:00:00.000Z',
    updatedAt: '2030-03-01T09:00:00.000Z',
    status: 'Invited',
    inviteLink: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/invitation\/[0-9a-f]{40}$/),
  };

  it('answers 202 with one object or 201 with an array, by persona or by the setting', async () => {
    const { users } = await startSandbox();
    const single = await users('POST', '', PERSON);
    expect([single.status, single.body]).toEqual([202, person]);
    const other = { ...PERSON, clientUserId: 'POL-2', clientUserEmail: 'pharmacy@example.org' };
    const array = await users('POST', '', other);
    expect([array.status, array.body]).toEqual([
      201,
      [{ ...person, clientUserId: 'POL-2', clientUserEmail: 'pharmacy@example.org' }],
    ]);
    const fixed = await startSandbox({ createAnswer: 'array' });
    expect((await fixed.users('POST', '', PERSON)).status).toBe(201);
  });

  it.each([
    [{ clientUserId: undefined }, ['clientUserId']],
    [{ clientUserEmail: undefined, autoInvite: undefined }, ['clientUserEmail', 'autoInvite']],
    [{ autoInvite: 'true', clientUserEmail: 'canary' }, ['clientUserEmail', 'autoInvite']],
    [{ suggestedSources: [1] }, ['suggestedSources.0']],
    [{ ssn: '1', phone: '2' }, ['ssn', 'phone']],
    ...[
      '2/13/68',
      '13.2.1968',
      '',
      '1968-02-13',
      '1968-02-13T00:00:00Z',
      '1968-02-13T00:00:00.000+00:00',
      -59_270_400_000,
    ]
      .concat(['1968-02-30T00:00:00.000Z', '1900-02-29T00:00:00.000Z', ' 1968-02-29T00:00:00.000Z'])
      .map((dateOfBirth) => [{ dateOfBirth }, ['dateOfBirth']] as [object, string[]]),
  ])('with %j is rejected, naming the keys and not their values', async (details, keys) => {
    const { users } = await startSandbox();
    const { status, body } = await users('POST', '', { ...PERSON, ...details });
    expect([status, body]).toEqual([400, validationError('payload', keys)]);
    // Without the request id, whose random digits may spell a year.
    const { 'x-humanapi-request-id': _id, ...rest } = body as Record<string, unknown>;
    expect(JSON.stringify(rest)).not.toMatch(/canary|2\.1968|1968-02/);
    expect((await users('GET')).body).toEqual([]);
  });

  it('must be a JSON object', async () => {
    const { call, clientToken, users } = await startSandbox();
    expect((await users('POST', '', [PERSON])).body).toEqual(validationError('payload', ['value']));
    expect((await users('POST')).body).toEqual(validationError('payload', ['value']));
    const token = await clientToken();
    const text = JSON.stringify(PERSON);
    const plain = await call('POST', USERS, { token, raw: { type: 'text/plain', text } });
    expect([plain.status, plain.body]).toEqual([415, generalError(415)]);
    const broken = await call('POST', USERS, { token, raw: { type: 'application/json', text: text.slice(1) } });
    expect([broken.status, broken.body]).toEqual([400, generalError(400)]);
  });

  it('of a taken clientUserId is a 409, with the same or another e-mail', async () => {
    const { users } = await startSandbox();
    await users('POST', '', PERSON);
    for (const clientUserEmail of [PERSON.clientUserEmail, 'partial@example.org']) {
      expect((await users('POST', '', { ...PERSON, clientUserEmail })).body).toEqual(generalError(409));
    }
    expect((await users('GET')).body).toHaveLength(1);
  });

  it('with autoInvite false starts no script and lists no e-mail, but its link works', async () => {
    const { create, advance, call, people } = await startSandbox();
    const { inviteLink } = await create('POL-1', 'eager@example.org', { autoInvite: false });
    await advance(DAY_MS);
    expect(await people()).toMatchObject([{ status: 'Invited' }]);
    expect((await call('GET', '/invitation/outbox')).body).toEqual([]);
    await call('POST', `${new URL(inviteLink).pathname}/open`, { json: {} });
    expect(await people()).toMatchObject([{ status: 'Engaged' }]);
  });
});

describe('a look-up', () => {
  it('finds by clientUserId and humanId, without the invite link; unknown people are an empty list', async () => {
    const { invite, users } = await startSandbox();
    const humanId = await invite('POL-1', 'eager@example.org');
    const dates = { createdAt: '2030-03-01T09:00:00.000Z', updatedAt: '2030-03-01T09:00:00.000Z' };
    const row = { clientUserId: 'POL-1', clientUserEmail: 'eager@example.org', humanId, status: 'Invited', ...dates };
    const other = await invite('POL-2', 'silent@example.org');
    for (const query of ['clientUserId=POL-1', `humanId=${humanId}`, `humanId=${humanId}&clientUserId=POL-1`])
      expect((await users('GET', `?${query}`)).body).toEqual([row]);
    for (const query of ['clientUserId=pol-1', 'humanId=POL-1', `humanId=${other}&clientUserId=POL-1`])
      expect(await users('GET', `?${query}`)).toMatchObject({ status: 200, body: [] });
  });

  it('pages through a thousand people, each once, without deleted people', async () => {
    const saved = { state: emptyState(), journal: noJournal };
    await (await startSandbox({ saved })).invite('POL-0', 'silent@example.org');
    const [first] = saved.state.people;
    for (let number = 1; number < 1_000 && first; number += 1)
      saved.state.people.push({ ...first, clientUserId: `POL-${number}`, humanId: String(number).padStart(32, '0') });
    const { users } = await startSandbox({ saved });
    await users('DELETE', `/${'7'.padStart(32, '0')}`);
    const ids: string[] = [];
    for (let offset = 0; ; offset += 50) {
      const page = (await users('GET', `?offset=${offset}`)).body as { clientUserId: string }[];
      ids.push(...page.map(({ clientUserId }) => clientUserId));
      if (page.length < 50) break;
    }
    const numbers = Array.from({ length: 1_000 }, (_, number) => number).filter((number) => number !== 7);
    expect(ids).toEqual(numbers.map((number) => `POL-${number}`));
  });

  it('of one person has the current status and no invite link', async () => {
    const { invite, users, clock } = await startSandbox();
    const humanId = await invite('POL-1', 'eager@example.org');
    clock.advance(4 * MINUTE_MS);
    const dates = { createdAt: '2030-03-01T09:00:00.000Z', updatedAt: '2030-03-01T09:04:00.000Z' };
    const person = {
      clientUserId: 'POL-1',
      clientUserEmail: 'eager@example.org',
      humanId,
      status: 'Engaged',
      ...dates,
    };
    expect((await users('GET', `/${humanId}`)).body).toEqual(person);
  });

  it('of an unknown person or path is a 404 with the request id of its header', async () => {
    const { users } = await startSandbox();
    for (const path of ['/0123456789abcdef0123456789abcdef', '/a/b']) {
      const { body, headers } = await users('GET', path);
      expect(body).toEqual({ ...generalError(404), 'x-humanapi-request-id': headers.get('x-humanapi-request-id') });
    }
  });

  it.each(['offset=-1', 'limit=5', 'clientUserId='])('with %s is rejected', async (query) => {
    const { users } = await startSandbox();
    expect((await users('GET', `?${query}`)).body).toEqual(validationError('query', [query.split('=')[0] ?? '']));
  });
});

test('a deletion is permanent, stops the script and frees the clientUserId', async () => {
  const { invite, users, advance, notified } = await startSandbox();
  const humanId = await invite('POL-1', 'eager@example.org');
  await advance(4 * MINUTE_MS);
  const { status, bytes } = await users('DELETE', `/${humanId}`);
  expect([status, bytes.length]).toEqual([200, 0]);
  expect((await users('DELETE', `/${humanId}`)).status).toBe(404);
  const second = await invite('POL-1', 'silent@example.org');
  expect(second).not.toBe(humanId);
  await advance(DAY_MS);
  expect(notified()).toEqual(['Engaged']);
  expect((await users('GET', '?clientUserId=POL-1')).body).toMatchObject([{ humanId: second }]);
  expect((await users('GET', `?humanId=${humanId}`)).body).toEqual([]);
  expect((await users('GET', `/${humanId}`)).status).toBe(404);
});
