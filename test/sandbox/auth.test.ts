import { CLIENT, field, generalError, startSandbox, validationError } from './fixture';

const SYNCING_MS = 10 * 60_000;

describe('tokens', () => {
  it('gives a client token for the right credentials', async () => {
    const { mintClient } = await startSandbox();
    const { status, body } = await mintClient();
    expect(status).toBe(200);
    expect(body).toEqual({
      client_token: expect.any(String),
      expires_in: 86_400,
      token_type: 'Bearer',
      refresh_token: expect.any(String),
    });
  });

  it.each([
    ['/auth/v1/admin/token', { ...CLIENT, client_secret: 'other', type: 'client' }],
    ['/auth/v1/admin/token', { ...CLIENT, client_id: 'other', type: 'client' }],
    ['/auth/v1/connect/token', { ...CLIENT, client_secret: 'other', type: 'access', client_user_id: 'POL-1' }],
  ])('refuses wrong credentials at %s', async (path, json) => {
    const { call } = await startSandbox();
    const { status, body } = await call('POST', path, { json });
    expect(status).toBe(401);
    expect(body).toEqual(generalError(401));
  });

  it.each([
    ['/auth/v1/admin/token', { ...CLIENT, type: 'access' }, ['type']],
    ['/auth/v1/admin/token', { ...CLIENT, type: 'client', scope: 'x' }, ['scope']],
    ['/auth/v1/admin/token', { type: 'client' }, ['client_id', 'client_secret']],
    ['/auth/v1/connect/token', { ...CLIENT, type: 'access' }, ['client_user_id']],
    ['/auth/v1/connect/token', { ...CLIENT, type: 'client', client_user_id: 'POL-1' }, ['type']],
  ])('names the keys at fault at %s', async (path, json, keys) => {
    const { call } = await startSandbox();
    const { status, body } = await call('POST', path, { json });
    expect(status).toBe(400);
    expect(body).toEqual(validationError('payload', keys));
  });

  it('refuses an access token until the person has connected a source, and after deletion', async () => {
    const { invite, mintAccess, clock, call, clientToken } = await startSandbox();
    expect((await mintAccess('POL-1')).status).toBe(403);
    const humanId = await invite('POL-1', 'eager@example.org');
    clock.advance(SYNCING_MS - 1);
    expect((await mintAccess('POL-1')).body).toEqual(generalError(403));
    clock.advance(1);
    const { status, body } = await mintAccess('POL-1');
    expect(status).toBe(200);
    expect(body).toMatchObject({ access_token: expect.any(String), expires_in: 86_400, token_type: 'Bearer' });
    await call('DELETE', `/admin/api/v1/users/${humanId}`, { token: await clientToken() });
    expect((await mintAccess('POL-1')).status).toBe(403);
  });

  it('lets tokens really expire', async () => {
    const { clock, clientToken, call } = await startSandbox({ tokenLifetimeSeconds: 60 });
    const token = await clientToken();
    clock.advance(59_999);
    expect((await call('GET', '/admin/api/v1/users', { token })).status).toBe(200);
    clock.advance(1);
    const { status, body } = await call('GET', '/admin/api/v1/users', { token });
    expect(status).toBe(401);
    expect(body).toEqual(generalError(401));
  });

  it('takes each kind of token at its own host only, and none that nobody minted', async () => {
    const { call, clientToken, invite, clock, accessToken } = await startSandbox();
    await invite('POL-1', 'eager@example.org');
    clock.advance(SYNCING_MS);
    const [client, access] = [await clientToken(), await accessToken('POL-1')];
    for (const token of [access, 'client-made-up', 'constructor']) {
      expect((await call('GET', '/admin/api/v1/users', { token })).status).toBe(401);
    }
    for (const token of [client, 'access-made-up']) {
      expect((await call('GET', '/data/v1/human/medical/reports', { token })).status).toBe(401);
    }
    expect((await call('GET', '/admin/api/v1/users')).body).toEqual(generalError(401));
  });

  it('ends the access tokens of a person with the person', async () => {
    const { call, clientToken, invite, clock, mintAccess } = await startSandbox();
    const humanId = await invite('POL-1', 'eager@example.org');
    clock.advance(SYNCING_MS);
    const token = field(await mintAccess('POL-1'), 'access_token');
    expect((await call('GET', '/data/v1/human/medical/reports', { token })).status).toBe(200);
    await call('DELETE', `/admin/api/v1/users/${humanId}`, { token: await clientToken() });
    expect((await call('GET', '/data/v1/human/medical/reports', { token })).body).toEqual(generalError(401));
  });
});
