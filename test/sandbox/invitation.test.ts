import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { field, generalError, startSandbox, validationError } from './fixture';
import { noticesOf } from './receiver';

const STARFLEET_MEDICAL = '70c1e5a94bd2f8360e9a7d14';
const LOGIN = { user: 'demouser', password: 'password' };
const HOUR_MS = 3_600_000;

/** Somebody invited, with the path of their invitation. */
async function setup(email = 'silent@example.org', details: object = {}) {
  const sandbox = await startSandbox();
  const token = await sandbox.clientToken();
  const json = { clientUserId: 'POL-1', clientUserEmail: email, autoInvite: true, ...details };
  const { body } = await sandbox.call('POST', '/admin/api/v1/users', { token, json });
  const person = { body: Array.isArray(body) ? body[0] : body };
  const path = new URL(field(person, 'inviteLink')).pathname;
  const act = (action: string, details: object = {}) => sandbox.call('POST', `${path}/${action}`, { json: details });
  const remove = () => sandbox.call('DELETE', `/admin/api/v1/users/${field(person, 'humanId')}`, { token });
  return { ...sandbox, path, act, remove, look: async () => (await sandbox.call('GET', `${path}/case`)).body };
}

describe('the page of an invitation', () => {
  it('comes with a policy that lets nothing in from elsewhere, and is kept by nobody', async () => {
    const { call, path } = await setup();
    const { status, headers, bytes } = await call('GET', path);
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe|http|\*/);
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(bytes.toString()).not.toMatch(/(src|href)="(?!\/invitation\/assets\/|#)|<script>|style="/);
  });

  it('serves each of its files once to a browser that kept it, and nothing else of its folder', async () => {
    const { call, sandbox } = await setup();
    const files = readdirSync(join(__dirname, '../../sandbox/invitation'));
    const answers = await Promise.all(files.map((name) => call('GET', `/invitation/assets/${name}`)));
    const served = files.filter((_, at) => answers[at]?.status === 200);
    expect(served).toEqual(files.filter((name) => !/\.ts$|^tsconfig/.test(name)));
    expect((await call('GET', '/invitation/assets/..%2fserver.ts')).status).toBe(404);
    const url = '/invitation/assets/page.mjs';
    const { headers } = await sandbox.app.inject({ url });
    const again = await sandbox.app.inject({ url, headers: { 'if-none-match': String(headers['etag']) } });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  });

  it('answers an unknown token with a clean page, and its calls with an error', async () => {
    const { call } = await setup();
    const { status, bytes } = await call('GET', '/invitation/nobody');
    expect([status, bytes.toString()]).toEqual([404, expect.stringContaining('This invitation cannot be found')]);
    expect((await call('GET', '/invitation/nobody/case')).body).toEqual(generalError(404));
    expect((await call('POST', '/invitation/nobody/decline', { json: {} })).body).toEqual(generalError(404));
  });

  it('stays a page after the person is deleted, says that it is over and takes no more actions', async () => {
    const { call, path, act, remove, look } = await setup();
    await remove();
    expect((await call('GET', path)).status).toBe(410);
    expect(await look()).toMatchObject({ phase: 'ended' });
    expect((await act('connect', { providers: [STARFLEET_MEDICAL], ...LOGIN })).status).toBe(404);
  });

  it('keeps telling of a refusal after the person is deleted because of it', async () => {
    const { act, remove, look } = await setup();
    await act('decline');
    await remove();
    expect(await look()).toMatchObject({ phase: 'declined' });
  });
});

describe('what an invited person does on the page', () => {
  it('moves the status at once and brings the reports after it', async () => {
    const { act, clock, sandbox, receiver } = await setup('silent@example.org', { firstName: 'Maxwell' });
    expect((await act('open')).body).toEqual({
      phase: 'open',
      firstName: 'Maxwell',
      reference: 'POL-1',
      status: 'Engaged',
      playedBy: null,
      connections: [],
    });
    const { body } = await act('connect', { providers: [STARFLEET_MEDICAL], ...LOGIN });
    const connection = { id: STARFLEET_MEDICAL, name: 'Starfleet Medical', kind: 'hospital', demand: null };
    expect(body).toMatchObject({
      status: 'Syncing',
      connections: [{ ...connection, state: 'retrieving', reports: 0 }],
    });
    clock.advance(HOUR_MS);
    await sandbox.idle();
    const told = noticesOf(receiver.received).map(({ value, type }) => value ?? type);
    expect(told).toEqual(['Engaged', 'Syncing', 'unity', 'ccdraw', 'All Synced']);
  });

  it('takes over from a persona with the first action, and tells which one acts until then', async () => {
    const { act, look, clock } = await setup('eager@example.org');
    expect(await look()).toMatchObject({ status: 'Invited', playedBy: 'eager' });
    await act('open');
    clock.advance(HOUR_MS);
    expect(await look()).toMatchObject({ status: 'Engaged', playedBy: null });
  });

  it('shows live what a persona does that nobody took over from', async () => {
    const { look, clock } = await setup('eager@example.org');
    clock.advance(HOUR_MS);
    expect(await look()).toMatchObject({ status: 'All Synced', connections: [{ state: 'delivered', reports: 2 }] });
  });

  it.each([
    ['a wrong password', { providers: [STARFLEET_MEDICAL], user: 'demouser', password: 'guess' }, 403],
    ['a provider that nobody knows', { providers: ['elsewhere'], ...LOGIN }, 400],
  ])('refuses %s and changes nothing', async (_what, details, status) => {
    const { act, look } = await setup();
    const refused = await act('connect', details);
    expect([refused.status, refused.body]).toEqual([status, generalError(status)]);
    expect(await look()).toMatchObject({ status: 'Invited', connections: [] });
  });

  it('names the keys of a form that is not as expected, never their values', async () => {
    const { act } = await setup();
    const { body } = await act('connect', { providers: [], user: 'canary', password: 'canary' });
    expect(body).toEqual(validationError('payload', ['providers']));
    expect(JSON.stringify(body)).not.toContain('canary');
  });

  it('goes on with the other providers when one is disconnected, and is Disconnected without the last', async () => {
    const { act, call, path } = await setup();
    const { body } = await call('GET', `${path}/providers`);
    const ids = (body as { id: string }[]).slice(0, 2).map(({ id }) => id);
    await act('connect', { providers: ids, ...LOGIN });
    expect((await act('disconnect', { provider: ids[0] })).body).toMatchObject({ status: 'Syncing' });
    expect((await act('disconnect', { provider: ids[0] })).status).toBe(409);
    expect((await act('disconnect', { provider: ids[1] })).body).toMatchObject({ status: 'Disconnected' });
  });

  it('marks the providers that the carrier suggested', async () => {
    const { call, path } = await setup('silent@example.org', { suggestedSources: [' starfleet medical', 'Elsewhere'] });
    const { body } = await call('GET', `${path}/providers`);
    const suggested = (body as { name: string; suggested: boolean }[]).filter((provider) => provider.suggested);
    expect(suggested.map(({ name }) => name)).toEqual(['Starfleet Medical']);
  });
});

describe('the list of invitations', () => {
  it('holds the letters that nobody sends, the latest first, and nothing personal but their links', async () => {
    const { call, invite, path } = await setup('silent-canary@example.org', { firstName: 'Canary' });
    await invite('POL-2', 'eager@example.org');
    const { body, bytes } = await call('GET', '/invitation/outbox');
    expect(body).toMatchObject([{ reference: 'POL-2' }, { reference: 'POL-1', persona: 'silent', link: path }]);
    expect(bytes.toString().toLowerCase()).not.toContain('canary');
  });

  it('is there for this machine only, while an invitation is for whoever has its link', async () => {
    const { sandbox, path } = await setup();
    const remoteAddress = '192.0.2.7';
    const from = async (url: string) => (await sandbox.app.inject({ url, remoteAddress })).statusCode;
    expect(await Promise.all(['/invitation', '/invitation/outbox', path].map(from))).toEqual([404, 404, 200]);
  });
});
