import { createUseCases } from '../../src/use-cases/create-use-cases';
import { useFolders } from '../support/folders';
import { useTemporalServer } from '../support/temporal-server';
import { useCaseDeps } from '../use-cases/deps';
import { startApi } from './api-fixture';

const newFolder = useFolders();
const temporalServer = useTemporalServer();

test('without a worker, the answers of the real use cases fit the OpenAPI file', async () => {
  const { client } = temporalServer();
  const { deps } = useCaseDeps(client, { auditFolder: await newFolder(), taskQueue: 'no-worker' });
  const api = await startApi({ useCases: createUseCases(deps) });
  const path = '/api/v1/applicants';
  const get = async (of: string, role: Parameters<typeof api.call>[2]) => (await api.call('GET', of, role)).status;
  try {
    const body = { clientUserId: 'POL-1', clientUserEmail: 'max@example.org', authorizationReference: 'AUTH-1' };
    const start = (change = {}) => api.call('POST', path, { role: 'intake', body: { ...body, ...change } });
    expect([(await start()).status, (await start()).status]).toEqual([201, 200]);
    expect((await start({ firstName: 'Max' })).json).toMatchObject({ status: 409, differs: ['firstName'] });
    expect((await start({ again: true })).json).toMatchObject({ type: '/problems/precondition-required' });

    const shown = await api.call('GET', `${path}/POL-1`, { role: 'read' });
    expect(shown.json).toMatchObject({ open: true, degraded: ['no-worker'], authorizationReference: 'AUTH-1' });
    const etag = shown.headers['etag'] ?? '';
    expect(await get(`${path}/POL-1`, { role: 'read', headers: { 'if-none-match': etag } })).toBe(304);
    expect(await get(`${path}?prefix=POL&open=true&limit=1`, { role: 'read' })).toBe(200);
    expect(await get(`${path}?cursor=zzz`, { role: 'read' })).toBe(400);
    expect(await get(`${path}/POL-1/details`, { role: 'contact' })).toBe(200);
    expect(await get(`${path}/POL-1/invitation`, { role: 'contact' })).toBe(503);
    expect(await get(`${path}/POL-1/timeline`, { role: 'read' })).toBe(503);
    expect(await get(`${path}/POL-1/documents`, { role: 'records' })).toBe(200);
    for (const name of ['summary', 'attention']) expect(await get(`/api/v1/${name}`, { role: 'read' })).toBe(200);
    expect(await get('/api/v1/system', { role: 'operate' })).toBe(200);
    expect(await get('/api/v1/audit?clientUserId=POL-1', { role: 'audit' })).toBe(200);

    const act = (action: string, of: unknown, method = 'POST') =>
      api.call(method, `${path}/POL-1/${action}`, { role: 'operate', body: of });
    expect((await act('deadline', { at: '2020-01-01T00:00:00Z' }, 'PUT')).json).toMatchObject({ status: 422 });
    expect((await act('retry', {})).json).toMatchObject({ status: 409, why: 'no-call-waits' });
    expect((await act('withdraw', { reasonCode: 'other' })).json).toMatchObject({ status: 409, why: 'open' });
    expect((await act('check-now', {})).json).toMatchObject({ status: 409, why: 'inviting' });
    expect((await act('cancel', { reasonCode: 'other' })).status).toBe(202);
    expect(await get(`${path}/POL-2`, { role: 'read' })).toBe(404);
  } finally {
    await api.close();
  }
});
