import { generalError, startSandbox, validationError } from './fixture';

const STATUS = '/control/people/POL-1/status';
const DAY_MS = 86_400_000;

describe('the control surface', () => {
  it('shows everybody, deleted ones too, without anything personal', async () => {
    const { invite, call, clientToken } = await startSandbox();
    const gone = await invite('POL-1', 'eager+canary@example.org', { firstName: 'Canary' });
    await call('DELETE', `/admin/api/v1/users/${gone}`, { token: await clientToken() });
    const humanId = await invite('POL-1', 'silent-canary@example.org', { lastName: 'Canary' });
    const { body, bytes } = await call('GET', '/control/people');
    const rest = { updatedAt: expect.any(String), reports: 0, notices: { delivered: 0, failed: 0 } };
    expect(body).toEqual([
      { clientUserId: 'POL-1', humanId: gone, persona: 'eager', status: 'Invited', deleted: true, ...rest },
      { clientUserId: 'POL-1', humanId, persona: 'silent', status: 'Invited', deleted: false, ...rest },
    ]);
    expect(bytes.toString().toLowerCase()).not.toContain('canary');
  });

  it('sets a status, which ends the script, and tells the webhook', async () => {
    const { invite, call, clock, sandbox, receiver, mintAccess } = await startSandbox();
    await invite('POL-1', 'eager@example.org');
    expect((await mintAccess('POL-1')).status).toBe(403);
    const { status, body } = await call('POST', STATUS, { json: { value: 'Some Synced' } });
    expect([status, body]).toEqual([200, expect.objectContaining({ status: 'Some Synced' })]);
    expect((await mintAccess('POL-1')).status).toBe(200);
    clock.advance(DAY_MS);
    await sandbox.close();
    expect(receiver.received.map((notice) => notice.body)).toEqual([expect.objectContaining({ value: 'Some Synced' })]);
  });

  it('sets a status silently, also one that nobody knows', async () => {
    const { invite, call, clientToken, sandbox, receiver } = await startSandbox();
    const humanId = await invite('POL-1', 'silent@example.org');
    await call('POST', STATUS, { json: { value: 'Pondering', notify: false } });
    const { body } = await call('GET', `/admin/api/v1/users/${humanId}`, { token: await clientToken() });
    expect(body).toMatchObject({ status: 'Pondering' });
    await sandbox.close();
    expect(receiver.received).toEqual([]);
  });

  it('refuses what is not there or not understood', async () => {
    const { invite, call } = await startSandbox();
    expect((await call('POST', STATUS, { json: { value: 'Error' } })).body).toEqual(generalError(404));
    await invite('POL-1', 'silent@example.org');
    expect((await call('POST', STATUS, { json: { notify: 1 } })).body).toEqual(
      validationError('payload', ['value', 'notify']),
    );
  });

  it('lists the personas with what must come of each', async () => {
    const { call } = await startSandbox();
    const { body } = await call('GET', '/control/personas');
    expect(body).toHaveLength(17);
    expect(body).toContainEqual({
      name: 'pharmacy',
      summary: expect.any(String),
      outcome: 'collected',
      providers: 1,
      documents: 2,
      olderDocuments: 0,
      laterDocuments: 0,
      storyMinutes: 22,
      realSeconds: 22 * 60,
    });
  });

  it('is there for this machine only', async () => {
    const { sandbox } = await startSandbox();
    const from = async (remoteAddress: string) =>
      (await sandbox.app.inject({ url: '/control/people', remoteAddress })).statusCode;
    expect(await Promise.all(['127.0.0.1', '::1', '::ffff:127.0.0.1', '192.0.2.7', '2001:db8::7'].map(from))).toEqual([
      200, 200, 200, 404, 404,
    ]);
  });
});
