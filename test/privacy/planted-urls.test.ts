import { request } from 'undici';
import { parseNotices } from '../../src/human-api/notifications';
import { createUsersUpstream } from '../../src/human-api/users/adapter';
import { UpstreamError } from '../../src/upstream/errors';
import { useCleanup } from '../support/cleanup';
import { startPlantingUpstream, TRAVERSALS } from './planting-upstream';
import { startRawUpstream } from './raw-upstream';
import { startTrap } from './trap';

const cleanUp = useCleanup();

async function setup<Upstream extends { port: number; close(): Promise<void> }>(
  start: (trap: string) => Promise<Upstream>,
) {
  const trap = await startTrap();
  cleanUp(trap.close);
  const upstream = await start(trap.url);
  cleanUp(upstream.close);
  const base = `http://127.0.0.1:${upstream.port}`;
  const settings = { clientId: 'c', clientSecret: 's', timeoutMs: 5_000 };
  const api = createUsersUpstream({ ...settings, authUrl: base, adminUrl: base, dataUrl: base });
  cleanUp(() => api.close());
  const onlyUpstream = {
    connections: 0,
    origins: [`127.0.0.1:${upstream.port}`],
    ports: [`127.0.0.1:${upstream.port}`],
    names: [],
  };
  return { trap, upstream, api, onlyUpstream };
}

test('the client calls no URL and looks up no host name from a body or a header of an answer', async () => {
  const { trap, api, upstream, onlyUpstream } = await setup((url) => startPlantingUpstream(url, { redirects: true }));
  const { subjectId: humanId } = await api.invite({ clientUserId: 'POL-1', clientUserEmail: 'max@example.org' });
  await api.findPeople({ clientUserId: 'POL-1' });
  await api.readStatus(humanId);
  for (const { id } of await api.listReports('POL-1')) {
    const body = await api.openReport('POL-1', id, 'pdf').catch((error: unknown) => {
      if (error instanceof UpstreamError) return null;
      throw error;
    });
    await body?.discard();
  }
  await api.withdraw(humanId);
  expect(trap.seen()).toEqual(onlyUpstream);
  expect(upstream.requests.length).toBeGreaterThan(TRAVERSALS.length);
});

test.each([300, 301, 302, 303, 305, 307, 308])(
  'a %d is an error, and the client does not follow it',
  async (status) => {
    const { trap, upstream, api, onlyUpstream } = await setup(() => startRawUpstream('token'));
    for (const location of [trap.url, `//${new URL(trap.url).host}/x`, 'http://trap.invalid/x']) {
      upstream.answer(
        Buffer.from(
          `HTTP/1.1 ${status} Moved\r\nConnection: close\r\nContent-Length: 0\r\nLocation: ${location}\r\n\r\n`,
        ),
      );
      await expect(api.findPeople({ clientUserId: 'POL-1' })).rejects.toMatchObject({ kind: 'unavailable' });
      await expect(api.openReport('POL-1', 'r1', 'pdf')).rejects.toMatchObject({ kind: 'unavailable' });
      await expect(api.withdraw('h')).rejects.toMatchObject({ kind: 'unavailable' });
    }
    expect(trap.seen()).toEqual(onlyUpstream);
  },
);

test('the parser drops each URL of a notice', () => {
  const trap = 'http://trap.invalid/v1/human/medical/reports';
  const report = { endpoint: trap, humanId: 'h', objectId: 'r', type: 'unity', href: trap, inviteLink: trap };
  const parsed = parseNotices(
    Buffer.from(JSON.stringify([report, { ...report, property: 'status', value: 'x', clientUserId: 'POL-1' }])),
  );
  expect(JSON.stringify(parsed)).toContain('"kind":"report"');
  expect(JSON.stringify(parsed)).not.toContain('trap');
});

test('the trap detects a call', async () => {
  const trap = await startTrap();
  cleanUp(trap.close);
  await request(`${trap.url}/x`).catch(() => undefined);
  await request('http://localhost:1/x').catch(() => undefined);
  const { connections, origins, names } = trap.seen();
  expect({ connections: connections > 0, origins: origins.length, names }).toEqual({
    connections: true,
    origins: 2,
    names: ['localhost'],
  });
});

test('any id is one segment of a path, and an id that cannot be one is not sent', async () => {
  const { upstream, api } = await setup(() => startRawUpstream('token'));
  upstream.answer(Buffer.from('HTTP/1.1 500 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'));
  for (const id of TRAVERSALS) await api.openReport('POL-1', id, 'pdf').catch(() => undefined);
  const paths = upstream.requests.filter((line) => line.startsWith('GET '));
  expect(paths).toHaveLength(TRAVERSALS.length);
  for (const [at, line] of paths.entries()) {
    const [, id] =
      /^GET \/v1\/human\/medical\/reports\/([A-Za-z0-9%._~!'()*-]+)\/raw\?format=pdf HTTP\/1\.1$/.exec(line) ?? [];
    expect(decodeURIComponent(id ?? '')).toBe(TRAVERSALS[at]);
  }
  for (const id of ['', '.', '..', '\ud800']) {
    await expect(api.withdraw(id)).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(api.readStatus(id)).rejects.toMatchObject({ kind: 'unavailable' });
  }
  expect(upstream.requests.filter((line) => line.includes('/users'))).toEqual([]);
});

test.each(['../admin', 'a/b', 'a b', 'x\u0000', 'é', '%2e%2e', 'a'.repeat(101), '', 7, null, ['h'], { h: 1 }])(
  'a humanId %j of an answer is rejected',
  async (humanId) => {
    const { upstream, api } = await setup(() => startRawUpstream('token'));
    const body = Buffer.from(JSON.stringify([{ humanId, clientUserId: 'POL-1', status: 'Invited' }]));
    upstream.answer(
      Buffer.concat([
        Buffer.from(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`),
        body,
      ]),
    );
    await expect(api.findPeople({ clientUserId: 'POL-1' })).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(api.invite({ clientUserId: 'POL-1', clientUserEmail: 'x@example.org' })).rejects.toMatchObject({
      kind: 'unavailable',
    });
  },
);
