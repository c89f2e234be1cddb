import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseScenario, readScenario, ScenarioFault } from '../../sandbox/scenario/parse';
import { startSandbox, validationError } from './fixture';

const SCENARIO = '/control/scenario';
const MINUTE_MS = 60_000;

/** Ten people are invited, looked up and followed to their end under many faults at once; gives the log and what arrived. */
async function lived(seed: string) {
  const started = await startSandbox({
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
  const token = await started.clientToken();
  for (let number = 0; number < 10; number += 1) {
    const json = { clientUserId: `POL-${number}`, clientUserEmail: 'eager@example.org', autoInvite: true };
    await started.call('POST', '/admin/api/v1/users', { token, json });
    for (let time = 0; time < 4; time += 1)
      await started.call('GET', `/admin/api/v1/users?clientUserId=POL-${number}`, { token });
    started.clock.advance(10 * MINUTE_MS);
    await started.sandbox.idle();
  }
  started.clock.advance(600 * MINUTE_MS);
  await started.sandbox.close();
  // Where the webhook listens is not the sandbox's to say.
  const lines = started.logged.map(([event, fields]) => ({ event, ...fields, to: undefined }));
  // The sandbox sends the next copy after the answer to the one before, so the order of notices depends on the machine.
  const log = lines.filter(({ event }) => event !== 'notice');
  const notices = lines
    .filter(({ event }) => event === 'notice')
    .map((line) => JSON.stringify(line))
    .toSorted();
  const bodies = started.receiver.received.map(({ raw }) => raw).toSorted();
  return { log, notices, bodies };
}

describe('a seed', () => {
  it('gives the same log, ids and notices every time, and another one gives others', async () => {
    const [one, again, other] = [await lived('a'), await lived('a'), await lived('b')];
    expect(one.log.filter(({ event }) => event === 'fault').length).toBeGreaterThan(10);
    expect(one.log.filter(({ event }) => event === 'notice-fault').length).toBeGreaterThan(5);
    expect(again).toEqual(one);
    const hits = ({ log }: typeof one) => log.map(({ event }) => event);
    expect(hits(other)).not.toEqual(hits(one));
  });

  it('that nobody gave is logged, so that it can be given the next time', async () => {
    const { logged, call } = await startSandbox();
    const seed = logged.find(([event]) => event === 'scenario')?.[1]?.['seed'];
    expect(seed).toMatch(/^[0-9a-f]{16}$/);
    expect((await call('GET', SCENARIO)).body).toMatchObject({ seed });
  });

  it('does not tell a token of an invitation', async () => {
    const link = async () => {
      const { call, clientToken } = await startSandbox({ seed: 'a' });
      const json = { clientUserId: 'POL-1', clientUserEmail: 'eager@example.org', autoInvite: true };
      return (await call('POST', '/admin/api/v1/users', { token: await clientToken(), json })).body;
    };
    const [one, other] = (await Promise.all([link(), link()])) as { humanId: string; inviteLink: string }[];
    expect(one?.humanId).toBe(other?.humanId);
    expect(one?.inviteLink.split('/').at(-1)).not.toBe(other?.inviteLink.split('/').at(-1));
  });
});

describe('the scenario over the control surface', () => {
  it('is replaced, shown with what came of it, and taken back', async () => {
    const { call, clientToken } = await startSandbox();
    const token = await clientToken();
    const json = { faults: [{ on: 'look-up', fault: 'status', status: 500, calls: [2] }] };
    expect((await call('PUT', SCENARIO, { json })).status).toBe(200);
    const lookUp = async () => (await call('GET', '/admin/api/v1/users', { token })).status;
    expect([await lookUp(), await lookUp(), await lookUp()]).toEqual([200, 500, 200]);
    expect((await call('GET', SCENARIO)).body).toMatchObject({ faults: [{ fault: 'status', seen: 3, bitten: 1 }] });
    expect((await call('DELETE', SCENARIO)).body).toMatchObject({ faults: [] });
    expect([await lookUp(), await lookUp()]).toEqual([200, 200]);
  });

  it('says who lives as what, whatever the e-mail says', async () => {
    const { call, invite } = await startSandbox();
    const personas = [
      { clientUserId: 'POL-1', persona: 'silent' },
      { clientUserId: 'POL-*', persona: 'broken' },
    ];
    await call('PUT', SCENARIO, { json: { personas } });
    for (const id of ['POL-1', 'POL-2', 'CASE-3']) await invite(id, 'several@example.org');
    const { body } = await call('GET', '/control/people');
    expect((body as { persona: string }[]).map(({ persona }) => persona)).toEqual(['silent', 'broken', 'several']);
  });

  it('makes the stories run faster from now on, those that wait as well', async () => {
    const { call, invite, clock, clientToken } = await startSandbox();
    const humanId = await invite('POL-1', 'declines@example.org');
    const status = async () => {
      const { body } = await call('GET', `/admin/api/v1/users/${humanId}`, { token: await clientToken() });
      return (body as { status: string }).status;
    };
    // A third of the nine minutes until Engaged has passed.
    clock.advance(3 * MINUTE_MS);
    await call('PUT', SCENARIO, { json: { speed: 60, longestWait: '4s' } });
    // Nine minutes are cut to four seconds, of which two thirds are left; then come six.
    clock.advance(2_600);
    expect(await status()).toBe('Invited');
    clock.advance(100);
    expect(await status()).toBe('Engaged');
    clock.advance(4_000);
    expect(await status()).toBe('Declined');
  });

  it('names every fault of a scenario, and goes on with the one before', async () => {
    const { call } = await startSandbox();
    await call('PUT', SCENARIO, { json: { seed: 'good' } });
    const { status, body } = await call('PUT', SCENARIO, { json: { speed: 0, sped: 1 } });
    expect([status, body]).toEqual([400, validationError('payload', ['speed', 'sped'])]);
    expect((await call('GET', SCENARIO)).body).toMatchObject({ seed: 'good' });
  });

  it('forgets everybody, tokens too, on a reset, and counts anew', async () => {
    const { call, invite, clock, clientToken, sandbox, receiver } = await startSandbox({
      scenario: { faults: [{ on: 'look-up', fault: 'status', status: 500, calls: [1] }] },
    });
    await invite('POL-1', 'eager@example.org');
    const old = await clientToken();
    const lookUp = async (token: string) => (await call('GET', '/admin/api/v1/users', { token })).status;
    expect([await lookUp(old), await lookUp(old)]).toEqual([500, 200]);
    expect((await call('POST', '/control/reset')).status).toBe(204);
    expect((await call('GET', '/control/people')).body).toEqual([]);
    expect(await lookUp(old)).toBe(401);
    expect(await lookUp(await clientToken())).toBe(500);
    clock.advance(600 * MINUTE_MS);
    await sandbox.idle();
    expect(receiver.received).toEqual([]);
  });
});

describe('a scenario that cannot be played', () => {
  const faultsOf = (document: unknown) => {
    try {
      parseScenario(document);
    } catch (error) {
      if (error instanceof ScenarioFault) return error.message.split('\n');
    }
    return [];
  };

  it.each([
    [{ faults: [{ on: 'create', fault: 'explode' }] }, ['faults[0].fault: expected one of commit-then-drop, status, ']],
    [{ faults: [{ on: 'nap', fault: 'reset' }] }, ['faults[0].on: expected any, one of token, access-token, create, ']],
    [{ faults: [{ fault: 'reset' }] }, ['faults[0].on: expected any, one of token, ']],
    [
      { faults: [{ on: 'any', fault: 'stall', for: '5 s' }] },
      ['faults[0].for: expected a duration above zero, as 250ms'],
    ],
    [
      { faults: [{ on: 'any', fault: 'reset', rate: 1.5 }] },
      ['faults[0].rate: too big: expected number to be <=1, 1.5 came'],
    ],
    [
      { faults: [{ on: 'any', fault: 'reset', rate: 1, calls: [1] }] },
      ['faults[0].rate: expected either calls or rate, '],
    ],
    [{ faults: [{ on: 'any', fault: 'reset', retryAfter: '1s' }] }, ['faults[0].retryAfter: unknown key']],
    [{ notices: [{ fault: 'lose' }] }, ['notices[0].fault: expected one of drop, delay, ']],
    [
      { personas: [{ clientUserId: 'A', persona: 'eagre' }] },
      ['personas[0].persona: invalid option: expected one of "eager"'],
    ],
    [{ speed: 'fast', colour: 1 }, ['speed: ', 'colour: unknown key']],
    [[], ['invalid input: expected object, received array']],
  ])('says what is wrong with %j', (document, expected) => {
    const faults = faultsOf(document);
    expect(faults).toHaveLength(expected.length);
    for (const [index, fault] of faults.entries()) expect(fault).toContain(expected[index]);
  });

  it('says that a file is no JSON, or is not there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'scenario-'));
    const file = join(folder, 'scenario.json');
    expect(() => readScenario(file)).toThrow('expected a readable file, ENOENT came');
    writeFileSync(file, '{"seed": }');
    expect(() => readScenario(file)).toThrow(/expected JSON: Unexpected token '}'/);
    rmSync(folder, { recursive: true });
  });
});
