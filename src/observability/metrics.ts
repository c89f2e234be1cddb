import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** A registry with Node's own metrics (event loop lag, memory) and `process` as a label of all metrics. */
export function createRegistry(processName: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ process: processName });
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** A gauge whose value each scrape reads. */
export function createGauge(registry: Registry, name: string, help: string, read: () => number | Promise<number>) {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      this.set(await read());
    },
  });
}
