import { noJournal } from '../../sandbox/journal';
import { emptyState } from '../../sandbox/state';
import { field, generalError, startSandbox, validationError } from './fixture';

const USERS = '/admin/api/v1/users';
const FULL = {
  clientUserId: 'POL-1',
  clientUserEmail: 'eager@example.org',
  autoInvite: true,
  firstName: 'Max',
  lastName: 'Example',
  dateOfBirth: '1968-02-13T00:00:00.000Z',
  suggestedSources: ['Starfleet Medical'],
};

async function setup(options: Parameters<typeof startSandbox>[0] = {}) {
  const started = await startSandbox(options);
  const token = await started.clientToken();
  const create = (json: unknown) => started.call('POST', USERS, { token, json });
  const get = (path: string) => started.call('GET', USERS + path, { token });
  return { ...started, token, create, get };
}

/** The error body without its request id, because random digits may spell a year. */
const withoutRequestId = (body: unknown) => JSON.stringify({ ...(body as object), 'x-humanapi-request-id': '' });

describe('inviting', () => {
  const invited = {
    clientUserId: 'POL-1',
    humanId: expect.stringMatching(/^[0-9a-f]{32}$/),
    firstName: 'Max',
    lastName: 'Example',
    dateOfBirth: '1968-02-13T00:00:00.000Z',
    suggestedSources: ['Starfleet Medical'],
    createdAt: '2030-03-01T09:00:00.000Z',
    updatedAt: '2030-03-01T09:00:00.000Z',
    status: 'Invited',
    inviteLink: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/invitation\/[0-9a-f]{40}$/),
  };

  it('answers 202 with one object where the persona says so', async () => {
    const { create } = await setup();
    const { status, body } = await create(FULL);
    expect(status).toBe(202);
    expect(body).toEqual(invited);
  });

  it('answers 201 with an array where the persona says so', async () => {
    const { create } = await setup();
    const { status, body } = await create({ ...FULL, clientUserEmail: 'pharmacy@example.org' });
    expect(status).toBe(201);
    expect(body).toEqual([{ ...invited, clientUserEmail: 'pharmacy@example.org' }]);
  });

  it('answers in one form throughout when told to', async () => {
    const { create } = await setup({ createAnswer: 'array' });
    expect((await create(FULL)).status).toBe(201);
  });

  it.each([
    [{ ...FULL, clientUserId: undefined }, ['clientUserId']],
    [{ ...FULL, clientUserEmail: undefined }, ['clientUserEmail']],
    [{ ...FULL, autoInvite: undefined }, ['autoInvite']],
    [{ ...FULL, autoInvite: 'true' }, ['autoInvite']],
    [{ ...FULL, clientUserEmail: 'nobody' }, ['clientUserEmail']],
    [{ ...FULL, suggestedSources: [1] }, ['suggestedSources.0']],
    [{ ...FULL, ssn: '1', phone: '2' }, ['ssn', 'phone']],
    [[FULL], ['value']],
    [undefined, ['value']],
  ])('names the keys at fault, not their values (%#)', async (json, keys) => {
    const { create, get } = await setup();
    const { status, body } = await create(json);
    expect(status).toBe(400);
    expect(body).toEqual(validationError('payload', keys));
    expect(withoutRequestId(body)).not.toMatch(/nobody|1968/);
    expect((await get('')).body).toEqual([]);
  });

  it('refuses every date of birth that is not in the one form of the cookbook, or no day', async () => {
    const { create } = await setup();
    const forms = [
      ...['1968-02-13', '2/13/68', '02/13/1968', '13.2.1968', '', '1968-02-13T00:00', '1968-02-13T00:00:00Z'],
      ...['1968-02-13T00:00:00.000+00:00', '1968-02-13T00:00:00.000', '1968-02-13T00:00:00.000000Z'],
      ...['1968-02-30T00:00:00.000Z', '1900-02-29T00:00:00.000Z', ' 1968-02-13T00:00:00.000Z', -59_270_400_000],
    ];
    for (const dateOfBirth of forms) {
      const { status, body } = await create({ ...FULL, dateOfBirth });
      expect([dateOfBirth, status, body]).toEqual([dateOfBirth, 400, validationError('payload', ['dateOfBirth'])]);
      expect(withoutRequestId(body)).not.toContain('1968');
    }
    for (const dateOfBirth of ['1968-02-29T00:00:00.000Z', '2026-11-29T23:59:59.999Z']) {
      const { body } = await create({ ...FULL, clientUserId: dateOfBirth, dateOfBirth });
      expect(body).toMatchObject({ dateOfBirth });
    }
  });

  it('reads JSON only', async () => {
    const { call, token } = await setup();
    const text = JSON.stringify(FULL);
    const typed = await call('POST', USERS, { token, raw: { type: 'text/plain', text } });
    expect([typed.status, typed.body]).toEqual([415, generalError(415)]);
    const broken = await call('POST', USERS, { token, raw: { type: 'application/json', text: text.slice(1) } });
    expect([broken.status, broken.body]).toEqual([400, generalError(400)]);
  });

  it.each([
    ['the same', FULL.clientUserEmail],
    ['another', 'partial@example.org'],
  ])('refuses a clientUserId that is taken, with %s e-mail', async (_, clientUserEmail) => {
    const { create, get } = await setup();
    await create(FULL);
    const { status, body } = await create({ ...FULL, clientUserEmail });
    expect([status, body]).toEqual([409, generalError(409)]);
    expect((await get('')).body).toHaveLength(1);
  });

  it('mails no one with autoInvite false: no story begins and no letter lies in the outbox, yet the inviteLink works', async () => {
    const { create, clock, get, call } = await setup();
    const link = new URL(field(await create({ ...FULL, autoInvite: false }), 'inviteLink')).pathname;
    clock.advance(6 * 3_600_000);
    expect((await get('?clientUserId=POL-1')).body).toMatchObject([{ status: 'Invited' }]);
    expect((await call('GET', '/invitation/outbox')).body).toEqual([]);
    expect((await call('POST', `${link}/open`, { json: {} })).status).toBe(200);
    expect((await get('?clientUserId=POL-1')).body).toMatchObject([{ status: 'Engaged' }]);
  });
});

describe('looking up', () => {
  it('finds by clientUserId and by humanId, and nobody is an empty list', async () => {
    const { invite, get } = await setup();
    const humanId = await invite('POL-1', 'eager@example.org');
    const other = await invite('POL-2', 'silent@example.org');
    const found = [expect.objectContaining({ clientUserId: 'POL-1', clientUserEmail: 'eager@example.org', humanId })];
    expect((await get('?clientUserId=POL-1')).body).toEqual(found);
    expect((await get(`?humanId=${humanId}`)).body).toEqual(found);
    expect((await get(`?humanId=${humanId}&clientUserId=POL-1`)).body).toEqual(found);
    for (const query of ['?clientUserId=pol-1', '?humanId=POL-1', `?humanId=${other}&clientUserId=POL-1`]) {
      const { status, body } = await get(query);
      expect([status, body]).toEqual([200, []]);
    }
  });

  it('gives the people in pages of fifty', async () => {
    const { create, get } = await setup();
    const ids = Array.from({ length: 53 }, (_, index) => `POL-${index}`);
    for (const clientUserId of ids) await create({ ...FULL, clientUserId });
    const pages = [(await get('')).body, (await get('?offset=50')).body, (await get('?offset=53')).body] as {
      clientUserId: string;
    }[][];
    expect(pages.map((page) => page.length)).toEqual([50, 3, 0]);
    expect(pages.flat().map(({ clientUserId }) => clientUserId)).toEqual(ids);
  });

  it('pages through thousands, deleted ones left out, each exactly once', async () => {
    const state = emptyState();
    const { invite } = await setup({ memory: { state, journal: noJournal } });
    await invite('POL-0', 'silent@example.org');
    const [first] = state.people;
    if (!first) throw new Error('expected the invited person');
    for (let number = 1; number < 5_000; number += 1)
      state.people.push({ ...first, clientUserId: `POL-${number}`, humanId: String(number).padStart(32, '0') });
    const grown = await setup({ memory: { state, journal: noJournal } });
    await grown.call('DELETE', `${USERS}/${'7'.padStart(32, '0')}`, { token: grown.token });
    const seen: string[] = [];
    for (let offset = 0; ; offset += 50) {
      const page = (await grown.get(`?offset=${offset}`)).body as { clientUserId: string }[];
      if (page.length === 0) break;
      seen.push(...page.map(({ clientUserId }) => clientUserId));
    }
    expect(seen).toHaveLength(4_999);
    expect(new Set(seen).size).toBe(4_999);
    expect(seen).not.toContain('POL-7');
  });

  it.each([
    ['?offset=-1', 'offset'],
    ['?limit=5', 'limit'],
    ['?clientUserId=', 'clientUserId'],
  ])('refuses %s', async (query, key) => {
    const { get } = await setup();
    const { status, body } = await get(query);
    expect([status, body]).toEqual([400, validationError('query', [key])]);
  });

  it('reads one person back, without the invite link', async () => {
    const { invite, get, clock } = await setup();
    const humanId = await invite('POL-1', 'eager@example.org');
    clock.advance(4 * 60_000);
    const { status, body } = await get(`/${humanId}`);
    expect(status).toBe(200);
    expect(body).toEqual({
      clientUserId: 'POL-1',
      clientUserEmail: 'eager@example.org',
      humanId,
      createdAt: '2030-03-01T09:00:00.000Z',
      updatedAt: '2030-03-01T09:04:00.000Z',
      status: 'Engaged',
    });
  });

  it('answers 404 in the general form for a person and a path that are not there', async () => {
    const { get } = await setup();
    for (const path of ['/0123456789abcdef0123456789abcdef', '/a/b']) {
      const { status, body, headers } = await get(path);
      expect([status, body]).toEqual([404, generalError(404)]);
      const id = headers.get('x-humanapi-request-id');
      expect(body).toMatchObject({ 'x-humanapi-request-id': id });
    }
  });
});

describe('deleting', () => {
  it('is empty, for good, and stops the story', async () => {
    const { invite, call, token, get, clock, receiver, sandbox } = await setup();
    const humanId = await invite('POL-1', 'eager@example.org');
    clock.advance(4 * 60_000);
    const { status, bytes } = await call('DELETE', `${USERS}/${humanId}`, { token });
    expect([status, bytes.length]).toEqual([200, 0]);
    expect((await get(`/${humanId}`)).status).toBe(404);
    expect((await get('?clientUserId=POL-1')).body).toEqual([]);
    expect((await get(`?humanId=${humanId}`)).body).toEqual([]);
    expect((await call('DELETE', `${USERS}/${humanId}`, { token })).status).toBe(404);
    clock.advance(86_400_000);
    await sandbox.close();
    expect(receiver.received).toHaveLength(1);
  });

  it('frees the clientUserId for a new person', async () => {
    const { invite, call, token, get } = await setup();
    const first = await invite('POL-1', 'eager@example.org');
    await call('DELETE', `${USERS}/${first}`, { token });
    const second = await invite('POL-1', 'eager@example.org');
    expect(second).not.toBe(first);
    expect((await get('?clientUserId=POL-1')).body).toMatchObject([{ humanId: second }]);
    expect((await get(`/${first}`)).status).toBe(404);
  });
});
