import { PERSONAS, personaOf } from '../../sandbox/personas/catalogue';
import { startSandbox } from './fixture';
import { noticesOf } from './receiver';

const DAY_MS = 86_400_000;
const WANTED: Readonly<Record<string, readonly string[]>> = { unity: ['json', 'pdf'], ccdraw: ['pdf'] };

/** What each story looks like from outside: the statuses in their order, and how many report notices come. */
const TOLD: Readonly<Record<string, readonly [statuses: readonly string[], reportNotices: number]>> = {
  eager: [['Engaged', 'Syncing', 'All Synced'], 2],
  declines: [['Engaged', 'Declined'], 0],
  silent: [[], 0],
  partial: [['Engaged', 'Syncing', 'Some Synced'], 2],
  pharmacy: [['Engaged', 'Syncing', 'All Synced'], 1],
  attention: [['Engaged', 'Attn Required', 'Syncing', 'All Synced'], 2],
  broken: [['Engaged', 'Syncing', 'Error'], 0],
  several: [['Engaged', 'Syncing', 'All Synced'], 11],
};

/** The last status with which each outcome can come about. */
const LAST: Readonly<Record<string, string>> = {
  collected: 'All Synced',
  partial: 'Some Synced',
  declined: 'Declined',
  failed: 'Error',
  expired: 'Invited',
};

describe('the personas', () => {
  it.each(PERSONAS.map((persona) => [persona.name, persona] as const))(
    '%s lives its script to its end',
    async (name, { ends, steps }) => {
      const { invite, clock, clientToken, call, accessToken, sandbox, receiver } = await startSandbox();
      const humanId = await invite('POL-1', `${name}+7@example.org`);
      clock.advance(DAY_MS - 1);

      const token = await clientToken();
      const person = (await call('GET', `/admin/api/v1/users/${humanId}`, { token })).body as { status: string };
      expect(person.status).toBe(LAST[ends.outcome]);

      const documents: string[] = [];
      const providers = new Set<string>();
      if (steps.some(({ happening }) => happening.kind === 'status' && happening.value === 'Syncing')) {
        const access = await accessToken('POL-1');
        const { body } = await call('GET', '/data/v1/human/medical/reports', { token: access });
        for (const report of body as { id: string; name: string; organization?: { id: string } }[]) {
          if (report.organization) providers.add(report.organization.id);
          for (const format of WANTED[report.name] ?? []) {
            const path = `/data/v1/human/medical/reports/${report.id}/raw?format=${format}`;
            expect((await call('GET', path, { token: access })).status).toBe(200);
            documents.push(path);
          }
        }
      }
      expect([documents.length, providers.size]).toEqual([ends.documents, ends.providers]);

      await sandbox.close();
      const notices = noticesOf(receiver.received);
      const [statuses, reportNotices] = TOLD[name] ?? [];
      expect(notices.filter(({ property }) => property === 'status').map(({ value }) => value)).toEqual(statuses);
      expect(notices.filter(({ objectId }) => objectId)).toHaveLength(reportNotices ?? -1);
      expect(notices.at(-1)?.['value']).toBe(statuses?.at(-1));
      expect(new Set(notices.map(({ updatedAt }) => updatedAt)).size).toBe(notices.length);
    },
  );

  it('updates one report of several before everything is synced', async () => {
    const { invite, clock, sandbox, receiver } = await startSandbox();
    await invite('POL-1', 'several@example.org');
    clock.advance(DAY_MS);
    await sandbox.close();
    const notices = noticesOf(receiver.received);
    const update = notices.find(({ action }) => action === 'updated');
    expect(notices.filter(({ objectId }) => objectId === update?.['objectId']).map(({ action }) => action)).toEqual([
      'created',
      'updated',
    ]);
    expect(update?.['type']).toBe('unity');
  });

  it.each([
    ['eager@example.org', 'eager'],
    ['declines@example.org', 'declines'],
    ['Partial@Example.org', 'partial'],
    ['pharmacy+2@example.org', 'pharmacy'],
    ['attention-17@example.org', 'attention'],
    ['several42@example.org', 'several'],
    ['broken-a+b@example.org', 'broken'],
    ['silently@example.org', 'eager'],
    ['silent.running@example.org', 'eager'],
    ['max.example@example.org', 'eager'],
    ['constructor@example.org', 'eager'],
  ])('%s lives as %s', (email, name) => {
    expect(personaOf(email).name).toBe(name);
  });
});
