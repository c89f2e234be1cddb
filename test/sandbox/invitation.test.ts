import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { generalError, HOUR_MS, startSandbox, validationError } from './fixture';

const STARFLEET_MEDICAL = '70c1e5a94bd2f8360e9a7d14';
const LOGIN = { user: 'demouser', password: 'password' };

/** Invites a person. */
async function setup(email = 'silent@example.org', details: object = {}) {
  const sandbox = await startSandbox();
  const { humanId, inviteLink } = await sandbox.create('POL-1', email, details);
  const path = new URL(inviteLink).pathname;
  const act = (action: string, body: object = {}) => sandbox.call('POST', `${path}/${action}`, { json: body });
  const remove = () => sandbox.users('DELETE', `/${humanId}`);
  const readCase = async () => (await sandbox.call('GET', `${path}/case`)).body;
  return { ...sandbox, path, act, remove, readCase };
}

describe('the page of an invitation', () => {
  it('loads nothing from elsewhere and is not cached', async () => {
    const { call, path } = await setup();
    const { status, headers, bytes } = await call('GET', path);
    expect(status).toBe(200);
    const policy = headers.get('content-security-policy');
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(policy).not.toMatch(/unsafe|http|\*/);
    expect([headers.get('referrer-policy'), headers.get('cache-control')]).toEqual(['no-referrer', 'no-store']);
    expect(bytes.toString()).not.toMatch(/(src|href)="(?!\/invitation\/assets\/|#)|<script>|style="/);
  });

  it('has assets with an etag, and no other file of the folder is served', async () => {
    const { call, sandbox } = await setup();
    const files = readdirSync(join(__dirname, '../../sandbox/invitation'));
    const answers = await Promise.all(files.map((name) => call('GET', `/invitation/assets/${name}`)));
    const served = files.filter((_, index) => answers[index]?.status === 200);
    expect(served).toEqual(files.filter((name) => !/\.ts$|^tsconfig/.test(name)));
    expect((await call('GET', '/invitation/assets/..%2fserver.ts')).status).toBe(404);
    const url = '/invitation/assets/page.mjs';
    const { headers } = await sandbox.app.inject({ url });
    const cached = await sandbox.app.inject({ url, headers: { 'if-none-match': String(headers['etag']) } });
    expect([cached.statusCode, cached.body]).toEqual([304, '']);
  });

  it('is a 404 page for an unknown token, and an error for its calls', async () => {
    const { call } = await setup();
    const { status, bytes } = await call('GET', '/invitation/unknown');
    expect([status, bytes.toString()]).toEqual([404, expect.stringContaining('This invitation cannot be found')]);
    expect((await call('GET', '/invitation/unknown/case')).body).toEqual(generalError(404));
    expect((await call('POST', '/invitation/unknown/decline', { json: {} })).body).toEqual(generalError(404));
  });

  it('stays after a deletion, as ended or declined, without actions', async () => {
    const { call, path, act, remove, readCase } = await setup();
    await remove();
    expect((await call('GET', path)).status).toBe(410);
    expect(await readCase()).toMatchObject({ phase: 'ended' });
    expect((await act('connect', { providers: [STARFLEET_MEDICAL], ...LOGIN })).status).toBe(404);
    const declined = await setup();
    await declined.act('decline');
    await declined.remove();
    expect(await declined.readCase()).toMatchObject({ phase: 'declined' });
  });
});

describe('an action by hand', () => {
  it('changes the status at once and delivers later', async () => {
    const { act, advance, notified } = await setup('silent@example.org', { firstName: 'Maxwell' });
    expect((await act('open')).body).toEqual({
      phase: 'open',
      firstName: 'Maxwell',
      reference: 'POL-1',
      status: 'Engaged',
      playedBy: null,
      connections: [],
    });
    const provider = { id: STARFLEET_MEDICAL, name: 'Starfleet Medical', kind: 'hospital', demand: null };
    expect((await act('connect', { providers: [STARFLEET_MEDICAL], ...LOGIN })).body).toMatchObject({
      status: 'Syncing',
      connections: [{ ...provider, state: 'retrieving', reports: 0 }],
    });
    await advance(HOUR_MS);
    expect(notified()).toEqual(['Engaged', 'Syncing', 'unity', 'ccdraw', 'All Synced']);
  });

  it('ends the script of the persona, which the page shows until then', async () => {
    const { act, readCase, clock } = await setup('eager@example.org');
    expect(await readCase()).toMatchObject({ status: 'Invited', playedBy: 'eager' });
    await act('open');
    clock.advance(HOUR_MS);
    expect(await readCase()).toMatchObject({ status: 'Engaged', playedBy: null });
    const untouched = await setup('eager@example.org');
    untouched.clock.advance(HOUR_MS);
    expect(await untouched.readCase()).toMatchObject({
      status: 'All Synced',
      connections: [{ state: 'delivered', reports: 2 }],
    });
  });

  it.each([
    ['a wrong password', { providers: [STARFLEET_MEDICAL], user: 'demouser', password: 'canary' }, generalError(403)],
    ['an unknown provider', { providers: ['elsewhere'], ...LOGIN }, generalError(400)],
    ['an invalid body', { providers: [], user: 'canary', password: 'x' }, validationError('payload', ['providers'])],
  ])('with %s changes nothing', async (_, body, error) => {
    const { act, readCase } = await setup();
    const answer = await act('connect', body);
    expect(answer.body).toEqual(error);
    expect(JSON.stringify(answer.body)).not.toContain('canary');
    expect(await readCase()).toMatchObject({ status: 'Invited', connections: [] });
  });

  it('disconnects single providers; the last makes the status Disconnected', async () => {
    const { act, call, path } = await setup();
    const { body } = await call('GET', `${path}/providers`);
    const ids = (body as { id: string }[]).slice(0, 2).map(({ id }) => id);
    await act('connect', { providers: ids, ...LOGIN });
    expect((await act('disconnect', { provider: ids[0] })).body).toMatchObject({ status: 'Syncing' });
    expect((await act('disconnect', { provider: ids[0] })).status).toBe(409);
    expect((await act('disconnect', { provider: ids[1] })).body).toMatchObject({ status: 'Disconnected' });
  });
});

test('the providers that the carrier suggested are marked', async () => {
  const { call, path } = await setup('silent@example.org', { suggestedSources: [' starfleet medical', 'Elsewhere'] });
  const { body } = await call('GET', `${path}/providers`);
  const suggested = (body as { name: string; suggested: boolean }[]).filter((provider) => provider.suggested);
  expect(suggested.map(({ name }) => name)).toEqual(['Starfleet Medical']);
});

test('the list of invitations has no personal data except links, and only this machine can read it', async () => {
  const { call, invite, path, sandbox } = await setup('silent-canary@example.org', { firstName: 'Canary' });
  await invite('POL-2', 'eager@example.org');
  const { body, bytes } = await call('GET', '/invitation/outbox');
  expect(body).toMatchObject([{ reference: 'POL-2' }, { reference: 'POL-1', persona: 'silent', link: path }]);
  expect(bytes.toString().toLowerCase()).not.toContain('canary');
  const statusOf = async (url: string) => (await sandbox.app.inject({ url, remoteAddress: '192.0.2.7' })).statusCode;
  expect(await Promise.all(['/invitation', '/invitation/outbox', path].map(statusOf))).toEqual([404, 404, 200]);
});
