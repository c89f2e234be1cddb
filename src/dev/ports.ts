import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Chooses a port for each name: the wanted one if it is free, otherwise (and for 0) any free one. If another program takes it before the process
 * listens, the process reports that.
 */
export async function choosePorts<N extends string>(wanted: Readonly<Record<N, number>>): Promise<Record<N, number>> {
  const ports = {} as Record<N, number>;
  const used = new Set<number>();
  for (const name of Object.keys(wanted) as N[]) {
    let port = used.has(wanted[name]) ? null : await tryPort(wanted[name], '127.0.0.1');
    while (port === null || used.has(port)) port = await tryPort(0, '127.0.0.1');
    used.add(port);
    ports[name] = port;
  }
  return ports;
}

/** The metrics port of a process: METRICS_PORT, or one or two higher. 0 if METRICS_PORT is missing or 0, which means any free port. */
export function metricsPort(first: number | null, index: number): number {
  return first ? first + index : 0;
}

/** The port if it is free, otherwise null. 0: any free port. */
export async function tryPort(port: number, host: string): Promise<number | null> {
  const probe = createServer();
  try {
    probe.listen(port, host);
    await once(probe, 'listening');
    const address = probe.address();
    return address !== null && typeof address === 'object' ? address.port : null;
  } catch (error) {
    // EACCES: the port needs privileges.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES') return null;
    throw error;
  } finally {
    await new Promise((resolve) => probe.close(resolve));
  }
}
