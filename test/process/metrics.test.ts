import { Counter } from 'prom-client';
import { createRegistry } from '../../src/observability/metrics';
import { serveMetrics } from '../../src/process/metrics-server';
import { announceReady } from '../../src/process/run-process';

async function setup(ready: () => boolean = () => true) {
  const registry = createRegistry('webhook');
  new Counter({ name: 'chartway_test_total', help: 'x', registers: [registry] }).inc();
  const served = await serveMetrics({ host: '127.0.0.1', port: 0, registry, ready });
  return { served, get: (path: string, init?: RequestInit) => fetch(`${served.address}${path}`, init) };
}

describe('the metrics port', () => {
  test('serves health, readiness and metrics with the process as a label', async () => {
    let ready = false;
    const { served, get } = await setup(() => ready);
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(503);
    ready = true;
    expect((await get('/readyz')).status).toBe(200);
    const metrics = await get('/metrics');
    expect(metrics.headers.get('content-type')).toContain('text/plain');
    expect(await metrics.text()).toContain('chartway_test_total{process="webhook"} 1');
    await served.close();
  });

  test('serves nothing else', async () => {
    const { served, get } = await setup();
    expect((await get('/')).status).toBe(404);
    expect((await get('/metrics', { method: 'POST' })).status).toBe(405);
    await served.close();
  });

  test('is not opened without a configured port', async () => {
    const served = await serveMetrics({
      host: '127.0.0.1',
      port: null,
      registry: createRegistry('x'),
      ready: () => true,
    });
    expect(served.address).toBeNull();
    await served.close();
  });

  test('reports a port in use', async () => {
    const { served } = await setup();
    const port = Number(new URL(served.address ?? '').port);
    const again = serveMetrics({ host: '127.0.0.1', port, registry: createRegistry('x'), ready: () => true });
    await expect(again).rejects.toMatchObject({ kind: 'cannot-listen', cause: { code: 'EADDRINUSE' } });
    await served.close();
  });
});

test('announces readiness in one JSON line', () => {
  const written: string[] = [];
  announceReady('webhook', ['http://127.0.0.1:3001', null], { write: (text) => written.push(String(text)) > 0 });
  expect(written).toEqual(['{"event":"ready","process":"webhook","addresses":["http://127.0.0.1:3001"]}\n']);
});
