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
  const { trap, api, upstream, onlyUpstream } = await setup(startPlantingUpstream);
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
