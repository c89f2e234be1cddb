import { PERSONAS, personaForEmail } from '../../sandbox/personas/catalogue';
import { generalError, startSandbox } from './fixture';
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

/** The last statuses with which each outcome can come about; none: the person is gone. */
const LAST: Readonly<Record<string, readonly (string | undefined)[]>> = {
  collected: ['All Synced'],
  partial: ['Some Synced', 'Disconnected'],
  declined: ['Declined'],
  failed: ['Error'],
  expired: ['Invited'],
  cancelled: [undefined],
};

describe('the personas', () => {
  it.each(PERSONAS.map((persona) => [persona.name, persona] as const))(
    '%s lives its script to its end',
    async (name, { ends, steps }) => {
      const { invite, clock, clientToken, call, accessToken, sandbox, receiver } = await startSandbox();
      const humanId = await invite('POL-1', `${name}+7@example.org`);
      clock.advance(5 * DAY_MS);

      const token = await clientToken();
      const person = (await call('GET', `/admin/api/v1/users/${humanId}`, { token })).body as { status?: string };
      expect(LAST[ends.outcome]).toContainEqual(person.status);

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
      // A report that comes unannounced after the end counts here, not in what a collector must end with.
      const unannounced = steps.flatMap(({ happening }) =>
        happening.kind === 'reports' && happening.telling === 'none' ? happening.types : [],
      );
      const later = unannounced.flatMap((type) => WANTED[type] ?? []).length;
      expect([documents.length, providers.size]).toEqual([ends.documents + later, ends.providers]);

      await sandbox.close();
      const notices = noticesOf(receiver.received);
      const [statuses, reportNotices] = TOLD[name] ?? [];
      expect(notices.filter(({ property }) => property === 'status').map(({ value }) => value)).toEqual(statuses);
      expect(notices.filter(({ objectId }) => objectId)).toHaveLength(reportNotices ?? -1);
      // What comes behind the last status are newer versions only.
      const [late = []] = [notices.slice(notices.findLastIndex(({ property }) => property === 'status') + 1)];
      expect(late.map(({ action }) => action)).toEqual(Array(ends.laterDocuments > later ? 1 : 0).fill('updated'));
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

  it('keeps a disconnected person from delivering, until the provider is connected again', async () => {
    const { invite, clock, sandbox, receiver } = await startSandbox();
    await invite('POL-1', 'reconnects@example.org');
    clock.advance(DAY_MS);
    await sandbox.close();
    const told = noticesOf(receiver.received).map(({ value, type }) => value ?? type);
    expect(told.slice(2)).toEqual(['Disconnected', 'Syncing', 'unity', 'ccdraw', 'All Synced']);
  });

  it('bounces without ever having been reached: no access is to be had', async () => {
    const { invite, clock, mintAccess } = await startSandbox();
    await invite('POL-1', 'bounces@example.org');
    clock.advance(DAY_MS);
    expect((await mintAccess('POL-1')).status).toBe(403);
  });

  it('never existed, although the invitation was answered', async () => {
    const { invite, call, clientToken, receiver, sandbox } = await startSandbox();
    const humanId = await invite('POL-1', 'never-existed@example.org');
    const token = await clientToken();
    expect((await call('GET', `/admin/api/v1/users/${humanId}`, { token })).body).toEqual(generalError(404));
    expect((await call('GET', '/admin/api/v1/users?clientUserId=POL-1', { token })).body).toEqual([]);
    await sandbox.close();
    expect(receiver.received).toEqual([]);
  });

  it('serves the huge record page by page, with the length that it said', async () => {
    const { invite, call, clock, accessToken } = await startSandbox();
    await invite('POL-1', 'huge@example.org', { firstName: 'Łena', lastName: '(Öz' });
    clock.advance(DAY_MS);
    const token = await accessToken('POL-1');
    const reports = (await call('GET', '/data/v1/human/medical/reports', { token })).body as {
      [key: string]: string;
    }[];
    const record = reports.find(({ name }) => name === 'ccdraw');
    const path = `/data/v1/human/medical/reports/${record?.['id']}/raw?format=pdf`;
    const { bytes, headers } = await call('GET', path, { token });
    expect(headers.get('content-length')).toBe(String(bytes.length));
    expect(bytes.length).toBeGreaterThan(60_000_000);
    expect(bytes.length).toBeLessThan(62_000_000);
    // Every entry of its table of objects points at one, and the cover is readable.
    const text = bytes.toString('latin1');
    const [, startxref] = /startxref\n(\d+)\n%%EOF\n$/.exec(text.slice(-64)) ?? [];
    const table = text.slice(Number(startxref));
    const offsets = Array.from(table.matchAll(/^(\d{10}) 00000 n $/gm), ([, offset]) => Number(offset));
    expect(table.startsWith(`xref\n0 ${offsets.length + 1}\n`)).toBe(true);
    for (const [index, offset] of offsets.entries())
      expect(text.slice(offset, offset + 12)).toContain(`${index + 1} 0 obj\n`);
    expect(text).toContain('(Patient: ?ena \\(\xd6z, born not given)');
    expect(text.slice(0, 2_000)).toContain('/Count 61');
    expect((await call('GET', path, { token })).bytes.equals(bytes)).toBe(true);
  });

  it.each([
    ['eager@example.org', 'eager'],
    ['declines@example.org', 'declines'],
    ['Partial@Example.org', 'partial'],
    ['pharmacy+2@example.org', 'pharmacy'],
    ['attention-17@example.org', 'attention'],
    ['several42@example.org', 'several'],
    ['broken-a+b@example.org', 'broken'],
    ['never-existed@example.org', 'never-existed'],
    ['never-existed-3@example.org', 'never-existed'],
    ['silently@example.org', undefined],
    ['silent.running@example.org', undefined],
    ['never@example.org', undefined],
    ['max.example@example.org', undefined],
    ['constructor@example.org', undefined],
  ])('%s asks for %s', (email, name) => {
    expect(personaForEmail(email)?.name).toBe(name);
  });
});
