import { PERSONAS, personaForEmail } from '../../sandbox/personas/catalogue';
import { DAY_MS, generalError, startSandbox } from './fixture';
import { toNotices } from './receiver';

/** The statuses and the number of report notifications of each script. Its documents are counted by test/end-to-end/personas. */
const NOTIFIED: Readonly<Record<string, readonly [statuses: readonly string[], reportNotices: number]>> = {
  eager: [['Engaged', 'Syncing', 'All Synced'], 2],
  declines: [['Engaged', 'Declined'], 0],
  silent: [[], 0],
  partial: [['Engaged', 'Syncing', 'Some Synced'], 2],
  pharmacy: [['Engaged', 'Syncing', 'All Synced'], 1],
  attention: [['Engaged', 'Attn Required', 'Syncing', 'All Synced'], 2],
  broken: [['Engaged', 'Syncing', 'Error'], 0],
  several: [['Engaged', 'Syncing', 'All Synced'], 11],
  disconnects: [['Engaged', 'Syncing', 'Disconnected'], 2],
  reconnects: [['Engaged', 'Syncing', 'Disconnected', 'Syncing', 'All Synced'], 2],
  slow: [['Engaged', 'Syncing', 'All Synced'], 2],
  flips: [['Engaged', 'Syncing', 'Some Synced', 'All Synced'], 3],
  updates: [['Engaged', 'Syncing', 'All Synced'], 3],
  late: [['Engaged', 'Syncing', 'All Synced'], 1],
  bounces: [['Error'], 0],
  'never-existed': [[], 0],
  huge: [['Engaged', 'Syncing', 'All Synced'], 26],
};

async function run(persona: string) {
  const started = await startSandbox();
  const humanId = await started.invite('POL-1', `${persona}+7@example.org`);
  await started.advance(5 * DAY_MS);
  return { ...started, humanId, notices: toNotices(started.receiver.received) };
}

describe('a persona', () => {
  it.each(PERSONAS.map(({ name }) => name))('%s runs its script to the end', async (name) => {
    const { notices } = await run(name);
    const statuses = notices.filter(({ property }) => property === 'status').map(({ value }) => value);
    expect([statuses, notices.length - statuses.length]).toEqual(NOTIFIED[name]);
    expect(new Set(notices.map(({ updatedAt }) => updatedAt)).size).toBe(notices.length);
  });

  it('sends updates of a report under its id: several before the end, updates after it', async () => {
    for (const [persona, last] of [
      ['several', 'status'],
      ['updates', undefined],
    ]) {
      const { notices } = await run(persona ?? '');
      const update = notices.find(({ action }) => action === 'updated');
      const actions = notices.filter(({ objectId }) => objectId && objectId === update?.['objectId']);
      expect(actions.map(({ type, action }) => [type, action])).toEqual([
        ['unity', 'created'],
        ['unity', 'updated'],
      ]);
      expect(notices.at(-1)?.['property']).toBe(last);
    }
  });

  it('reconnects delivers only after the second connection', async () => {
    const { notified } = await run('reconnects');
    expect(notified().slice(2)).toEqual(['Disconnected', 'Syncing', 'unity', 'ccdraw', 'All Synced']);
  });

  it('bounces never gets an access token', async () => {
    const { mintAccess } = await run('bounces');
    expect((await mintAccess('POL-1')).status).toBe(403);
  });

  it('never-existed is unknown after the invitation', async () => {
    const { humanId, users } = await run('never-existed');
    expect((await users('GET', `/${humanId}`)).body).toEqual(generalError(404));
    expect((await users('GET', '?clientUserId=POL-1')).body).toEqual([]);
  });

  it.each([
    ['eager', 'eager'],
    ['Partial', 'partial'],
    ['pharmacy+2', 'pharmacy'],
    ['attention-17', 'attention'],
    ['several42', 'several'],
    ['never-existed-3', 'never-existed'],
    ['silently', undefined],
    ['silent.running', undefined],
    ['never', undefined],
    ['constructor', undefined],
  ])('of the address %s@example.org is %s', (name, persona) => {
    expect(personaForEmail(`${name}@example.org`)?.name).toBe(persona);
  });
});
