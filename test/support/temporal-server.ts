import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { tryPort } from '../../src/dev/ports';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/contract';
import { spawnCommand } from './command';
import { until } from './condition';

/** A Temporal dev server on the loopback interface. */
export interface TemporalServer {
  readonly address: string;
  readonly namespace: string;
  /** For tests that kill or freeze the server. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** How the command of the server spells the types. */
const CLI_TYPES = { KEYWORD: 'Keyword', DATETIME: 'Datetime', KEYWORD_LIST: 'KeywordList', INT: 'Int' } as const;
/** The search attributes of applicants. */
const APPLICANTS_ATTRIBUTES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, CLI_TYPES[type]]),
);

/** The server deletes a closed run once its queues have acknowledged it, by default every 30 s. */
export const DELETES_SOON: readonly string[] = ['transfer', 'visibility', 'timer'].flatMap((queue) => [
  '--dynamic-config-value',
  `history.${queue}ProcessorUpdateAckInterval="200ms"`,
]);

/** A start takes one second on an idle machine and several on a busy one. */
const START_TIMEOUT_MS = 25_000;
/** After this time the server is killed. */
const STOP_TIMEOUT_MS = 5_000;

/** 11000 to 30999: Linux serves port 0 from 32768 on, and fetch blocks no port of this range. */
const PORTS_FROM = 11_000;
const PORTS_A_WORKER = 2_500;
const WORKERS = 8;
const usedPorts = new Set<number>();

/**
 * Starts the dev server (the CLI named by `TEMPORAL_CLI_PATH`) on a free port, in memory unless `dbFile` is given, and resolves when it serves.
 * `searchAttributes` are registered by name: `{HumanId: 'Keyword'}`. `port` starts the server on the port of a previous one.
 */
export async function startTemporalServer(
  options: {
    readonly searchAttributes?: Readonly<Record<string, string>>;
    readonly dbFile?: string;
    readonly port?: number;
    readonly extraArgs?: readonly string[];
  } = {},
): Promise<TemporalServer> {
  const cli = process.env['TEMPORAL_CLI_PATH'];
  if (cli === undefined) throw new Error('expected TEMPORAL_CLI_PATH to name the Temporal CLI; `npm test` sets it');
  const port = options.port ?? (await freePort());
  const command = spawnCommand(
    [
      cli,
      ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'error'],
      ...(options.dbFile === undefined ? [] : ['--db-filename', options.dbFile, '--sqlite-pragma', 'journal_mode=wal']),
      ...Object.entries(options.searchAttributes ?? {}).flatMap(([name, type]) => [
        '--search-attribute',
        `${name}=${type}`,
      ]),
      ...(options.extraArgs ?? []),
    ],
    { stdio: 'ignore' },
  );
  const address = `127.0.0.1:${port}`;
  const stop = async () => void (await command.stop('SIGTERM', STOP_TIMEOUT_MS));
  try {
    await until('a Temporal dev server', () => command.hasExited() || isServing(address), START_TIMEOUT_MS);
    if (command.hasExited())
      throw new Error(`expected the Temporal dev server to run, it exited with status ${await command.exited}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, namespace: 'default', pid: command.pid, stop };
}

/** One server for the tests of a file or group, with the search attributes of applicants, and a client of it, with this `dataConverter`. */
export function useTemporalServer({
  dataConverter,
  ...options
}: Parameters<typeof startTemporalServer>[0] & { readonly dataConverter?: DataConverter | undefined } = {}) {
  let started: { server: TemporalServer; address: string; connection: Connection; client: Client } | undefined;
  beforeAll(async () => {
    const server = await startTemporalServer({ searchAttributes: APPLICANTS_ATTRIBUTES, ...options });
    const { address } = server;
    const connection = await Connection.connect({ address });
    const client = new Client({ connection, ...(dataConverter && { dataConverter }) });
    started = { server, address, connection, client };
  });
  afterAll(async () => {
    await started?.connection.close();
    await started?.server.stop();
  });
  return () => {
    if (!started) throw new Error('expected the server to be used within a test');
    return started;
  };
}

/** The server accepts connections before it has registered the namespace. */
async function isServing(address: string): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: 1_000 });
    await connection.workflowService.describeNamespace({ namespace: 'default' });
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}

/** Returns a free port. No other process takes it: it is below the range of port 0, and each jest worker has its own range. */
export async function freePort(): Promise<number> {
  const firstPort = PORTS_FROM + (Number(process.env['JEST_WORKER_ID'] ?? 0) % WORKERS) * PORTS_A_WORKER;
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * PORTS_A_WORKER);
    if (usedPorts.has(port)) continue;
    usedPorts.add(port);
    if ((await tryPort(port, '127.0.0.1')) !== null) return port;
  }
}
