import { writeFile } from 'node:fs/promises';
import { StoreUnavailable } from '../../src/report-store/errors';
import { readSystem } from '../../src/use-cases/system';
import type { CheckView } from '../../src/use-cases/views';
import { useCleanup } from '../support/cleanup';
import { until } from '../support/condition';
import { FakeUpstream } from '../support/fake-upstream';
import { useFolders } from '../support/folders';
import { useTemporalServer } from '../support/temporal-server';
import { startWorkers } from '../support/workers';
import { failingClient, startRun, useCaseDeps } from './deps';

const cleanup = useCleanup();
const server = useTemporalServer();
const makeFolder = useFolders();

const byName = (checks: readonly CheckView[]) => Object.fromEntries(checks.map(({ check, ...rest }) => [check, rest]));

test('shows each task queue with its workers, and the action for a missing one', async () => {
  const { client, address } = server();
  const auditFolder = await makeFolder();
  const { deps, store } = useCaseDeps(client, { auditFolder, spoolFolder: await makeFolder() });
  const run = await startRun(deps, '1');
  const idle = await until('the backlog', async () => {
    const view = await readSystem(deps);
    return view.workers[0]?.backlog === 1 && view;
  });
  expect(idle.version).toMatch(/^\d+\.\d+\.\d+/);
  const queues = ['queue', 'queue-upstream', 'queue-downloads', 'queue-batch', 'queue-lookups'];
  expect(idle.workers).toEqual(queues.map((queue, index) => ({ queue, pollers: 0, backlog: index === 0 ? 1 : 0 })));
  expect(byName(idle.checks)).toMatchObject({
    temporal: { ok: true, action: null },
    'search-attributes': { ok: true },
    workers: { ok: false, text: expect.stringContaining(queues.join(', ')), action: expect.stringContaining('worker') },
    upstream: { ok: null },
    store: { ok: true },
    audit: { ok: true },
    spool: { ok: true, text: 'the spool has 0 files, 0 bytes' },
  });
  await run.terminate();
  const upstream = new FakeUpstream();
  cleanup(await startWorkers({ address, client, taskQueue: 'queue', upstream, reportStore: store }));
  const busy = await until('workers of all queues', async () => {
    const view = await readSystem(deps);
    return byName(view.checks)['workers']?.ok && view;
  });
  expect(busy.workers.every(({ pollers }) => pollers > 0)).toBe(true);
});

test('outages of Temporal, store, audit log and spool show as checks', async () => {
  const file = await makeFolder('file');
  await writeFile(file, '');
  const { deps, store } = useCaseDeps(failingClient(server().client), { auditFolder: `${file}/audit` });
  store.check = () => Promise.reject(new StoreUnavailable('EROFS', 'write'));
  const { checks, workers } = await readSystem(deps);
  expect(workers).toEqual([]);
  expect(byName(checks)).toMatchObject({
    temporal: { ok: false, action: expect.stringContaining('TEMPORAL_ADDRESS') },
    workers: { ok: null },
    store: { ok: false, text: 'the report store failed (EROFS at write)' },
    audit: { ok: false, text: expect.stringContaining('ENOTDIR'), action: expect.stringContaining('AUDIT_LOG') },
    spool: { ok: null },
  });
});
