import { collectDefaultMetrics, Registry } from 'prom-client';

/** A registry of its own per process, with Node's own figures (event loop lag, memory) in it and `process` as a label on all. */
export function createRegistry(processName: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ process: processName });
  collectDefaultMetrics({ register: registry });
  return registry;
}
