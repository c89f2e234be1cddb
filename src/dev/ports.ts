import { once } from 'node:events';
import { createServer } from 'node:net';

/** Where a process is to listen; `wanted` is the number it would have had, were it free. */
export interface Port {
  readonly number: number;
  readonly wanted: number;
}

/** For each name its wanted port on `host` if it is free, else one that the system gives. Somebody may take a port before its process does: then that process says so. */
export async function choosePorts<N extends string>(
  wanted: Readonly<Record<N, number>>,
  host = '127.0.0.1',
): Promise<Record<N, Port>> {
  const chosen = {} as Record<N, Port>;
  const taken = new Set<number>();
  for (const name of Object.keys(wanted) as N[]) {
    let number = taken.has(wanted[name]) ? null : await tryPort(wanted[name], host);
    while (number === null || taken.has(number)) number = await tryPort(0, host);
    taken.add(number);
    chosen[name] = { number, wanted: wanted[name] };
  }
  return chosen;
}

/** The port (for 0 a free one) if it can be listened on, else null. */
export async function tryPort(port: number, host: string): Promise<number | null> {
  const probe = createServer();
  try {
    probe.listen(port, host);
    await once(probe, 'listening');
    const address = probe.address();
    return address !== null && typeof address === 'object' ? address.port : null;
  } catch (error) {
    // Ports that need rights are not free for us either.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES') return null;
    throw error;
  } finally {
    await new Promise((resolve) => probe.close(resolve));
  }
}
