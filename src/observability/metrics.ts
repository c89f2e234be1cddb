import { collectDefaultMetrics, Registry } from 'prom-client';

/** A registry with Node's own metrics (event loop lag, memory) and `process` as a label of all metrics. */
export function createRegistry(processName: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ process: processName });
  collectDefaultMetrics({ register: registry });
  return registry;
}
