import { DAY_MS, generalError, HOUR_MS, MINUTE_MS, startSandbox, validationError } from './fixture';

const STATUS = '/control/people/POL-1/status';
const SCENARIO = '/control/scenario';

describe('the control routes', () => {
  it('list all people, deleted people included, without personal data', async () => {
    const { invite, call, users } = await startSandbox();
    const deleted = await invite('POL-1', 'eager+canary@example.org', { firstName: 'Canary' });
    await users('DELETE', `/${deleted}`);
    const humanId = await invite('POL-1', 'silent-canary@example.org', { lastName: 'Canary' });
    const { body, bytes } = await call('GET', '/control/people');
    const common = {
      status: 'Invited',
      updatedAt: expect.any(String),
      reports: 0,
      notices: { delivered: 0, failed: 0 },
    };
    expect(body).toEqual([
      { clientUserId: 'POL-1', humanId: deleted, persona: 'eager', deleted: true, ...common },
      { clientUserId: 'POL-1', humanId, persona: 'silent', deleted: false, ...common },
    ]);
    expect(bytes.toString().toLowerCase()).not.toContain('canary');
  });

  it('set a status, which ends the script and notifies the webhook', async () => {
    const { invite, call, advance, notified, mintAccess } = await startSandbox();
    await invite('POL-1', 'eager@example.org');
    expect((await mintAccess('POL-1')).status).toBe(403);
    expect((await call('POST', STATUS, { json: { value: 'Some Synced' } })).body).toMatchObject({
      status: 'Some Synced',
    });
    expect((await mintAccess('POL-1')).status).toBe(200);
    await advance(DAY_MS);
    expect(notified()).toEqual(['Some Synced']);
  });

  it('set a status without a notification, even an unknown one', async () => {
    const { invite, call, users, advance, notified } = await startSandbox();
    const humanId = await invite('POL-1', 'silent@example.org');
    await call('POST', STATUS, { json: { value: 'Pondering', notify: false } });
    expect((await users('GET', `/${humanId}`)).body).toMatchObject({ status: 'Pondering' });
    await advance(0);
    expect(notified()).toEqual([]);
  });

  it('reject unknown people and invalid bodies', async () => {
    const { invite, call } = await startSandbox();
    expect((await call('POST', STATUS, { json: { value: 'Error' } })).body).toEqual(generalError(404));
    await invite('POL-1', 'silent@example.org');
    const { body } = await call('POST', STATUS, { json: { notify: 1 } });
    expect(body).toEqual(validationError('payload', ['value', 'notify']));
  });

  it('list the personas with their expected ends', async () => {
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

  it('answer requests of this machine only', async () => {
    const { sandbox } = await startSandbox();
    const statusFor = async (remoteAddress: string) =>
      (await sandbox.app.inject({ url: '/control/people', remoteAddress })).statusCode;
    const addresses = ['127.0.0.1', '::1', '::ffff:127.0.0.1', '192.0.2.7', '2001:db8::7'];
    expect(await Promise.all(addresses.map(statusFor))).toEqual([200, 200, 200, 404, 404]);
  });

  it('reset people, tokens and counts', async () => {
    const faults = [{ on: 'look-up', fault: 'status', status: 500, calls: [1] }];
    const { call, invite, advance, clientToken, people, notified } = await startSandbox({ scenario: { faults } });
    await invite('POL-1', 'eager@example.org');
    const token = await clientToken();
    const lookUp = async (bearer: string) => (await call('GET', '/admin/api/v1/users', { token: bearer })).status;
    expect([await lookUp(token), await lookUp(token)]).toEqual([500, 200]);
    expect((await call('POST', '/control/reset')).status).toBe(204);
    expect(await people()).toEqual([]);
    expect([await lookUp(token), await lookUp(await clientToken())]).toEqual([401, 500]);
    await advance(DAY_MS);
    expect(notified()).toEqual([]);
  });
});

describe('the scenario route', () => {
  it('replaces the scenario, counts its rules and restores the scenario of the start', async () => {
    const { call, users } = await startSandbox();
    const json = { faults: [{ on: 'look-up', fault: 'status', status: 500, calls: [2] }] };
    expect((await call('PUT', SCENARIO, { json })).status).toBe(200);
    const lookUps = async () => [(await users('GET')).status, (await users('GET')).status, (await users('GET')).status];
    expect(await lookUps()).toEqual([200, 500, 200]);
    expect((await call('GET', SCENARIO)).body).toMatchObject({ faults: [{ fault: 'status', seen: 3, bitten: 1 }] });
    expect((await call('DELETE', SCENARIO)).body).toMatchObject({ faults: [] });
    expect(await lookUps()).toEqual([200, 200, 200]);
  });

  it('overrides the persona of the e-mail address', async () => {
    const personas = [
      { clientUserId: 'POL-1', persona: 'silent' },
      { clientUserId: 'POL-*', persona: 'broken' },
    ];
    const { invite, people } = await startSandbox({ scenario: { personas } });
    for (const id of ['POL-1', 'POL-2', 'CASE-3']) await invite(id, 'several@example.org');
    expect((await people()).map(({ persona }) => persona)).toEqual(['silent', 'broken', 'several']);
  });

  it('changes the speed of running waits', async () => {
    const { call, invite, clock, people } = await startSandbox();
    await invite('POL-1', 'declines@example.org');
    // One third of the nine minutes to Engaged passes.
    clock.advance(3 * MINUTE_MS);
    await call('PUT', SCENARIO, { json: { speed: 60, longestWait: '4s' } });
    // Nine minutes become four seconds; two thirds of them remain.
    const statuses = [];
    for (const byMs of [2_600, 100, 4_000]) {
      clock.advance(byMs);
      statuses.push((await people())[0]?.['status']);
    }
    expect(statuses).toEqual(['Invited', 'Engaged', 'Declined']);
  });

  it('names each invalid key and keeps the current scenario', async () => {
    const { call } = await startSandbox({ scenario: { seed: 'good' } });
    const { status, body } = await call('PUT', SCENARIO, { json: { speed: 0, sped: 1 } });
    expect([status, body]).toEqual([400, validationError('payload', ['speed', 'sped'])]);
    expect((await call('GET', SCENARIO)).body).toMatchObject({ seed: 'good' });
  });
});

/** Runs ten people under many faults and returns the log and the notifications. */
async function simulate(seed: string) {
  const { create, users, advance, sandbox, logged, receiver } = await startSandbox({
    scenario: {
      seed,
      personas: [{ clientUserId: 'POL-1*', persona: 'several' }],
      faults: [
        { on: ['look-up', 'read'], fault: 'status', status: 503, rate: 0.4 },
        { on: 'any', fault: 'rate-limit', rate: 0.2, retryAfter: '3s', clientUserId: 'POL-*' },
      ],
      notices: [
        { fault: 'drop', rate: 0.2 },
        { fault: 'duplicate', rate: 0.3 },
      ],
    },
  });
  for (let number = 0; number < 10; number += 1) {
    await create(`POL-${number}`, 'eager@example.org');
    for (let time = 0; time < 4; time += 1) await users('GET', `?clientUserId=POL-${number}`);
    await advance(10 * MINUTE_MS);
  }
  await advance(10 * HOUR_MS);
  await sandbox.close();
  // The port of the webhook differs.
  const lines = logged.map(([event, fields]) => ({ event, ...fields, to: undefined }));
  // Copies are sent one after another, so the order of notifications depends on the machine.
  const sorted = (texts: string[]) => texts.toSorted();
  return {
    log: lines.filter(({ event }) => event !== 'notice'),
    notices: sorted(lines.filter(({ event }) => event === 'notice').map((line) => JSON.stringify(line))),
    bodies: sorted(receiver.received.map(({ raw }) => raw)),
  };
}

describe('a seed', () => {
  it('gives the same log, ids and notifications; another seed gives others', async () => {
    const [first, second, other] = [await simulate('a'), await simulate('a'), await simulate('b')];
    const events = ({ log }: typeof first) => log.map(({ event }) => event);
    expect(events(first).filter((event) => event === 'fault').length).toBeGreaterThan(10);
    expect(events(first).filter((event) => event === 'notice-fault').length).toBeGreaterThan(5);
    expect(second).toEqual(first);
    expect(events(other)).not.toEqual(events(first));
  });

  it('is drawn and logged if none is set', async () => {
    const { logged, call } = await startSandbox();
    const seed = logged.find(([event]) => event === 'scenario')?.[1]?.['seed'];
    expect(seed).toMatch(/^[0-9a-f]{16}$/);
    expect((await call('GET', SCENARIO)).body).toMatchObject({ seed });
  });

  it('does not determine the token of an invitation', async () => {
    const create = async () => (await startSandbox({ seed: 'a' })).create('POL-1', 'eager@example.org');
    const [first, second] = [await create(), await create()];
    expect(first.humanId).toBe(second.humanId);
    expect(first.inviteLink.split('/').at(-1)).not.toBe(second.inviteLink.split('/').at(-1));
  });
});
